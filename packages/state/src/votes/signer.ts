/**
 * The signer: the one choke point where consensus signatures are made (protocol §9). A request is
 * judged by the guard, logged in both mirrors, and only then is the signature given out. It is a
 * small port, so that it can live in a process of its own.
 */
import type { Hash, Height, PublicKey, Result } from '@daybook/core';
import type { Lock, SignedVote, VoteState } from './vote-log.ts';

/** One signature wanted. Crosses a process boundary: plain bytes only. */
export interface SigningRequest {
  /** Exactly what core's `signBytes(chain, content)` gives. */
  readonly signBytes: Uint8Array;
  /** What travels with the signature and must survive a restart with it. */
  readonly attachment: Uint8Array;
  /** The lock that a COMMIT rests on; required with COMMIT unless it is logged already (G2). */
  readonly lock?: Lock;
}

/** Why a signature was refused; nothing was written. */
export type SigningRefusal =
  | { readonly code: 'STATE_SIGNING_MALFORMED'; readonly fact: string }
  | { readonly code: 'STATE_SIGNING_FOREIGN_CHAIN' }
  /** G1: the slot lies before the guard, or other bytes were signed in it. */
  | {
      readonly code: 'STATE_SIGNING_BEHIND_GUARD';
      readonly guardHeight: Height;
      readonly guardRound: number;
    }
  /** G2: a COMMIT without its lock. */
  | { readonly code: 'STATE_SIGNING_WITHOUT_LOCK' }
  /** G3: a ROUND-CHANGE that does not report the lock. */
  | { readonly code: 'STATE_SIGNING_LOCK_HIDDEN' }
  /** G4: less than 2 % of the disk is free; signing resumes at 5 %. */
  | { readonly code: 'STATE_SIGNING_DISK_LOW'; readonly freeFraction: number };

export interface VoteSigner {
  readonly publicKey: PublicKey;
  /** Chain id G that every signature binds. */
  readonly chain: Hash;
  /** What was signed at the current height; for recovery and for sending again. */
  state(): VoteState;
  /**
   * Signs, or returns the logged vote when exactly the same was signed before.
   * @throws StateError when the log cannot be written: fatal, the process must stop (G4)
   */
  sign(request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>>;
  /** See `VoteLog.enterHeight`. */
  enterHeight(height: Height): Promise<void>;
  close(): Promise<void>;
}
