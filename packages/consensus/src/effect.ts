/**
 * Everything the machine asks of its driver (protocol §8). DEV DOCS on order:
 *
 * The effects of one step are a list, and lists of later steps come after it. The driver starts
 * them in that order. `sign` requests are granted strictly in that order too, each durable before
 * its `signed` event; the driver may go on with other effects while one is being written. Nothing
 * signed leaves the node except through a later `send` that carries it, so the barrier before the
 * wire (I4, I6) needs no sequence numbers. Adjacent `sign` effects may share one synced write.
 */
import type {
  Certificate,
  Evidence,
  Hash,
  Height,
  Justification,
  Round,
  Status,
  TimestampMs,
  UnsignedCommit,
  UnsignedPrepare,
  UnsignedRoundChange,
  VoteMessage,
} from '@daybook/core';
import type { ConsensusFatal, ConsensusNotice } from './errors.ts';
import type { Lock, PeerName, TimerId } from './event.ts';

/**
 * Content for the signing guard (G1 to G4). The driver completes it to a message, logs it, and
 * answers `signed`, or `refused`. If the log holds the identical content in this slot, the answer
 * is `signed` with the logged bytes. A request that is still waiting when its height is left may be
 * dropped without an answer. Any write or sync error ends the process.
 */
export interface Sign {
  readonly type: 'sign';
  readonly request: SignRequest;
}

export type SignRequest =
  /**
   * The driver adds header, transaction hashes and `justificationHash`. Candidate durable first.
   */
  | {
      readonly type: 'pre-prepare';
      readonly height: Height;
      readonly round: Round;
      readonly blockHash: Hash;
      readonly justification?: Justification;
    }
  | { readonly type: 'prepare'; readonly content: UnsignedPrepare }
  /** LOCK and SIGNED in one synced write; the candidate block is durable before (R5, G2). */
  | { readonly type: 'commit'; readonly content: UnsignedCommit; readonly lock: Lock }
  /** `certificate` proves `content.prepared` and is present exactly with it (G3). */
  | {
      readonly type: 'round-change';
      readonly content: UnsignedRoundChange;
      readonly certificate?: Certificate;
    };

/**
 * Send a vote message, own or relayed, byte-identical to how it was signed; the attachments of a
 * PRE-PREPARE (transactions inlined or not) are the driver's choice. Unconnected receivers are
 * skipped: R11 repeats. `validators` is every other validator of V_h.
 */
export interface Send {
  readonly type: 'send';
  readonly message: VoteMessage;
  readonly to: 'validators' | readonly number[];
}

/** Send to every connected peer, observers included, or to one. */
export interface SendStatus {
  readonly type: 'send-status';
  readonly status: Status;
  readonly to?: PeerName;
}

/** One timer per id: replaces an earlier schedule. Late is allowed, early is not. */
export interface Schedule {
  readonly type: 'schedule';
  readonly timer: TimerId;
  readonly atMonoMs: number;
}

/** A timer that fires although cancelled does no harm. */
export interface Cancel {
  readonly type: 'cancel';
  readonly timer: TimerId;
}

/**
 * Build and execute a block on the head with this timestamp, empty if nothing waits; answer
 * `built`. A later `build` or `height-entered` makes it obsolete.
 */
export interface Build {
  readonly type: 'build';
  readonly height: Height;
  readonly round: Round;
  readonly timestampMs: TimestampMs;
}

/**
 * Check and execute a block on the parent state; answer `judged`. `again` asks for the one repeat
 * of R15: roll the height back, drop caches, execute from scratch.
 */
export interface Judge {
  readonly type: 'judge';
  readonly hash: Hash;
  readonly again: boolean;
}

/**
 * Write a block, built or judged valid, as a candidate record: durable before a `sign` that names
 * it is granted. PRE-PREPARE and COMMIT only ever name stored blocks.
 */
export interface Store {
  readonly type: 'store';
  readonly hash: Hash;
}

/**
 * Get a body by hash, from these validators first; answer `block`. Repeated every RESEND while it
 * is missing, so one attempt may fail silently.
 */
export interface Fetch {
  readonly type: 'fetch';
  readonly hash: Hash;
  readonly from: readonly number[];
}

/**
 * These bodies are needed no more; a stored candidate may stay on disk. At the end of a height the
 * driver forgets the rest of it by itself, but never a body of the height after: a proposal that
 * came early waits inside the machine.
 */
export interface Release {
  readonly type: 'release';
  readonly hashes: readonly Hash[];
}

/**
 * Finality (R6): append block, certificate and results to the block log (synced), apply the state,
 * publish DECIDED, then send `work` and `height-entered`. The machine does nothing for this height
 * any more.
 */
export interface CommitBlock {
  readonly type: 'commit';
  readonly height: Height;
  readonly round: Round;
  readonly blockHash: Hash;
  /** All matching COMMITs held, Q to n of one round; or the certificate of a DECIDED. */
  readonly certificate: Certificate;
}

/** Send DECIDED for a finalised height from the block log (R13); already rate-limited. */
export interface Help {
  readonly type: 'help';
  readonly peer: PeerName;
  readonly height: Height;
}

/** Somebody speaks of heights we do not have: a hint, proves nothing (protocol §18). */
export interface Sync {
  readonly type: 'sync';
  /** The height up to which blocks seem to exist. */
  readonly height: Height;
  readonly peer?: PeerName;
}

/** Send the own pending transactions to this validator, who is to propose next (R2). */
export interface HandOver {
  readonly type: 'hand-over';
  readonly to: number;
}

/**
 * Store and gossip evidence until it is included (protocol §16); once per validator, height, kind.
 */
export interface Report {
  readonly type: 'report';
  readonly evidence: Evidence;
}

/** For log and metrics; changes nothing. */
export interface Notice {
  readonly type: 'notice';
  readonly notice: ConsensusNotice;
}

/** Stop voting and serving finality, write the proof, exit (R15). The machine has stopped. */
export interface Fatal {
  readonly type: 'fatal';
  readonly failure: ConsensusFatal;
}

export type Effect =
  | Sign
  | Send
  | SendStatus
  | Schedule
  | Cancel
  | Build
  | Judge
  | Store
  | Fetch
  | Release
  | CommitBlock
  | Help
  | Sync
  | HandOver
  | Report
  | Notice
  | Fatal;
