/**
 * What the HTTP API needs of the node: nine ports, implemented by the node's parts and handed to
 * `createApi`. Everything that comes through them is final unless the docstring says otherwise:
 * nothing is shown as decided before its block stands synced in the block log.
 */
import type { Awaited } from '@daybook/consensus';
import type { Manifest } from '@daybook/contracts';
import type {
  Certificate,
  ChainParameters,
  Genesis,
  Hash,
  Header,
  Height,
  RecordKey,
  RecordPlace,
  Result,
  TimestampMs,
  TransactionId,
  TransactionResult,
  TreePlace,
  ValidatorSet,
} from '@daybook/core';
import type { Answer, ReadmodelFailure } from '@daybook/readmodel';
import type { ShownSubtree } from '@daybook/state';
import type { DamageReport } from '../found-damage.ts';
import type { DiskLimits } from '../free-space.ts';

/** A final block by its place: what every answer names as the moment it speaks of. */
export interface Head {
  readonly height: Height;
  readonly blockHash: Hash;
  readonly timestampMs: TimestampMs;
}

/** A block as people page through it, without its body. */
export interface BlockOutline {
  readonly header: Header;
  readonly blockHash: Hash;
  /** Transactions in the body, system transactions included. */
  readonly transactionCount: number;
}

/** A final block with all that belongs to it. Genesis has an empty body and no certificate. */
export interface FinalBlock extends BlockOutline {
  readonly certificate: Certificate | undefined;
  /** Wire bytes in block order. */
  readonly body: readonly Uint8Array[];
  /** One per entry of the body, same order; then what the chain did by itself, if anything. */
  readonly results: readonly TransactionResult[];
}

/** Where a transaction stands in the chain. */
export interface Placement {
  readonly height: Height;
  /** Position in the body, from 0. */
  readonly index: number;
}

/** One wrong value of the input: where, what was expected, what was found (short, printable). */
export interface FieldFault {
  /** RFC 6901 pointer into what the client sent, for example `/calls/0/args/amount`. */
  readonly pointer: string;
  readonly expected: string;
  readonly found?: string;
}

/**
 * Why the node refused something, ready for people. `code` is in the catalogue of all packages'
 * error tables, from which status and remedy are taken; `detail` is one sentence with the facts.
 */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldFault[];
}

/** The contracts that act at the head. */
export interface Contracts {
  /** The same object until governance changes a version. */
  manifest(): Manifest;
}

/** What the block log answers. */
export interface Chain {
  readonly genesis: Genesis;
  /** In force for the next height. */
  parameters(): ChainParameters;
  /** The newest final block. */
  head(): Head;
  /** Undefined above the head, and below the oldest block this node keeps. */
  outline(height: Height): Promise<BlockOutline | undefined>;
  /** As `outline`; the bytes were hash-checked when read. */
  block(height: Height): Promise<FinalBlock | undefined>;
  /** The height of a final block by its hash. */
  heightOf(blockHash: Hash): Promise<Height | undefined>;
  /** The place of a final transaction. */
  locate(id: TransactionId): Promise<Placement | undefined>;
  /** The set that signs this height; known for 1 to head + 1, undefined elsewhere. */
  validatorsAt(height: Height): Promise<ValidatorSet | undefined>;
}

/** Told of each new head, in order, after it is durable. */
export interface Heads {
  /**
   * @param listener  must return at once and not throw
   * @returns         ends the subscription; calling it again does nothing
   */
  onHead(listener: (head: Head) => void): () => void;
}

/** Proofs over the tree of block hashes; sizes and indexes are those of final blocks. */
export interface History {
  /** Each is undefined when a block that it needs is no longer kept. */
  root(size: number): Promise<Hash | undefined>;
  inclusion(index: number, size: number): Promise<readonly Hash[] | undefined>;
  consistency(smaller: number, size: number): Promise<readonly Hash[] | undefined>;
}

/** Checkpoints that a quorum of validators has signed, as notes. */
export interface Checkpoints {
  /** @param witnessesMin  how many registered witnesses must have cosigned it; 0 by default */
  newest(witnessesMin?: number): Uint8Array | undefined;
  /** The smallest kept one that covers the block of a height. */
  covering(height: Height, witnessesMin?: number): Uint8Array | undefined;
  /**
   * Adds signature lines of registered witnesses to the checkpoint of a size.
   * @returns how many were new
   */
  cosign(size: number, lines: Uint8Array): Result<number, Refusal>;
}

/** How far a transaction that is not final has come on this node. */
export type PendingState = 'received' | 'accepted';

/** The way in. Nothing here waits longer than its signal allows. */
export interface Submissions {
  /**
   * Judges and admits transactions, signatures included, in one batch. Handing in again what waits
   * already is no fault (`known` is true); what is final already is refused as replayed.
   * @param wires  at most BATCH_COUNT_MAX transactions in wire form
   * @returns      one outcome per item, same order
   */
  submit(
    wires: readonly Uint8Array[],
  ): Promise<readonly Result<{ readonly id: TransactionId; readonly known: boolean }, Refusal>[]>;
  /** State of a transaction that waits here; undefined if none with this id does. Synchronous. */
  pending(id: TransactionId): PendingState | undefined;
  /**
   * Resolves when f+1 validators hold the transaction, or it is final already.
   * @returns 'expired' when it left the mempool without being final, 'aborted' with the signal
   */
  accepted(id: TransactionId, signal: AbortSignal): Promise<'accepted' | 'expired' | 'aborted'>;
  /** As `accepted`, but resolves when the transaction is final. */
  committed(id: TransactionId, signal: AbortSignal): Promise<Placement | 'expired' | 'aborted'>;
}

/** A stored value under its key. */
export interface StoredRecord {
  readonly key: RecordKey;
  /** Canonical `[contractVersion, recordVersion, height, txIndex, writer, fields]`. */
  readonly value: Uint8Array;
}

/** One past or present version of a record, newest first in a page. */
export interface RecordVersion {
  readonly height: Height;
  /** The value; undefined when this version is the removal. */
  readonly value: Uint8Array | undefined;
}

/** Reading the state tree. Heights that are no longer kept are refused, never guessed. */
export interface Records {
  /** The value of a record at a height (the head if left out); undefined value = no such record. */
  get(
    key: RecordKey,
    height?: Height,
  ): Promise<Result<{ readonly head: Head; readonly value: Uint8Array | undefined }, Refusal>>;
  /**
   * Records of a set, or of one partition of it, in the order of (partition, key) bytes.
   * @param range.after   key of the last record of the page before
   * @param range.limit   1 to 1000
   * @param range.height  the head if left out
   */
  list(
    within: { readonly set: number; readonly partition?: Uint8Array },
    range: { readonly after?: RecordKey; readonly limit: number; readonly height?: Height },
  ): Promise<Result<{ readonly head: Head; readonly records: readonly StoredRecord[] }, Refusal>>;
  /**
   * Versions of a record below height `before` (all if left out), newest first. Those that were in
   * force at `completeFrom` or later are all there; of older ones this node may have dropped some.
   */
  history(
    key: RecordKey,
    range: { readonly before?: Height; readonly limit: number },
  ): Promise<{
    readonly head: Head;
    readonly versions: readonly RecordVersion[];
    readonly completeFrom: Height;
  }>;
  /** Time of a final block; undefined where this node never had it. */
  blockTime(height: Height): TimestampMs | undefined;
  /** The proof bundle of a record or of its absence at a height (the head if left out). */
  prove(key: RecordKey, height?: Height): Promise<Result<Uint8Array, Refusal>>;
  /**
   * The bundle that proves a list, or as much of it as one file holds.
   * @param range.from    tree key to begin at; the beginning if left out
   * @param range.height  the head if left out
   */
  proveList(
    place: RecordPlace,
    range: { readonly from?: Uint8Array; readonly height?: Height },
  ): Promise<Result<Uint8Array, Refusal>>;
  /** The bucket or node at a place of the state tree or right below it, at a height (the head if left out). */
  subtree(
    place: TreePlace,
    height?: Height,
  ): Promise<Result<{ readonly head: Head; readonly shown: ShownSubtree }, Refusal>>;
  /**
   * Records of the whole state in the order of tree keys, at a height (the head if left out), with
   * what proves that they are all of a range: the contents that joining nodes are served (spec N-14).
   * @param range.from  tree key to begin at; the beginning if left out
   */
  range(range: {
    readonly from?: Uint8Array;
    readonly height?: Height;
  }): Promise<Result<Uint8Array, Refusal>>;
  /**
   * Words and facts of a refused transaction, which no hash covers; undefined when this node no
   * longer can tell (the receipt's code always stands in the result).
   */
  explain(place: Placement): Promise<Refusal | undefined>;
}

/** Queries over the SQL tables, on a node that keeps them. */
export interface SqlDoor {
  /** One SELECT, within the limits of the settings; the answer says of which block it speaks. */
  query(sql: string): Promise<Result<Answer, ReadmodelFailure>>;
}

/** What a validator is known to have done at the height being worked on. */
export interface VoterReport {
  /** Hex of the validator id. */
  readonly validator: string;
  readonly organisation: string;
  readonly self: boolean;
  /** There is an open consensus channel to it; true for the node itself. */
  readonly connected: boolean;
  /** Highest round it was seen in at this height. */
  readonly round: number | undefined;
  /** What it voted for in our round. */
  readonly prepared: boolean;
  readonly committed: boolean;
  /** Milliseconds since its last message of any kind; undefined if none since the start. */
  readonly silentMs: number | undefined;
}

/** Consensus on the height above the head. */
export interface WaitingReport {
  readonly height: Height;
  readonly round: number;
  /** How long this height has been worked on, in milliseconds. */
  readonly inHeightMs: number;
  /** What the machine waits for, or `signature` where a disk that hangs keeps an own one back. */
  readonly awaited: Awaited | 'signature';
  /** How many of the awaited votes are there; the rest to `quorum` is missing. */
  readonly votes: number | undefined;
  /** When the round ends by its timer, in milliseconds; undefined while that does not run. */
  readonly roundEndsMs: number | undefined;
  readonly proposer: string | undefined;
  readonly quorum: number;
  readonly voters: readonly VoterReport[];
}

/** What this node is doing: the first is `starting`, `stopped` comes last. */
export type Activity =
  | 'starting'
  | 'joining'
  | 'syncing'
  | 'following'
  | 'voting'
  | 'halted'
  | 'stopping';

/** What a node that joins by a snapshot is at. */
export type JoinPhase = 'choosing' | 'hashes' | 'records' | 'blocks' | 'adopting';

/** How far a node that joins by a snapshot is. */
export interface JoinReport {
  readonly phase: JoinPhase;
  /** Of the snapshot, once one is chosen. */
  readonly height?: Height;
  /** Parts of this phase that are there, of about how many. */
  readonly done: number;
  readonly total: number;
  /** Milliseconds since the last part came. */
  readonly idleMs: number;
  /** Why the last question was not answered. */
  readonly reason?: string;
}

/** How a node that lacks blocks comes to them. */
export interface SyncReport {
  /** Highest height that a connected peer spoke of; nobody vouches for it before its blocks are here. */
  readonly target: Height;
  /** Whether blocks come, or more linked validators speak of them than may lie. */
  readonly credible: boolean;
  /** Of the last minute; absent when none came in it. */
  readonly blocksPerSecond?: number;
  /** Milliseconds to the target at that pace. */
  readonly leftMs?: number;
  /** Code of the failure for which the next blocks did not come. */
  readonly reason?: string;
  /** Organisation, or else peer id, of whoever was asked for them. */
  readonly peer?: string;
}

/** Whether this node signs, and if it does not, what its signer waits for. */
export type SigningReport =
  /** An observer. */
  | { readonly state: 'none' }
  | { readonly state: 'open' }
  /** After a start: the peers are being asked for votes of the own key. */
  | { readonly state: 'asking'; readonly answers: number; readonly needed: number }
  | {
      readonly state: 'quarantine';
      /** Chain time at which it began; absent until the clocks of a quorum are known. */
      readonly startMs?: TimestampMs;
      /** Everything signed before is at or below this height, once it is decided. */
      readonly resumeAbove?: Height;
    }
  /** The process that holds the key does not answer. */
  | { readonly state: 'away' }
  /** The guard refuses for want of disk space. */
  | { readonly state: 'paused' };

/** An own signature that is under way: what it waits to be written, and for how long. */
export interface SigningWaitReport {
  readonly log: 'block-log' | 'vote-log';
  /** Milliseconds. */
  readonly forMs: number;
}

/** The state of this node, cheap to read at any time. */
export interface NodeReport {
  readonly version: string;
  readonly role: 'validator' | 'observer';
  readonly organisation: string | undefined;
  readonly peerId: string;
  readonly validator: string | undefined;
  readonly activity: Activity;
  /** One sentence when `halted`, or when signing is withheld although the node is a validator. */
  readonly hindrance: string | undefined;
  readonly signing: SigningReport;
  /** While a signature is under way. */
  readonly signingWait?: SigningWaitReport;
  /** Milliseconds since the start (monotonic). */
  readonly upMs: number;
  /** Height known to exist elsewhere; undefined before any peer spoke. */
  readonly bestKnownHeight: Height | undefined;
  /** While somebody speaks of more blocks than there are here. */
  readonly sync?: SyncReport;
  /** While `joining`. */
  readonly join?: JoinReport;
  /** Stored data that was found damaged while others were served. */
  readonly damage?: DamageReport;
  /** Milliseconds since the head became final here (monotonic). */
  readonly headAgeMs: number;
  /** Milliseconds since a block has been due at this height; undefined while none is. */
  readonly blockWantedMs: number | undefined;
  readonly peers: { readonly validators: number; readonly observers: number };
  /** Validators connected, this one included if it is one; and how many the set has. */
  readonly reachable: { readonly count: number; readonly of: number };
  readonly mempool: {
    readonly transactions: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
  /** Free share of the file system of the data directory, 0 to 1. */
  readonly diskFree: number;
  /** At which share the node warns, stops signing and signs again. */
  readonly diskLimits: DiskLimits;
  /** Median clock difference to the other validators in ms; undefined before it is known. */
  readonly clockOffsetMs: number | undefined;
  /** Oldest height whose state can still be read and proven. */
  readonly oldestStateHeight: Height;
  /** Heights whose state is kept for nodes that join and for backups, ascending. */
  readonly snapshots: readonly Height[];
  readonly oldestBlockHeight: Height;
  readonly startedAtMs: TimestampMs;
}

/** Insight into the running node. */
export interface NodeStatus {
  report(): NodeReport;
  /** Undefined while no consensus runs here (observers, before the end of sync). */
  waiting(): WaitingReport | undefined;
}
