/**
 * Validator sets and quorum arithmetic (protocol §2, §5). A set is sorted ascending by validator id,
 * which does not change when a key is rotated; a validator's index is its position in that order.
 */
import { assert } from '../codec/assert.ts';
import { createWriter } from '../codec/binary.ts';
import { compareBytes, equalBytes } from '../codec/bytes.ts';
import { hashTagged } from '../crypto/hash.ts';
import { isPlanted } from '../crypto/simulation/simulation.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, PublicKey, ValidatorId } from './ids.ts';
import { asValidatorId } from './ids.ts';
import { LIMITS } from './limits.ts';

export interface Validator {
  readonly id: ValidatorId;
  /** Present consensus key; signs only the tagged byte strings of `messages.ts`. */
  readonly publicKey: PublicKey;
}

/** 1 to 30 validators, ascending by id, ids unique. */
export type ValidatorSet = readonly Validator[];

export interface Quorum {
  /** f: how many validators may be arbitrary. */
  readonly faultyMax: number;
  /** Q: how many must agree. Never the literal 2f+1, which is wrong unless n = 3f+1. */
  readonly quorum: number;
  /** f+1: at least one of these is correct. */
  readonly oneCorrect: number;
}

/** Quorum numbers of a set of `count` validators, 1 to 30 (protocol §2). */
export function quorumOf(count: number): Quorum {
  assert(Number.isInteger(count) && count >= 1, 'a validator set is not empty');
  assert(count <= LIMITS.validatorsMax, 'a validator set is bounded');
  const faultyMax = Math.floor((count - 1) / 3);
  let quorum = Math.floor((count + faultyMax + 2) / 2);
  if (isPlanted('quorum-1')) quorum -= 1;
  if (isPlanted('quorum-2f+1')) quorum = 2 * faultyMax + 1;
  return { faultyMax, quorum, oneCorrect: isPlanted('jump-at-f') ? faultyMax : faultyMax + 1 };
}

/** The id a validator keeps for life, from its first consensus key. */
export function validatorIdOf(firstPublicKey: PublicKey): ValidatorId {
  return asValidatorId(hashTagged(TAGS.VALIDATOR, firstPublicKey));
}

/** Sorts into set order. @throws AssertionError on an empty, oversized or repeated set */
export function buildValidatorSet(validators: readonly Validator[]): ValidatorSet {
  quorumOf(validators.length);
  const sorted = [...validators].sort((a, b) => compareBytes(a.id, b.id));
  for (let index = 1; index < sorted.length; index++) {
    const before = sorted[index - 1];
    const here = sorted[index];
    assert(before !== undefined && here !== undefined, 'index within the set');
    assert(compareBytes(before.id, here.id) < 0, 'validator ids are unique');
  }
  return Object.freeze(sorted);
}

/** Hash of a set: tag, count u16, then (id, key) in order. */
export function validatorsHash(set: ValidatorSet): Hash {
  const writer = createWriter();
  writer.u16(set.length);
  for (const validator of set) {
    writer.raw(validator.id);
    writer.raw(validator.publicKey);
  }
  return hashTagged(TAGS.VALIDATORS, writer.finish());
}

/** Position of a validator by id, or undefined. */
export function indexOfValidator(set: ValidatorSet, id: Uint8Array): number | undefined {
  const index = set.findIndex((validator) => equalBytes(validator.id, id));
  return index < 0 ? undefined : index;
}

/** Position of a validator by its present consensus key, or undefined. */
export function indexOfKey(set: ValidatorSet, publicKey: Uint8Array): number | undefined {
  const index = set.findIndex((validator) => equalBytes(validator.publicKey, publicKey));
  return index < 0 ? undefined : index;
}
