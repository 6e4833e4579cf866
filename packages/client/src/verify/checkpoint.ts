/**
 * What a checkpoint is worth to whoever trusts a start: the changes of the set are followed to its
 * last block, a quorum of that set must have signed it, and the witnesses that were named may have
 * to. Pure, the same in Node and in a browser.
 */
import type {
  Hash,
  KnownEra,
  SetChange,
  TimestampMs,
  TreeHead,
  VerifiedCheckpoint,
  VerifiedLine,
  WitnessPolicy,
} from '@daybook/core';
import {
  checkpointOriginOf,
  decodeHeader,
  explainCheckpoint,
  quorumOf,
  readCheckpointNote,
  toHex,
  verifyCheckpoint,
} from '@daybook/core';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import { ageHindrance, eraHindrance } from './hindrances.ts';
import { followToTree } from './history-proof.ts';
import type { VerdictOf } from './proof.ts';
import type { TrustedStart } from './start.ts';

/** What a checkpoint is judged by. */
export interface CheckpointGround {
  readonly start: TrustedStart;
  /** Changes of the set, as any node serves them; those before the start are passed over. */
  readonly changes: readonly SetChange[];
  /** Eras of the recoveries that are trusted. */
  readonly eras?: readonly Hash[];
  /** Witnesses that must have cosigned; none by default. */
  readonly policy?: WitnessPolicy | undefined;
  readonly nowMs: TimestampMs;
}

/** What a checkpoint that holds says. */
export interface CheckpointFacts {
  readonly chain: Hash;
  readonly head: TreeHead;
  /** Validators of its last block, how many signed it, and how many had to. */
  readonly seals: {
    readonly validators: number;
    readonly signers: number;
    readonly quorum: number;
  };
  /** Named witnesses that cosigned it, with their times. */
  readonly witnesses: readonly VerifiedLine[];
  /** Changes of the set between the start and its last block. */
  readonly setChanges: number;
  readonly recoveries: readonly KnownEra[];
}

export type CheckpointVerdict = VerdictOf<CheckpointFacts>;

/** Judges the signed note of a tree (spec L-9, L-11, L-12). */
export function judgeCheckpoint(note: Uint8Array, ground: CheckpointGround): CheckpointVerdict {
  const { start, policy } = ground;
  const read = readCheckpointNote(note);
  if (!read.ok) return invalid(unproven(explainCheckpoint(read.reason)));
  const { head } = read.value;
  const last = head.size - 1;
  const { from } = start.set;
  // The set before a start in the middle is not known: nothing can be said of what it signed.
  if (start.vouchedMs !== undefined && last < from) {
    const reason = { code: 'CLIENT_CHECKPOINT_LATER', height: from - 1, proven: last } as const;
    return { outcome: 'unknown', reason, facts: factsOf(head, start, 0) };
  }
  const changes = ground.changes.filter(({ header }) => {
    const boundary = decodeHeader(header);
    return boundary.ok && boundary.value.height >= from && boundary.value.height < last;
  });
  const set = followToTree(start.set, changes, head.size);
  if (!set.ok) return invalid(set.reason);
  const verified = verifyCheckpoint(note, {
    origin: checkpointOriginOf(start.chain),
    validators: set.value.validators,
    witnesses: policy?.witnesses ?? [],
  });
  if (!verified.ok) return invalid(unproven(explainCheckpoint(verified.reason)));
  const end = { ...start, set: set.value };
  const facts = factsOf(head, end, changes.length, verified.value);
  const reason = hindranceOf(facts, ground);
  return reason === undefined ? { outcome: 'valid', facts } : { outcome: 'unknown', reason, facts };
}

/** @param verified  absent when no signature could be checked */
function factsOf(
  head: TreeHead,
  { chain, set }: TrustedStart,
  setChanges: number,
  verified?: VerifiedCheckpoint,
): CheckpointFacts {
  const { validators, recoveries } = set;
  const { length } = validators;
  const signers = verified?.validators.length ?? 0;
  const seals = { validators: length, signers, quorum: quorumOf(length).quorum };
  return { chain, head, seals, witnesses: verified?.witnesses ?? [], setChanges, recoveries };
}

function invalid(reason: VerifyFailure): CheckpointVerdict {
  return { outcome: 'invalid', reason };
}

function unproven(fact: string): VerifyFailure {
  return { code: 'CLIENT_CHECKPOINT_UNPROVEN', fact };
}

/** Why nobody can tell, although every signature holds. */
function hindranceOf(
  { recoveries, witnesses, chain }: CheckpointFacts,
  { start, eras, policy, nowMs }: CheckpointGround,
): UndecidedReason | undefined {
  const { isUnvouched, vouchedMs } = start;
  if (isUnvouched === true) return { code: 'CLIENT_TRUST_MISSING', chain: toHex(chain) };
  const aged = vouchedMs === undefined ? undefined : ageHindrance(vouchedMs, nowMs);
  const hindrance = aged ?? eraHindrance(recoveries, eras);
  const needed = policy?.needed ?? 0;
  if (hindrance !== undefined || witnesses.length >= needed) return hindrance;
  const fact = `${witnesses.length} of the named witnesses cosigned, ${needed} were asked for`;
  return { code: 'CLIENT_WITNESSES_MISSING', fact };
}
