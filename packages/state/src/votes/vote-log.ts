/**
 * The vote log (protocol §12): two mirrored files that remember every signature before it leaves.
 * What it holds decides what this validator may still sign, so it is created together with the key
 * and never by the daemon: a missing or copied log always means quarantine.
 */
import type { Hash, Height, Round } from '@daybook/core';

/** Steps of a round in the order of protocol §9. */
export type Step = 'round-change' | 'pre-prepare' | 'prepare' | 'commit';

/** The slot of the last signature; the next one must lie after it (G1). */
export interface Guard {
  readonly height: Height;
  readonly round: Round;
  /** Absent when nothing was signed at this height yet. */
  readonly step?: Step;
}

/** The block this validator prepared last at a height, with the proof that a quorum did. */
export interface Lock {
  readonly height: Height;
  readonly round: Round;
  readonly blockHash: Hash;
  /** Encoded PREPARE certificate for exactly these three. */
  readonly certificate: Uint8Array;
}

/** A message as it was signed; its bytes are sent again, never made again. */
export interface SignedVote {
  readonly height: Height;
  readonly round: Round;
  readonly step: Step;
  /** What was signed, see `signBytes` of core. */
  readonly signBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** What travels with the signature; opaque here, returned as it was given. */
  readonly attachment: Uint8Array;
}

/** Heights below the guard's whose votes are kept for sending again (protocol §12, recovery 6). */
export const HEIGHTS_KEPT = 2;

/** What a restart restores (protocol §12, recovery 5 and 6). */
export interface VoteState {
  readonly guard: Guard;
  /** Present when the validator is locked at the guard's height. */
  readonly lock?: Lock;
  /** Every message signed at the guard's height, oldest first. */
  readonly own: readonly SignedVote[];
  /** Those of the `HEIGHTS_KEPT` heights before, oldest first. */
  readonly earlier: readonly SignedVote[];
}

/** Why nothing may be signed with this log; the node runs as an observer (protocol §12). */
export type QuarantineReason =
  | { readonly code: 'STATE_VOTES_MISSING'; readonly path: string }
  | { readonly code: 'STATE_VOTES_UNREADABLE'; readonly path: string; readonly fact: string }
  | { readonly code: 'STATE_VOTES_COPIED'; readonly path: string; readonly fact: string }
  | { readonly code: 'STATE_VOTES_FOREIGN'; readonly path: string; readonly fact: string }
  | { readonly code: 'STATE_VOTES_DAMAGED'; readonly sequence: number; readonly fact: string }
  /** Something signed with the key is not in the log: it was rolled back, or another uses the key. */
  | {
      readonly code: 'STATE_VOTES_BEHIND';
      readonly height: Height;
      readonly guardHeight: Height;
      readonly fact: string;
    }
  /** An operator asked for it, for example after restoring a machine. */
  | { readonly code: 'STATE_VOTES_DISTRUSTED' };

/** What was found and mended at open, for the log of the node. */
export interface VoteRepair {
  readonly path: string;
  /** 'mirror' = records copied from the other file; 'torn' = an unfinished last record dropped. */
  readonly kind: 'mirror' | 'torn';
  /** First record concerned. */
  readonly sequence: number;
}

/** The outcome of opening: a log, or quarantine with its reason. */
export type VoteLogOpening =
  | {
      readonly kind: 'open';
      readonly log: VoteLog;
      readonly repairs: readonly VoteRepair[];
    }
  | { readonly kind: 'quarantine'; readonly reason: QuarantineReason };

/**
 * Writes throw `StateError` (STATE_DISK_FULL, STATE_DISK_FAILED, STATE_SYNC_FAILED); after one the
 * log refuses everything with STATE_LOG_BROKEN, and the process must end (G4).
 */
export interface VoteLog {
  /** What is durable now. */
  state(): VoteState;
  /**
   * The barrier of §12: resolves when the vote, and the lock in the same write, are durable in both
   * mirrors. Judging whether the vote may be signed is not done here, see `judgeSigning`.
   */
  appendVote(vote: SignedVote, lock?: Lock): Promise<void>;
  /**
   * Marks that `height` was entered: votes and lock of lower heights are forgotten, nothing below it
   * is signed again. Not a barrier of its own: the record goes to the disk with the next vote, and
   * rotates the files when they are full.
   */
  enterHeight(height: Height): Promise<void>;
  close(): Promise<void>;
}
