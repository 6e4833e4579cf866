/**
 * The one table of settings: what each is called, how it is written, its bounds and what it is for.
 * Everything else about settings derives from it.
 */
import { LIMITS } from '@daybook/core';
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
        'rotation. Both are needed until then; see docs/operations/consortium.md.',
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
      default: 128 * MIB,
      unit: 'bytes',
      min: 8 * MIB,
      max: 65_536 * MIB,
      help: 'Memory that the state tree keeps: nodes, buckets, and what is free for the next block.',
    },
    recordHistory: {
      type: 'choice',
      default: 'all',
      of: ['all', 'retained'],
      help:
        'Whether this node keeps every version of every record, or only those of the last 1,000 ' +
        'heights, which keeps the disk small: docs/operations/maintenance.md.',
    },
    voteMirrorDirectory: {
      type: 'path',
      example: '/mnt/second-disk/daybook-votes',
      help: 'Where the second copy of the vote log is kept, best on another disk.',
    },
  },
  archive: {
    source: {
      type: 'text',
      form: {
        pattern: /^(?:https?:\/\/[^\s/][^\s]*|\/[^\s]*)$/,
        words: 'an absolute path of a folder, or an address with http:// or https://',
      },
      example: 'https://archive.example.org/daybook/',
      help:
        'Where `daybookd archive write` of this node puts its segments, as this node reads them: ' +
        'older blocks are served from there, see docs/operations/archive.md. Never the data of the ' +
        'node itself.',
    },
    keepBlocks: {
      type: 'integer',
      unit: 'blocks',
      min: LIMITS.retainedHeights,
      max: 1_000_000_000,
      example: '100000',
      help:
        'The newest blocks that stay on the own disk. Full segments of older ones are removed once ' +
        'the archive lists them and holds the same bytes; without it none is.',
    },
    segmentBytesMax: {
      type: 'size',
      default: 64 * MIB,
      unit: 'bytes',
      min: MIB / 16,
      max: 1024 * MIB,
      help: 'Size at which a segment of the block log is full, so that it can be archived and moved.',
    },
  },
  sync: {
    mode: {
      type: 'choice',
      default: 'blocks',
      of: ['blocks', 'snapshot'],
      help:
        'How an empty node gets the state: by executing every block from genesis, or by taking over ' +
        'a proven snapshot from the others; see docs/operations/joining.md.',
    },
    checkpoint: {
      type: 'text',
      example: `120000:${'9f2c'.repeat(16)}`,
      form: {
        pattern: /^[0-9]{1,15}:[0-9a-f]{64}$/,
        words: 'a height, a colon and the 64 hexadecimal digits of the block hash',
      },
      help:
        'A block that another department named, for a snapshot at most 30 days old: the node stops ' +
        'when its chain, stored or served by the others, does not go through it.',
    },
    checkpointFile: {
      type: 'path',
      example: '/etc/daybook/checkpoint.txt',
      help: 'The same as a signed checkpoint (GET /v1/checkpoint) that the witnesses below cosigned.',
    },
    witnesses: {
      type: 'list',
      default: [],
      max: 16,
      form: {
        pattern: /^[^\s+]{1,128}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{1,128}$/,
        words: 'a key as `daybook witness` shows it: name+key id+key',
      },
      help: 'Witnesses that must have cosigned checkpointFile, every one of them.',
    },
    snapshotSeconds: {
      type: 'integer',
      default: 3600,
      unit: 's',
      min: 0,
      max: 604_800,
      help:
        'How often, in block time, this node keeps a version of the state for others to join by; 0 ' +
        'keeps none. Best the same on all nodes.',
    },
  },
  disk: {
    lowPercent: {
      type: 'integer',
      default: 10,
      unit: '%',
      min: 1,
      max: 90,
      help: 'Free share of the disk of dataDirectory below which the node warns.',
    },
    stopPercent: {
      type: 'integer',
      default: 2,
      unit: '%',
      min: 1,
      max: 50,
      help: 'Free share below which the node stops signing, while it can still write what it must.',
    },
    resumePercent: {
      type: 'integer',
      default: 5,
      unit: '%',
      min: 1,
      max: 60,
      help: 'Free share from which the node signs again by itself.',
    },
  },
  signer: {
    socket: {
      type: 'path',
      example: '/run/daybook-signer/socket',
      help:
        'Socket of the process that holds the validator key, in place of keys.consensusFile; see ' +
        'docs/operations/signer.md. For that process itself: where it listens.',
    },
    nextSocket: {
      type: 'path',
      example: '/run/daybook-signer-next/socket',
      help: 'As socket, of the key that takes its place, in place of keys.nextConsensusFile.',
    },
  },
  readmodel: {
    state: {
      type: 'choice',
      default: 'off',
      of: ['off', 'on'],
      help:
        'Whether this node keeps SQL tables for queries, see docs/readmodel.md. They take memory, ' +
        'disk and processor time of their own: leave them off on a validator.',
    },
    memoryBytesMax: {
      type: 'size',
      default: 512 * MIB,
      unit: 'bytes',
      min: 128 * MIB,
      max: 65_536 * MIB,
      help: 'Memory of the SQL database; its process may take 384 MiB more before it is ended.',
    },
    threads: {
      type: 'integer',
      default: 1,
      unit: 'threads',
      min: 1,
      max: 64,
      help: 'Threads the SQL database works with.',
    },
    queryRowsMax: {
      type: 'integer',
      default: 10_000,
      unit: 'rows',
      min: 1,
      max: 100_000,
      help: 'Rows of one answer; what is beyond is cut, and the answer says so.',
    },
    queryTimeMs: {
      type: 'integer',
      default: 5000,
      unit: 'ms',
      min: 10,
      max: 600_000,
      help: 'Longest time of one query.',
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
