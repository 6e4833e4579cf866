/**
 * The signer: the one choke point where consensus signatures are made (protocol §9). A request is
 * judged by the guard, logged in both mirrors, and only then is the signature given out. It is a
 * small port, so that it can live in a process of its own.
 */
import type { Hash, Height, PublicKey, Result, Signature } from '@daybook/core';
import type { Lock, QuarantineReason, SignedVote, VoteState } from './vote-log.ts';

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
  | PassingRefusal;

/** A refusal that says nothing about the vote: it may be asked for again. */
export type PassingRefusal =
  /** G4: less than 2 % of the disk is free; signing resumes at 5 %. */
  | { readonly code: 'STATE_SIGNING_DISK_LOW'; readonly freeFraction: number }
  | { readonly code: 'STATE_SIGNING_QUARANTINED'; readonly reason: QuarantineReason['code'] }
  /** The signer's process does not answer. */
  | { readonly code: 'STATE_SIGNER_AWAY'; readonly fact: string };

const PASSING: readonly string[] = [
  'STATE_SIGNING_DISK_LOW',
  'STATE_SIGNING_QUARANTINED',
  'STATE_SIGNER_AWAY',
] satisfies readonly PassingRefusal['code'][];

export function isPassing(refusal: SigningRefusal): refusal is PassingRefusal {
  return PASSING.includes(refusal.code);
}

export interface VoteSigner {
  readonly publicKey: PublicKey;
  /** Chain id G that every signature binds. */
  readonly chain: Hash;
  /** What was signed at the current height; for recovery and for sending again. */
  state(): VoteState;
  /** Why nothing is signed until `resume`; undefined while the log can be trusted. */
  quarantine(): QuarantineReason | undefined;
  /**
   * Signs, or returns the logged vote when exactly the same was signed before.
   * @throws StateError when the log cannot be written: fatal, the process must stop (G4)
   */
  sign(request: SigningRequest): Promise<Result<SignedVote, SigningRefusal>>;
  /**
   * Signs what is no vote: that the validator is READY (protocol §15), or a checkpoint (§17). The
   * guard has no part in it; nothing but the bytes of these two is signed.
   * @returns undefined in quarantine, where a READY would say what is not true, or while away
   */
  signStatement(bytes: Uint8Array): Promise<Signature | undefined>;
  /** See `VoteLog.enterHeight`. */
  enterHeight(height: Height): Promise<void>;
  /**
   * Begins quarantine: the log is put aside, so that a restart finds it missing. Nothing happens in
   * quarantine.
   */
  withhold(reason: QuarantineReason): Promise<void>;
  /**
   * Ends quarantine: a new log, in which nothing up to this height is signed. Whoever calls it knows
   * that everything signed before the loss was at or below it (protocol §12).
   */
  resume(above: Height): Promise<void>;
  close(): Promise<void>;
}
