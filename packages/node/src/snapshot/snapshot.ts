/**
 * A snapshot as a node that joins knows it: a header which the right validators have signed, and
 * whom it may be trusted for beside genesis. What is offered becomes one of these or is refused.
 */
import type {
  CheckpointFailure,
  FinalHeader,
  Genesis,
  Hash,
  Height,
  RecoveryFile,
  Result,
  TreeHead,
  WitnessPolicy,
} from '@daybook/core';
import {
  checkpointOriginOf,
  fail,
  ok,
  readCheckpointNote,
  verifyFinalHeader,
  verifyWitnessed,
} from '@daybook/core';
import type { ChainFault, SetChain } from './set-chain.ts';
import { followSets } from './set-chain.ts';
import type { Offer } from './wire.ts';

export interface Snapshot extends FinalHeader {
  readonly offer: Offer;
  readonly sets: SetChain;
}

/** What an operator believes beside the genesis document. */
export interface Anchors {
  /** A block that somebody trusted has named. */
  readonly checkpoint?: { readonly height: Height; readonly hash: Hash };
  /** A checkpoint that witnesses have cosigned. */
  readonly witnessed?: { readonly note: Uint8Array; readonly policy: WitnessPolicy };
}

/** Height of the last block that an anchor speaks of; undefined without one. */
export function anchoredHeight({ checkpoint, witnessed }: Anchors): Height | undefined {
  const note = witnessed && readCheckpointNote(witnessed.note);
  const heights = [
    ...(checkpoint === undefined ? [] : [checkpoint.height]),
    ...(note?.ok === true ? [note.value.head.size - 1] : []),
  ];
  return heights.length === 0 ? undefined : Math.max(...heights);
}

export interface JudgeOptions {
  readonly genesis: Genesis;
  readonly recoveries: readonly RecoveryFile[];
  /** Latest time that a header may have. */
  readonly latestMs: number;
}

/** Whether what is offered is final, by the genesis document alone. */
export function judgeOffer(
  offer: Offer,
  { genesis, recoveries, latestMs }: JudgeOptions,
): Result<Snapshot, ChainFault | 'header from the future'> {
  const sets = followSets(genesis, offer.changes, recoveries);
  if (!sets.ok) return sets;
  const final = verifyFinalHeader(offer, sets.value.newest());
  if (!final.ok) return fail(final.reason.kind);
  if (final.value.header.timestampMs > latestMs) return fail('header from the future');
  return ok({ ...final.value, offer, sets: sets.value });
}

/** The tree that a checkpoint speaks of, if its witnesses vouch for it (spec L-16). */
export function judgeWitnessed(
  { note, policy }: NonNullable<Anchors['witnessed']>,
  { genesis, nowMs }: { readonly genesis: Genesis; readonly nowMs: number },
): Result<TreeHead, CheckpointFailure> {
  const verified = verifyWitnessed(note, checkpointOriginOf(genesis.chain), { policy, nowMs });
  return verified.ok ? ok(verified.value.head) : verified;
}
