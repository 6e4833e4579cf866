/**
 * The block log: what a node may never lose. Append-only segment files hold candidate blocks and,
 * for each height, the certificate and results that made one of them final. A height is final when
 * its record is fdatasynced; everything else in the data directory can be rebuilt from here.
 */
import type { Hash, Height, TimestampMs, TransactionId } from '@daybook/core';
import type { BlockPlace } from './segment-read.ts';

/** A block that was accepted as a proposal and may become final. */
export interface Candidate {
  readonly height: Height;
  readonly blockHash: Hash;
  /** Complete encoding, as `encodeBlock` gives it; kept as it is and never decoded here. */
  readonly bytes: Uint8Array;
}

/** What the lookup and the replay window need of one transaction of a block, in body order. */
export interface LoggedTransaction {
  readonly id: TransactionId;
  /** Block time until which the id must be remembered; 0 for system transactions. */
  readonly validUntilMs: TimestampMs;
}

/** A transaction of a final block, as the replay set needs it. */
export interface RecentTransaction extends LoggedTransaction {
  readonly height: Height;
}

/** What makes a candidate final. */
export interface Finalisation {
  readonly height: Height;
  readonly blockHash: Hash;
  /** Time of the block's header. */
  readonly timestampMs: TimestampMs;
  /** Encoded COMMIT certificate; empty for genesis, which has none. */
  readonly certificate: Uint8Array;
  /** Encoded results, one per transaction in body order. */
  readonly results: readonly Uint8Array[];
  /** As many as the block has transactions. */
  readonly transactions: readonly LoggedTransaction[];
}

/** A final block with its body, as sync appends it. */
export interface FinalBlock extends Finalisation {
  /** Complete encoding of the block. */
  readonly bytes: Uint8Array;
}

/** Where the chain ends. */
export interface LogHead {
  readonly height: Height;
  readonly blockHash: Hash;
  readonly timestampMs: TimestampMs;
}

/** Where a transaction stands in the chain; `index` counts from 0 in the block's body. */
export interface TransactionPlace {
  readonly height: Height;
  readonly index: number;
}

/** A segment that is full, with what deciding whether to move it away needs. */
export interface SealedSegment {
  /** Name of its file. */
  readonly name: string;
  readonly first: Height;
  readonly last: Height;
  /** Size of its file; undefined when only its index is here. */
  readonly size: number | undefined;
}

/**
 * Reads throw `StateError` with STATE_BLOCK_DAMAGED when a record fails its checksum, and return
 * undefined only for what the log never held or has moved to an archive. Writes throw
 * STATE_DISK_FULL before anything is written, or STATE_DISK_FAILED / STATE_SYNC_FAILED, after which
 * the log refuses everything: the process must stop, and a failed sync is never tried again.
 */
export interface BlockLog {
  /** The newest final block; undefined in an empty log. */
  head(): LogHead | undefined;
  /** The oldest height still held here; undefined in an empty log. */
  firstHeight(): Height | undefined;
  /**
   * Writes a body once and resolves when it is durable, which is what a vote that cites its hash
   * waits for. A hash that is already held costs nothing. Candidates are of height head+1 (the first
   * of an empty log decides where the log begins). Old ones are dropped when they exceed
   * CANDIDATE_BYTES_MAX, except the newest ones and those in `keep`: pass the hash of the lock.
   */
  appendCandidate(candidate: Candidate, keep?: readonly Hash[]): Promise<void>;
  /** The body of a candidate of height head+1, before and after a restart. */
  readCandidate(blockHash: Hash): Uint8Array | undefined;
  /** Hashes of all candidates of height head+1, oldest first. */
  candidates(): readonly Hash[];
  /**
   * Makes a candidate final; resolves when that is durable, and only then may anybody be told.
   * `head()` moves at the same moment.
   */
  finalise(finalisation: Finalisation): Promise<void>;
  /** Appends consecutive final blocks from head+1 with one sync for all: a crash leaves all or none. */
  appendRange(blocks: readonly FinalBlock[]): Promise<void>;
  /** The whole of one height, checksums verified. */
  readBlock(height: Height): FinalBlock | undefined;
  /** The height without its body: certificate, results, transaction ids. Cheaper than `readBlock`. */
  readFinalisation(height: Height): Finalisation | undefined;
  /**
   * Hash of the final block at a height, from the index alone; also of those before the first height
   * where a node joined by a snapshot.
   */
  blockHashAt(height: Height): Hash | undefined;
  /** Time of a final block, from the index alone; undefined for what the log never held. */
  blockTimeAt(height: Height): TimestampMs | undefined;
  /** Height of a final block. */
  heightOf(blockHash: Hash): Height | undefined;
  /** Where a transaction became final, if its block is held here. */
  findTransaction(id: TransactionId): TransactionPlace | undefined;
  /**
   * Where a transaction may stand in a segment that was moved: the index knows 12 bytes of its id,
   * and only the block itself settles the rest.
   */
  findMoved(id: TransactionId): TransactionPlace | undefined;
  /** Where the records of a block stand in a segment that was moved; undefined for all others. */
  movedPlace(height: Height): BlockPlace | undefined;
  /** Full segments in order of heights, those that were moved included. */
  sealed(): readonly SealedSegment[];
  /**
   * Removes a full segment, of which an archive has a copy; its index stays.
   * @returns whether it was removed: not while the replay set needs one of its transactions
   */
  release(first: Height): Promise<boolean>;
  /**
   * The replay set after a start: every transaction whose `validUntilMs` is later than `nowMs` (the
   * time of the head), from the blocks of the last `windowMs` (the hard limit of validity).
   */
  recentTransactions(nowMs: TimestampMs, windowMs: number): readonly RecentTransaction[];
  /** Closes the files; the log is not used again. Waits for a sync that is under way. */
  close(): Promise<void>;
}
