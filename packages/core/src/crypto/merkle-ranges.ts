/**
 * Proofs of RFC 9162 without the leaves at hand: which ranges of leaves a proof names the roots of,
 * and of which complete subtrees such a root is made. Whoever keeps the hashes of subtrees answers
 * for a tree of millions with a few look-ups. Sizes are safe integers.
 */
import { assert } from '../codec/assert.ts';

/** Hashes in a proof: one for each level of a tree of fewer than 2^53 leaves, and the seed. */
export const MERKLE_PATH_MAX = 54;

/** Leaves from `start` up to, not including, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The 2^level leaves from index * 2^level. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Ranges of the path of a leaf, from its sibling up, RFC 9162 §2.1.3.1. */
export function inclusionRanges(size: number, index: number): readonly LeafRange[] {
  assert(Number.isSafeInteger(size), 'a size is a safe integer');
  assert(Number.isSafeInteger(index), 'an index is a safe integer');
  assert(index >= 0 && index < size, 'the leaf stands in the tree');
  const ranges: LeafRange[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** Ranges of the path from the tree of `smallerSize` leaves to that of all, RFC 9162 §2.1.4.1. */
export function consistencyRanges(smallerSize: number, size: number): readonly LeafRange[] {
  assert(Number.isSafeInteger(smallerSize), 'a size is a safe integer');
  assert(Number.isSafeInteger(size), 'a size is a safe integer');
  assert(smallerSize >= 1 && smallerSize <= size, 'the smaller tree has 1 to all of the leaves');
  const ranges: LeafRange[] = [];
  let [start, end] = [0, size];
  while (smallerSize < end) {
    const middle = start + largestPowerOfTwoBelow(end - start);
    if (smallerSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The smaller root itself is known to whoever verifies; a part of it is not.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The complete subtrees that a range of a proof is made of, the largest first. */
export function completeSubtrees({ start, end }: LeafRange): readonly Subtree[] {
  assert(start >= 0 && start < end, 'a range has leaves');
  const subtrees: Subtree[] = [];
  let at = start;
  while (at < end) {
    let [level, width] = [0, 1];
    while (2 * width <= end - at) {
      width *= 2;
      level += 1;
    }
    assert(at % width === 0, 'a range of a proof begins where its largest subtree can');
    subtrees.push({ level, index: at / width });
    at += width;
  }
  return subtrees;
}

/** The largest power of two that is smaller than `value`, at least 2. */
function largestPowerOfTwoBelow(value: number): number {
  let power = 1;
  while (2 * power < value) power *= 2;
  return power;
}
