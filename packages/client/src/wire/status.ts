/** What a node says of itself. None of it is proven; it is for people who keep watch. */
import type { Hash } from '@daybook/core';
import type { Decoder } from './decode.ts';
import { boolean, hash, integer, list, object, oneOf, optional, text } from './decode.ts';
import type { Head } from './receipt.ts';
import { decodeHead } from './receipt.ts';

/** The node at this moment. */
export interface StatusAnswer {
  readonly chain: { readonly id: Hash; readonly name: string };
  readonly head: Head;
  readonly healthy: boolean;
  readonly ready: boolean;
  readonly version: string;
  readonly role: 'validator' | 'observer';
  readonly organisation?: string;
  readonly peerId: string;
  /** What it is doing: `voting` and `following` are the usual ones. */
  readonly activity: string;
  /** Why it does not sign although it is a validator, or why it halted. */
  readonly hindrance?: string;
  readonly bestKnownHeight?: number;
  /** While a peer speaks of more blocks than the node has. */
  readonly sync?: {
    readonly target: number;
    /** Whether blocks come, or more linked validators speak of them than may lie. */
    readonly credible: boolean;
    /** Of the last minute, rounded. */
    readonly blocksPerSecond?: number;
    readonly leftMs?: number;
    /** Code of the failure for which the next blocks did not come, and who was asked for them. */
    readonly reason?: string;
    readonly peer?: string;
  };
  readonly headAgeMs: number;
  readonly peers: { readonly validators: number; readonly observers: number };
  /** Validators connected, this one included, of those in the set. */
  readonly reachable: { readonly count: number; readonly of: number };
  readonly mempool: {
    readonly transactions: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
  readonly oldestStateHeight: number;
  readonly oldestBlockHeight: number;
}

/** The same sentence in English and Chinese. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** Something that an operator should know. */
export interface HealthReason {
  readonly severity: 'fault' | 'warning';
  readonly kind: string;
  readonly words: Words;
  readonly advice: Words;
}

/** What a validator did at the height being worked on. */
export interface VoterAnswer {
  readonly organisation: string;
  readonly self: boolean;
  readonly connected: boolean;
  readonly round?: number;
  readonly prepared: boolean;
  readonly committed: boolean;
  readonly silentMs?: number;
}

/** Why blocks advance or do not. */
export interface WhyAnswer {
  readonly head: Head;
  readonly healthy: boolean;
  /** What the node is doing, whether or not something is wrong. */
  readonly state: { readonly kind: string; readonly words: Words };
  /** The first explains those that follow. */
  readonly reasons: readonly HealthReason[];
  /** The answer in sentences. */
  readonly explanation: readonly Words[];
  /** Missing where no consensus runs. */
  readonly consensus?: {
    readonly height: number;
    readonly round: number;
    /** How long this height has been worked on. */
    readonly inHeightMs: number;
    readonly awaited: string;
    /** Missing while nothing but work is waited for. */
    readonly awaitedWords?: Words;
    readonly votes?: number;
    readonly roundEndsMs?: number;
    readonly proposer?: string;
    readonly quorum: number;
    readonly silent: readonly string[];
    readonly voters: readonly VoterAnswer[];
  };
}

export const decodeStatus: Decoder<StatusAnswer> = object({
  chain: object({ id: hash, name: text }),
  head: decodeHead,
  healthy: boolean,
  ready: boolean,
  version: text,
  role: oneOf('validator', 'observer'),
  organisation: optional(text),
  peerId: text,
  activity: text,
  hindrance: optional(text),
  bestKnownHeight: optional(integer),
  sync: optional(
    object({
      target: integer,
      credible: boolean,
      blocksPerSecond: optional(integer),
      leftMs: optional(integer),
      reason: optional(text),
      peer: optional(text),
    }),
  ),
  headAgeMs: integer,
  peers: object({ validators: integer, observers: integer }),
  reachable: object({ count: integer, of: integer }),
  mempool: object({ transactions: integer, bytes: integer, bytesMax: integer }),
  oldestStateHeight: integer,
  oldestBlockHeight: integer,
});

const decodeWords: Decoder<Words> = object({ en: text, zh: text });

const decodeReason: Decoder<HealthReason> = object({
  severity: oneOf('fault', 'warning'),
  kind: text,
  words: decodeWords,
  advice: decodeWords,
});

const decodeVoter: Decoder<VoterAnswer> = object({
  organisation: text,
  self: boolean,
  connected: boolean,
  round: optional(integer),
  prepared: boolean,
  committed: boolean,
  silentMs: optional(integer),
});

export const decodeWhy: Decoder<WhyAnswer> = object({
  head: decodeHead,
  healthy: boolean,
  state: object({ kind: text, words: decodeWords }),
  reasons: list(decodeReason),
  explanation: list(decodeWords),
  consensus: optional(
    object({
      height: integer,
      round: integer,
      inHeightMs: integer,
      awaited: text,
      awaitedWords: optional(decodeWords),
      votes: optional(integer),
      roundEndsMs: optional(integer),
      proposer: optional(text),
      quorum: integer,
      silent: list(text),
      voters: list(decodeVoter),
    }),
  ),
});
