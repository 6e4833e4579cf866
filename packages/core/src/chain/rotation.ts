/**
 * Who proposes (protocol §6). Round 0 rotates over the validators that are not resting, higher
 * rounds over all others. The scores are state, integers only, updated when a block is executed, so
 * that one dead validator costs one timeout per rest and not one in every n blocks.
 */
import { assert } from '../codec/assert.ts';
import { createWriter } from '../codec/binary.ts';
import { compareBytes, equalBytes } from '../codec/bytes.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, Height, Round, ValidatorId } from './ids.ts';
import type { ValidatorSet } from './validators.ts';
import { quorumOf } from './validators.ts';

/** One entry per validator of the set, in set order. */
export interface RotationEntry {
  readonly id: ValidatorId;
  /** 0 to 40; grows when a turn is missed. */
  readonly score: number;
  /** Rests from proposing in round 0 while this is above the height. */
  readonly restUntil: Height;
}
export type Rotation = readonly RotationEntry[];

/** What decides the proposer of a height: all of it is known from the parent state. */
export interface ProposerContext {
  readonly chain: Hash;
  readonly height: Height;
  readonly epochBlocks: number;
  readonly validators: ValidatorSet;
  readonly rotation: Rotation;
}

const SCORE_MAX = 40;
const SCORE_MISSED = 4;
const REST_BLOCKS_MAX = 1024;

/** A rotation in which nobody rests: at genesis and for newcomers. */
export function freshRotation(validators: ValidatorSet): Rotation {
  return validators.map(({ id }) => ({ id, score: 0, restUntil: 0 }));
}

/** Carries scores over to a changed set: leavers are forgotten, newcomers start at zero. */
export function carryRotation(rotation: Rotation, validators: ValidatorSet): Rotation {
  return validators.map(
    ({ id }) =>
      rotation.find((entry) => equalBytes(entry.id, id)) ?? { id, score: 0, restUntil: 0 },
  );
}

/** perm_e: set indices in an order that nobody chooses, fixed for one epoch. */
function permutation(context: ProposerContext): readonly number[] {
  const writer = createWriter();
  writer.raw(context.chain);
  writer.u64(Math.floor(context.height / context.epochBlocks));
  const seed = writer.finish();
  return context.validators
    .map(({ id }, index) => ({ index, order: hashTagged(TAGS.PERM, seed, id) }))
    .sort((a, b) => compareBytes(a.order, b.order))
    .map(({ index }) => index);
}

/** R_h: the indices in turn for round 0, in permuted order; at least a quorum. */
function inTurn(context: ProposerContext, order: readonly number[]): readonly number[] {
  const restOf = (index: number): Height => context.rotation[index]?.restUntil ?? 0;
  const missing = (awake: number): number => quorumOf(order.length).quorum - awake;
  const awake = order.filter((index) => restOf(index) <= context.height);
  if (missing(awake.length) <= 0) return awake;

  const returning = order
    .filter((index) => restOf(index) > context.height)
    .sort((a, b) => restOf(a) - restOf(b) || a - b)
    .slice(0, missing(awake.length));
  return order.filter((index) => awake.includes(index) || returning.includes(index));
}

function at(list: readonly number[], position: number): number {
  const index = list[position % list.length];
  assert(index !== undefined, 'a proposer list is not empty');
  return index;
}

/** Index in the set of the proposer of (height, round). */
export function proposerOf(context: ProposerContext, round: Round): number {
  assert(context.rotation.length === context.validators.length, 'rotation follows the set');
  const order = permutation(context);
  const turn = inTurn(context, order);
  const first = at(turn, context.height);
  const count = order.length;
  if (round === 0 || count === 1) return first;

  const others = turn.filter((index) => index !== first);
  const resting = order.filter((index) => !turn.includes(index));
  const step = (round - 1) % (count - 1);
  if (step < others.length) return at(others, context.height + step);
  return at(resting, context.height + step - others.length);
}

/**
 * The rotation after a block is executed.
 * @param proposer  `header.proposer`: who first proposed the block
 */
export function updateRotation(context: ProposerContext, proposer: ValidatorId): Rotation {
  const expected = proposerOf(context, 0);
  const expectedId = context.validators[expected]?.id;
  assert(expectedId !== undefined, 'the expected proposer is in the set');
  const kept = equalBytes(expectedId, proposer);
  return context.rotation.map((entry, index) => {
    if (index !== expected) return entry;
    if (kept) return { ...entry, score: Math.max(0, entry.score - 1) };
    const score = Math.min(entry.score + SCORE_MISSED, SCORE_MAX);
    const doublings = Math.ceil(score / SCORE_MISSED);
    const rest = Math.min(context.validators.length * 2 ** doublings, REST_BLOCKS_MAX);
    return { ...entry, score, restUntil: context.height + rest };
  });
}
