/**
 * The settings of a node: one table (`config-table.ts`) from which the type, the validation, the
 * names in the environment, the sample file and docs/reference/config.md derive. A setting exists
 * only if two operators need different values; what all nodes must agree on is in the chain's
 * parameters.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '@daybook/core';
import { readEnvironment } from './config-environment.ts';
import type { SettingRow } from './config-table.ts';
import { SETTINGS } from './config-table.ts';
import { checkValue } from './config-values.ts';
import type { ConfigFault, RawSetting } from './config-yaml.ts';
import { readYaml, suggest } from './config-yaml.ts';
import { NODE_ERRORS } from './errors.ts';

type ValueOf<R> = R extends { type: 'choice'; of: readonly (infer C)[] }
  ? C
  : R extends { type: 'integer' | 'size' }
    ? number
    : R extends { type: 'list' }
      ? readonly string[]
      : R extends { default: string }
        ? string
        : string | undefined;

type Table = typeof SETTINGS;

/** Settings as the node uses them: complete, checked, absolute paths, frozen. */
export type Settings = {
  readonly [S in keyof Table]: { readonly [K in keyof Table[S]]: ValueOf<Table[S][K]> };
};

export type { SettingRow, SettingType } from './config-table.ts';
export { SETTINGS } from './config-table.ts';
export type { ConfigFault } from './config-yaml.ts';

/** The configuration cannot be used; `faults` names each place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'NODE_CONFIG_UNREADABLE' | 'NODE_CONFIG_INVALID';
  readonly faults: readonly ConfigFault[];

  constructor(
    code: ConfigError['code'],
    details: { readonly faults: readonly ConfigFault[]; readonly cause?: unknown },
  ) {
    const lines = details.faults.map(explainFault);
    super([NODE_ERRORS[code].summary, ...lines, NODE_ERRORS[code].remedy].join('\n'), {
      cause: details.cause,
    });
    this.code = code;
    this.faults = details.faults;
  }
}

/** `file:line:column: setting: expected this, found that`. */
export function explainFault(fault: ConfigFault): string {
  const found = fault.found === undefined ? '' : `, found ${fault.found}`;
  const hint = fault.hint === undefined ? '' : ` (${fault.hint})`;
  const setting = fault.setting === '' ? '' : `${fault.setting}: `;
  return `${fault.place}: ${setting}${fault.expected}${found}${hint}`;
}

/** All rows with their dotted names, in table order. */
export function settingRows(): readonly (readonly [name: string, row: SettingRow])[] {
  return Object.entries(SETTINGS).flatMap(([section, rows]) =>
    Object.entries<SettingRow>(rows).map(([key, row]) => [`${section}.${key}`, row] as const),
  );
}

const FILE_BYTES_MAX = 1024 * 1024;

/**
 * Reads and checks the settings of a node.
 * @param file  path of the YAML file; relative paths in it count from its directory
 * @param env   variables `DAYBOOK_<SECTION>_<SETTING>` override the file
 * @throws ConfigError with every fault and its line
 */
export function loadSettings(
  file: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const text = readText(file);
  return parseSettings(text, { file, env });
}

/** `loadSettings` on text that was read already. @throws ConfigError */
export function parseSettings(
  text: string,
  source: { readonly file: string; readonly env: Readonly<Record<string, string | undefined>> },
): Settings {
  const rows = new Map(settingRows());
  const yaml = readYaml(text, source.file);
  const overrides = readEnvironment(source.env, rows);
  const faults = [...yaml.faults, ...overrides.faults];
  const given = new Map([...yaml.settings, ...overrides.settings].map((raw) => [raw.name, raw]));

  const values = new Map<string, string | number | readonly string[] | undefined>();
  for (const raw of given.values()) {
    if (rows.has(raw.name)) continue;
    faults.push(unknownSetting(raw, [...rows.keys()]));
  }
  const base = path.dirname(path.resolve(source.file));
  for (const [name, row] of rows) {
    const raw = given.get(name);
    const checked = raw === undefined ? { value: row.default } : checkValue(row, raw, base);
    if ('fault' in checked) faults.push(checked.fault);
    else values.set(name, checked.value);
  }
  if (faults.length === 0) faults.push(...relationFaults(values, given, source.file));
  if (faults.length > 0) throw new ConfigError('NODE_CONFIG_INVALID', { faults });
  return assemble(values);
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= FILE_BYTES_MAX) {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const fault = { place: file, setting: '', expected: `cannot be read: ${reason}` };
    throw new ConfigError('NODE_CONFIG_UNREADABLE', { faults: [fault], cause });
  }
  const fault = { place: file, setting: '', expected: `at most ${FILE_BYTES_MAX} bytes` };
  throw new ConfigError('NODE_CONFIG_UNREADABLE', { faults: [fault] });
}

function unknownSetting(raw: RawSetting, names: readonly string[]): ConfigFault {
  const near = suggest(raw.name, names);
  return {
    place: raw.place,
    setting: raw.name,
    expected: 'there is no such setting',
    ...(near !== undefined && { hint: `did you mean ${near}?` }),
  };
}

type Values = ReadonlyMap<string, string | number | readonly string[] | undefined>;

/** What must hold between settings. */
function relationFaults(
  values: Values,
  given: ReadonlyMap<string, RawSetting>,
  file: string,
): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const fault = (setting: string, expected: string): void => {
    faults.push({ place: given.get(setting)?.place ?? file, setting, expected });
  };
  const distinct: readonly (readonly [string, string])[] = [
    ['keys.consensusFile', 'keys.peerFile'],
    ['keys.passphraseFile', 'keys.peerFile'],
    ['keys.passphraseFile', 'keys.consensusFile'],
    ['state.voteMirrorDirectory', 'node.dataDirectory'],
    ['signer.socket', 'signer.nextSocket'],
  ];
  for (const [name, other] of distinct) {
    const value = values.get(name);
    if (value !== undefined && value === values.get(other)) fault(name, `differs from ${other}`);
  }
  const ordered: readonly (readonly [string, string])[] = [
    ['disk.stopPercent', 'disk.resumePercent'],
    ['disk.resumePercent', 'disk.lowPercent'],
  ];
  for (const [name, above] of ordered) {
    if (Number(values.get(name)) >= Number(values.get(above))) fault(name, `is below ${above}`);
  }
  if (
    values.get('archive.keepBlocks') !== undefined &&
    values.get('archive.source') === undefined
  ) {
    fault(
      'archive.keepBlocks',
      'needs archive.source: what is removed here must be read elsewhere',
    );
  }
  const hasNote = values.get('sync.checkpointFile') !== undefined;
  const hasWitnesses = listOf(values, 'sync.witnesses').length > 0;
  if (hasWitnesses && !hasNote) fault('sync.witnesses', 'needs sync.checkpointFile');
  const port = values.get('api.port');
  const listen = values.get('network.listen');
  assert(typeof port === 'number' && Array.isArray(listen), 'both have been checked');
  if (port !== 0 && listen.some((address: string) => address.endsWith(`/tcp/${port}`))) {
    fault('api.port', 'is not a port of network.listen');
  }
  return faults;
}

function listOf(values: Values, name: string): readonly string[] {
  const value = values.get(name);
  return Array.isArray(value) ? value : [];
}

function assemble(values: Values): Settings {
  const sections: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [section, rows] of Object.entries(SETTINGS)) {
    const entries = Object.keys(rows).map((key) => {
      const value = values.get(`${section}.${key}`);
      return [key, Array.isArray(value) ? Object.freeze([...value]) : value];
    });
    sections[section] = Object.freeze(Object.fromEntries(entries));
  }
  // Every row was checked against its type above; the mapped type says the same.
  return Object.freeze(sections) as unknown as Settings;
}

/**
 * What a reload may take over.
 * @returns the new settings, with the old value of each that needs a restart, and their names
 */
export function mergeReload(
  before: Settings,
  after: Settings,
): { readonly settings: Settings; readonly needRestart: readonly string[] } {
  const values = new Map<string, string | number | readonly string[] | undefined>();
  const needRestart: string[] = [];
  for (const [name, row] of settingRows()) {
    const old = valueAt(before, name);
    const next = valueAt(after, name);
    const changed = JSON.stringify(old) !== JSON.stringify(next);
    if (changed && row.reload !== true) needRestart.push(name);
    values.set(name, row.reload === true ? next : old);
  }
  return { settings: assemble(values), needRestart };
}

/** The value of a setting by its dotted name. */
export function valueAt(
  settings: Settings,
  name: string,
): string | number | readonly string[] | undefined {
  const [section = '', key = ''] = name.split('.');
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = settings;
  return sections[section]?.[key] as string | number | readonly string[] | undefined;
}
