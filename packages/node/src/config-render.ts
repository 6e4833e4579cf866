/** The sample file and the reference page, rendered from the table of settings. Pure. */
import type { SettingRow } from './config.ts';
import { SETTINGS } from './config.ts';
import { variableOf } from './config-environment.ts';

const SECTION_WORDS: Readonly<Record<keyof typeof SETTINGS, string>> = {
  node: 'What this node keeps and which chain it belongs to.',
  keys: 'Keys of this node. Files must belong to the service user and be readable by it alone.',
  network: 'How nodes find one another.',
  api: 'The HTTP API for departments and the public.',
  mempool: 'Transactions that wait.',
  state: 'The state of the ledger.',
  archive: 'Where older blocks go, so that the disk of this node does not fill up with them.',
  sync: 'How an empty node joins, and what this one keeps for others that do.',
  disk: 'When a filling disk is warned of, and when it ends signing.',
  signer: 'The process that holds the validator key, if it is not the node itself.',
  readmodel: 'SQL tables over the records, for queries; off unless switched on.',
  log: 'What the node tells its operator.',
};

const COMMENT_COLUMNS = 96;

/** `config/daybookd.yaml`: every setting with its default, optional ones commented out. */
export function renderSampleConfig(): string {
  const lines = [
    '# Settings of a Daybook node (daybookd). Made from the table in packages/node/src/config.ts by',
    '# `npm run generate`. Everything stands at its default: delete what you do not change.',
    '# A variable DAYBOOK_<SECTION>_<SETTING> in the environment overrides a line of this file.',
  ];
  for (const [section, rows] of Object.entries(SETTINGS)) {
    lines.push('', `# ${SECTION_WORDS[section as keyof typeof SETTINGS]}`, `${section}:`);
    for (const [key, row] of Object.entries<SettingRow>(rows)) {
      lines.push(...wrap(`${row.help}${boundsOf(row)}`).map((line) => `  # ${line}`));
      lines.push(...sampleLines(key, row));
    }
  }
  return `${lines.join('\n')}\n`;
}

function sampleLines(key: string, row: SettingRow): readonly string[] {
  if (row.default === undefined) return [`  # ${key}: ${row.example ?? ''}`];
  if (typeof row.default === 'object') {
    if (row.default.length === 0) return [`  ${key}: []`];
    return [`  ${key}:`, ...row.default.map((item) => `    - ${item}`)];
  }
  return [`  ${key}: ${shown(row)}`];
}

function shown(row: SettingRow): string {
  if (row.type === 'size') return sizeWords(Number(row.default));
  return String(row.default);
}

const MIB = 1024 * 1024;

function sizeWords(bytes: number): string {
  if (bytes % (1024 * MIB) === 0) return `${bytes / (1024 * MIB)} GiB`;
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : String(bytes);
}

function boundsOf(row: SettingRow): string {
  if (row.of !== undefined) return ` One of: ${row.of.join(', ')}.`;
  if (row.type !== 'integer' && row.type !== 'size') return '';
  const { min = 0, max = 0, unit } = row;
  if (row.type === 'size') return ` ${sizeWords(min)} to ${sizeWords(max)}.`;
  return ` ${min} to ${max}${unit === undefined ? '' : ` ${unit}`}.`;
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > COMMENT_COLUMNS) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** `docs/reference/config.md`. */
export function renderConfigReference(): string {
  const lines = [
    '# Settings of a node',
    '',
    'Made from the table in `packages/node/src/config.ts`; do not edit. `daybookd --config FILE`',
    'reads one YAML file; unknown settings and values out of bounds are refused with their line.',
    'Environment variables override the file; lists are separated by commas there. Relative paths',
    'count from the directory of the file. Settings marked *reload* are taken over by `SIGHUP`.',
  ];
  for (const [section, rows] of Object.entries(SETTINGS)) {
    lines.push('', `## ${section}`, '', SECTION_WORDS[section as keyof typeof SETTINGS], '');
    lines.push('| setting | variable | default | allowed | what for |', '|--|--|--|--|--|');
    for (const [key, row] of Object.entries<SettingRow>(rows)) {
      lines.push(referenceRow(`${section}.${key}`, row));
    }
  }
  return `${lines.join('\n')}\n`;
}

function referenceRow(name: string, row: SettingRow): string {
  const reload = row.reload === true ? ' *reload*' : '';
  const cells = [
    `\`${name}\`${reload}`,
    `\`${variableOf(name)}\``,
    defaultWords(row),
    allowedWords(row),
    row.help,
  ];
  return `| ${cells.join(' | ')} |`;
}

function defaultWords(row: SettingRow): string {
  if (row.default === undefined) return 'none';
  if (typeof row.default !== 'object') return `\`${shown(row)}\``;
  return row.default.length === 0 ? 'empty' : row.default.map((item) => `\`${item}\``).join(', ');
}

function allowedWords(row: SettingRow): string {
  switch (row.type) {
    case 'choice':
      return (row.of ?? []).map((choice) => `\`${choice}\``).join(', ');
    case 'integer':
    case 'size':
      return boundsOf(row).trim().replace(/\.$/, '');
    case 'list':
      return `up to ${row.max}, each ${row.form?.words ?? 'text'}`;
    case 'text':
      return row.form?.words ?? 'text';
    case 'path':
      return 'a path';
  }
}
