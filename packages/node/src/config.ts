/**
 * The settings of a node: one table from which the type, the validation, the names in the
 * environment, the sample file and docs/reference/config.md derive. A setting exists only if two
 * operators need different values; what all nodes must agree on is in the chain's parameters.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { assert } from '@daybook/core';
import { readEnvironment } from './config-environment.ts';
import { checkValue } from './config-values.ts';
import type { ConfigFault, RawSetting } from './config-yaml.ts';
import { readYaml, suggest } from './config-yaml.ts';
import { NODE_ERRORS } from './errors.ts';
import { LOG_LEVELS } from './log.ts';

/** How a value is written and checked. */
export type SettingType = 'path' | 'text' | 'integer' | 'size' | 'choice' | 'list';

export interface SettingRow {
  readonly type: SettingType;
  /** Absent: the setting is optional and its value may be undefined. */
  readonly default?: string | number | readonly string[];
  readonly unit?: string;
  /** Bounds of an integer or size; of the count of a list. */
  readonly min?: number;
  readonly max?: number;
  /** Values of a choice. */
  readonly of?: readonly string[];
  /** What each item of a list, or a text, must look like, and how to say so. */
  readonly form?: { readonly pattern: RegExp; readonly words: string };
  /** Taken over by SIGHUP; all others need a restart. */
  readonly reload?: true;
  /** What it is for, one or two sentences. */
  readonly help: string;
  /** A value for the sample file when there is no default. */
  readonly example?: string;
}

const MIB = 1024 * 1024;

const ADDRESS = '/(?:ip4|ip6|dns4|dns6|dns)/[^/\\s]+/tcp/[0-9]{1,5}';
const MULTIADDRESS = {
  pattern: new RegExp(`^${ADDRESS}$`),
  words: 'an address such as /ip4/0.0.0.0/tcp/7700',
};
const PEER_ADDRESS = {
  pattern: new RegExp(`^${ADDRESS}/p2p/[1-9A-HJ-NP-Za-km-z]{40,64}$`),
  words: 'an address such as /dns4/node.example.org/tcp/7700/p2p/12D3Koo…',
};
const HOST_NAME = {
  pattern: /^[A-Za-z0-9.:[\]-]{1,253}$/,
  words: 'a host name or IP address',
};

/** All settings, by section. */
export const SETTINGS = {
  node: {
    dataDirectory: {
      type: 'path',
      default: '/var/lib/daybook',
      help: 'Where blocks, votes and state are kept. One directory per node, on a local disk.',
    },
    genesisFile: {
      type: 'path',
      default: '/etc/daybook/genesis.json',
      help: 'The genesis file that all founders signed.',
    },
  },
  keys: {
    peerFile: {
      type: 'path',
      default: '/etc/daybook/keys/peer.json',
      help: 'The encrypted key by which other nodes know this one.',
    },
    consensusFile: {
      type: 'path',
      example: '/etc/daybook/keys/consensus.json',
      help: 'The encrypted key of a validator. A node without it follows the chain as an observer.',
    },
    nextConsensusFile: {
      type: 'path',
      example: '/etc/daybook/keys/consensus-next.json',
      help:
        'The encrypted key that takes the place of consensusFile when governance has adopted the ' +
        'rotation. Both are needed until then; see docs/operations/validators.md.',
    },
    passphraseFile: {
      type: 'path',
      example: '/run/credentials/daybookd.service/passphrase',
      help: 'One line that opens the key files. Left out, the key files must be unencrypted.',
    },
  },
  network: {
    listen: {
      type: 'list',
      default: ['/ip4/0.0.0.0/tcp/7700'],
      max: 8,
      form: MULTIADDRESS,
      help: 'Where other nodes reach this one. Port 0 picks a free port; an empty list only dials.',
    },
    bootstrap: {
      type: 'list',
      default: [],
      max: 64,
      form: PEER_ADDRESS,
      help: 'Nodes to dial beside those of the genesis file and the directory.',
    },
  },
  api: {
    host: {
      type: 'text',
      default: '127.0.0.1',
      form: HOST_NAME,
      help: 'Address the HTTP API listens on. Put a TLS proxy in front before opening it.',
    },
    port: {
      type: 'integer',
      default: 7780,
      min: 0,
      max: 65_535,
      help: 'Port of the HTTP API; 0 picks a free one.',
    },
    hostNames: {
      type: 'list',
      default: [],
      max: 32,
      form: HOST_NAME,
      help: 'Host names the API answers for. Empty answers for all; name them on a public node.',
    },
    trustedProxies: {
      type: 'list',
      default: [],
      max: 32,
      form: HOST_NAME,
      help: 'Addresses of proxies whose X-Forwarded-For is believed when clients are counted.',
    },
    clientRequestsPerSecond: {
      type: 'integer',
      default: 200,
      unit: 'requests per second',
      min: 1,
      max: 100_000,
      reload: true,
      help: 'Share of one client address; four times as many may come at once.',
    },
    clientTransactionsPerSecond: {
      type: 'integer',
      default: 5000,
      unit: 'transactions per second',
      min: 1,
      max: 1_000_000,
      reload: true,
      help: 'Transactions one client address may submit, alone or in batches.',
    },
    eventStreamsMax: {
      type: 'integer',
      default: 256,
      unit: 'streams',
      min: 1,
      max: 10_000,
      reload: true,
      help: 'Event streams open at once; one client address may hold an eighth of them.',
    },
  },
  mempool: {
    bytesMax: {
      type: 'size',
      default: 64 * MIB,
      unit: 'bytes',
      min: 4 * MIB,
      max: 4096 * MIB,
      help: 'Memory for transactions that wait to become final.',
    },
  },
  state: {
    cacheBytesMax: {
      type: 'size',
      default: 64 * MIB,
      unit: 'bytes',
      min: 8 * MIB,
      max: 65_536 * MIB,
      help: 'Memory for the upper levels of the state tree.',
    },
    voteMirrorDirectory: {
      type: 'path',
      example: '/mnt/second-disk/daybook-votes',
      help: 'Where the second copy of the vote log is kept, best on another disk.',
    },
  },
  log: {
    level: {
      type: 'choice',
      default: 'info',
      of: LOG_LEVELS,
      reload: true,
      help: 'The least important lines to write.',
    },
    format: {
      type: 'choice',
      default: 'auto',
      of: ['auto', 'json', 'text'],
      help: 'One JSON object per line, or text for people; auto is text on a terminal only.',
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, SettingRow>>>>;

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
  ];
  for (const [name, other] of distinct) {
    const value = values.get(name);
    if (value !== undefined && value === values.get(other)) fault(name, `differs from ${other}`);
  }
  const port = values.get('api.port');
  const listen = values.get('network.listen');
  assert(typeof port === 'number' && Array.isArray(listen), 'both have been checked');
  if (port !== 0 && listen.some((address: string) => address.endsWith(`/tcp/${port}`))) {
    fault('api.port', 'is not a port of network.listen');
  }
  return faults;
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
