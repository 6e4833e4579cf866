/**
 * Where a light client begins: at the founding document, at a block that an operator vouched for, or
 * at a checkpoint that witnesses cosigned. From there on everything is followed and checked.
 */
import type {
  CheckpointFailure,
  Genesis,
  Hash,
  Result,
  SetChange,
  TimestampMs,
  TrustedSet,
  WitnessPolicy,
} from '@daybook/core';
import {
  blockHash,
  checkpointOriginOf,
  decodeHeader,
  equalBytes,
  explainCheckpoint,
  fail,
  ok,
  trustGenesis,
  verifyWitnessed,
} from '@daybook/core';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import { verifyBlockInTree } from './history-proof.ts';
import { readCheckpoint } from './trust.ts';

export interface TrustedStart {
  readonly chain: Hash;
  /** The set that signs next, and from which height on. */
  readonly set: TrustedSet;
  /** When it was vouched for, in ms; absent for a founding document, which does not age. */
  readonly vouchedMs?: TimestampMs;
  /** Nobody who is trusted named it: then nobody can tell. */
  readonly isUnvouched?: boolean;
}

/** A block and the set after it, as any node serves them. */
export interface ServedBlock {
  /** Encoded. */
  readonly header: Uint8Array;
  readonly next: SetChange['validators'];
}

/** @param isUnvouched  the document comes from a node, and nobody named its hash */
export function startAtGenesis(genesis: Genesis, isUnvouched = false): TrustedStart {
  return { chain: genesis.chain, set: trustGenesis(genesis), isUnvouched };
}

/** From a block that an operator vouched for; with the era after a recovery. */
export function startAtBlock(
  vouched: Parameters<typeof readCheckpoint>[0],
  served: ServedBlock,
): Result<TrustedStart, VerifyFailure> {
  const checkpoint = readCheckpoint(vouched, served);
  if (!checkpoint.ok) return checkpoint;
  const { header, next } = checkpoint.value;
  const { chain, height, timestampMs: vouchedMs } = header;
  // Where nothing changes, the same set signs the block that was vouched for.
  const isSame = equalBytes(header.validatorsHash, header.nextValidatorsHash);
  return ok({ chain, set: isSame ? { ...next, from: height } : next, vouchedMs });
}

/**
 * From a checkpoint that enough witnesses cosigned (spec L-16).
 * @param served  the last block of its tree, with the path of its hash to the root
 */
export function startAtWitnesses(
  note: Uint8Array,
  {
    chain,
    policy,
    nowMs,
  }: { readonly chain: Hash; readonly policy: WitnessPolicy; readonly nowMs: TimestampMs },
  served: ServedBlock & { readonly path: readonly Uint8Array[] },
): Result<TrustedStart, VerifyFailure | UndecidedReason> {
  const origin = checkpointOriginOf(chain);
  const witnessed = verifyWitnessed(note, origin, { policy, nowMs });
  if (!witnessed.ok) return fail(reasonOf(witnessed.reason));
  const { head, vouchedMs } = witnessed.value;
  const header = decodeHeader(served.header);
  if (!header.ok) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: header.reason.code });
  const { height } = header.value;
  const vouched = { height, blockHash: blockHash(header.value) };
  const isLast = height === head.size - 1 && verifyBlockInTree(vouched, head, served.path);
  if (!isLast) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: 'not the last of the tree' });
  const start = startAtBlock(vouched, served);
  return start.ok ? ok({ ...start.value, vouchedMs }) : start;
}

/** Too few witnesses, or too long ago, is no fault of the checkpoint. */
function reasonOf(failure: CheckpointFailure): VerifyFailure | UndecidedReason {
  const { code } = failure;
  const fact = explainCheckpoint(failure);
  const isLacking = code === 'CORE_CHECKPOINT_WITNESSES' || code === 'CORE_CHECKPOINT_STALE';
  return { code: isLacking ? 'CLIENT_WITNESSES_MISSING' : 'CLIENT_CHECKPOINT_UNPROVEN', fact };
}
