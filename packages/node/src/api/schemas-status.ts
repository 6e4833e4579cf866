/** JSON Schemas of what a node says of itself. */
import { AWAITED, HEALTH_KINDS, STATES } from '../health-causes.ts';
import {
  ANYTHING,
  BOOLEAN,
  COUNT,
  choice,
  hex,
  list,
  NUMBER,
  named,
  object,
  orNull,
  TEXT,
  TIME,
} from './schemas.ts';

/** The same sentence in both languages. */
const WORDS = object({ en: TEXT, zh: TEXT });

const REASON = object({
  severity: choice('fault', 'warning'),
  kind: choice(...HEALTH_KINDS),
  words: WORDS,
  advice: WORDS,
});

const STATE = object({ kind: choice(...Object.keys(STATES)), words: WORDS });

export const HEALTH_SCHEMA = object({ healthy: BOOLEAN, state: STATE, reasons: list(REASON) });

const SIGNING = object({
  state: choice('none', 'open', 'asking', 'quarantine', 'away', 'paused'),
  'answers?': COUNT,
  'needed?': COUNT,
  'startMs?': COUNT,
  'resumeAbove?': COUNT,
});

const VOTER = object({
  validator: hex(32),
  organisation: TEXT,
  self: BOOLEAN,
  connected: BOOLEAN,
  'round?': COUNT,
  prepared: BOOLEAN,
  committed: BOOLEAN,
  'silentMs?': COUNT,
});

export const WHY_SCHEMA = object({
  head: named('Head'),
  healthy: BOOLEAN,
  state: STATE,
  reasons: list(REASON),
  explanation: list(WORDS),
  consensus: orNull(
    object({
      height: COUNT,
      round: COUNT,
      inHeightMs: COUNT,
      awaited: choice(...Object.keys(AWAITED)),
      'awaitedWords?': WORDS,
      'votes?': COUNT,
      'roundEndsMs?': COUNT,
      'proposer?': TEXT,
      quorum: COUNT,
      silent: list(TEXT),
      voters: list(VOTER),
    }),
  ),
});

export const STATUS_SCHEMA = object({
  chain: object({ id: hex(32), name: TEXT }),
  head: named('Head'),
  healthy: BOOLEAN,
  ready: BOOLEAN,
  version: TEXT,
  role: choice('validator', 'observer'),
  'organisation?': TEXT,
  peerId: TEXT,
  'validator?': hex(32),
  activity: choice('starting', 'joining', 'syncing', 'following', 'voting', 'halted', 'stopping'),
  'sync?': object({
    target: COUNT,
    credible: BOOLEAN,
    'blocksPerSecond?': COUNT,
    'leftMs?': COUNT,
    'reason?': TEXT,
    'peer?': TEXT,
  }),
  'join?': object({
    phase: choice('choosing', 'hashes', 'records', 'blocks', 'adopting'),
    'height?': COUNT,
    done: COUNT,
    total: COUNT,
    idleMs: COUNT,
    'reason?': TEXT,
  }),
  'hindrance?': TEXT,
  signing: SIGNING,
  'signingWait?': object({ log: choice('block-log', 'vote-log'), forMs: COUNT }),
  upMs: COUNT,
  'bestKnownHeight?': COUNT,
  headAgeMs: COUNT,
  'blockWantedMs?': COUNT,
  peers: object({ validators: COUNT, observers: COUNT }),
  reachable: object({ count: COUNT, of: COUNT }),
  mempool: object({ transactions: COUNT, bytes: COUNT, bytesMax: COUNT }),
  diskFreePermille: COUNT,
  'clockOffsetMs?': NUMBER,
  oldestStateHeight: COUNT,
  snapshots: list(COUNT),
  oldestBlockHeight: COUNT,
  startedAtMs: COUNT,
  started: TIME,
});

export const GENESIS_SCHEMA = object({ chain: hex(32), genesis: ANYTHING, bytes: hex() });
