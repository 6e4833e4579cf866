/**
 * Merkle trees of RFC 9162 §2.1 over SHA-256: roots, inclusion and consistency proofs, and the
 * frontier that lets a tree grow without its leaves. Leaves are hashed with the prefix 0x00 and
 * nodes with 0x01, so that neither can pass for the other. Sizes are safe integers.
 */
import { assert } from '../codec/assert.ts';
import { equalBytes } from '../codec/bytes.ts';
import type { Hash } from './brands.ts';
import { HASH_SIZE } from './brands.ts';
import { sha256 } from './hash.ts';
import { consistencyRanges } from './merkle-ranges.ts';

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

// Working memory of `nodeHash`, so that a tree of a thousand leaves allocates only its hashes.
const nodeBytes = new Uint8Array(1 + 2 * HASH_SIZE).fill(NODE_PREFIX, 0, 1);

/** Proof that a leaf stands at an index of the tree with a root. */
export interface InclusionProof {
  readonly root: Uint8Array;
  /** Leaves in the tree. */
  readonly size: number;
  /** Position of the leaf, from 0. */
  readonly index: number;
  /** Hash of the leaf, see `leafHash`. */
  readonly leaf: Uint8Array;
  /** Hashes from the leaf's sibling up to the child of the root. */
  readonly path: readonly Uint8Array[];
}

/** Proof that the tree of the larger size begins with the leaves of the smaller one. */
export interface ConsistencyProof {
  readonly smallerSize: number;
  readonly smallerRoot: Uint8Array;
  readonly largerSize: number;
  readonly largerRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** All that a growing tree must remember: at most one hash for every bit of its size. */
export interface Frontier {
  /** Leaves appended so far. */
  readonly size: number;
  /** Roots of the complete subtrees, the largest first: one for each set bit of `size`. */
  readonly peaks: readonly Hash[];
}

/** Hash of a leaf's content. */
export function leafHash(content: Uint8Array): Hash {
  const bytes = new Uint8Array(1 + content.length);
  bytes[0] = LEAF_PREFIX;
  bytes.set(content, 1);
  return sha256(bytes);
}

/** Hash of an inner node over its two children, 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  assert(left.length === HASH_SIZE && right.length === HASH_SIZE, 'a node has two hashes');
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 1 + HASH_SIZE);
  return sha256(nodeBytes);
}

/** Root over leaf hashes in order; of no leaves, the hash of nothing. */
export function merkleRoot(leafHashes: readonly Hash[]): Hash {
  let level: readonly Hash[] = leafHashes;
  while (level.length > 1) {
    level = parents(level);
  }
  return level[0] ?? sha256(new Uint8Array());
}

/** Path from the leaf at `index` to the root, RFC 9162 §2.1.3.1. */
export function inclusionProof(leafHashes: readonly Hash[], index: number): Hash[] {
  assert(isIndex(index, leafHashes.length), 'the leaf stands in the tree');
  const path: Hash[] = [];
  let level = leafHashes;
  for (let at = index; level.length > 1; at = Math.floor(at / 2)) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1];
    if (sibling !== undefined) {
      path.push(sibling);
    }
    level = parents(level);
  }
  return path;
}

/**
 * Verifies a path as RFC 9162 §2.1.3.2 does; the step numbers are those of the RFC. Anything may be
 * handed in: numbers that are no sizes and hashes that are not 32 bytes prove nothing.
 */
export function verifyInclusion(proof: InclusionProof): boolean {
  if (!isIndex(proof.index, proof.size) || !areHashes([proof.root, proof.leaf], proof.path)) {
    return false; // step 1
  }
  let at = proof.index;
  let last = proof.size - 1;
  let root = proof.leaf; // steps 2 and 3
  for (const sibling of proof.path) {
    if (last === 0) {
      return false; // step 4a
    }
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root); // step 4b
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      root = nodeHash(root, sibling); // step 4c
    }
    at = half(at); // step 4d
    last = half(last);
  }
  return last === 0 && equalBytes(root, proof.root); // step 5
}

/**
 * Path that shows how the tree of the first `smallerSize` leaves became the tree of all of them,
 * RFC 9162 §2.1.4.1.
 * @param smallerSize  from 1 to the number of leaves
 */
export function consistencyProof(leafHashes: readonly Hash[], smallerSize: number): Hash[] {
  const ranges = consistencyRanges(smallerSize, leafHashes.length);
  return ranges.map(({ start, end }) => merkleRoot(leafHashes.slice(start, end)));
}

/**
 * Verifies a path as RFC 9162 §2.1.4.2 does. Sizes that are equal need an empty path and equal
 * roots; every tree begins with the empty one, whose root is checked too. Anything may be handed in.
 */
export function verifyConsistency(proof: ConsistencyProof): boolean {
  const { smallerSize, largerSize, smallerRoot, largerRoot, path } = proof;
  if (!isSize(smallerSize) || !isSize(largerSize) || smallerSize > largerSize) {
    return false;
  }
  if (!areHashes([smallerRoot, largerRoot], path)) {
    return false;
  }
  if (smallerSize === largerSize) {
    return path.length === 0 && equalBytes(smallerRoot, largerRoot);
  }
  if (smallerSize === 0) {
    return path.length === 0 && equalBytes(smallerRoot, merkleRoot([]));
  }
  const [seed, rest] = isPowerOfTwo(smallerSize)
    ? [smallerRoot, path] // step 2: the smaller root is the first node of the path
    : [path[0], path.slice(1)];
  return seed !== undefined && climbsToBoth(proof, seed, rest);
}

/** The tree without leaves. */
export function emptyFrontier(): Frontier {
  return { size: 0, peaks: [] };
}

/** The frontier with one more leaf; the one given is not changed. */
export function appendFrontier(frontier: Frontier, leaf: Hash): Frontier {
  assert(frontier.size < Number.MAX_SAFE_INTEGER, 'a tree has fewer than 2^53 leaves');
  const peaks = [...frontier.peaks];
  let carried = leaf;
  // Like adding one to a binary number: each set low bit is a peak that merges with the carry.
  for (let bits = frontier.size; bits % 2 === 1; bits = half(bits)) {
    const left = peaks.pop();
    assert(left !== undefined, 'a frontier has a peak for every set bit of its size');
    carried = nodeHash(left, carried);
  }
  peaks.push(carried);
  return { size: frontier.size + 1, peaks };
}

/** Root of the tree that a frontier stands for; equals `merkleRoot` of its leaves. */
export function frontierRoot({ peaks }: Frontier): Hash {
  return foldPeaks(peaks);
}

/** Root over the roots of complete subtrees, the largest first; of none, the hash of nothing. */
export function foldPeaks(peaks: readonly Hash[]): Hash {
  let root = peaks.at(-1);
  if (root === undefined) {
    return merkleRoot([]);
  }
  for (let index = peaks.length - 2; index >= 0; index -= 1) {
    const left = peaks[index];
    assert(left !== undefined, 'the index is within the peaks');
    root = nodeHash(left, root);
  }
  return root;
}

function areHashes(ends: readonly Uint8Array[], path: readonly Uint8Array[]): boolean {
  return [ends, path].every((hashes) => hashes.every((hash) => hash.length === HASH_SIZE));
}

/** One level up; a last node without sibling is carried unchanged. */
function parents(level: readonly Hash[]): readonly Hash[] {
  const next: Hash[] = [];
  const { length } = level;
  for (let index = 0; index < length; index += 2) {
    const left = level[index];
    const right = level[index + 1];
    if (left !== undefined) {
      next.push(right === undefined ? left : nodeHash(left, right));
    }
  }
  return next;
}

/** Steps 3 to 7 of RFC 9162 §2.1.4.2: `seed` grows into both roots at once. */
function climbsToBoth(
  proof: ConsistencyProof,
  seed: Uint8Array,
  path: readonly Uint8Array[],
): boolean {
  let at = proof.smallerSize - 1;
  let last = proof.largerSize - 1; // step 3
  while (at % 2 === 1) {
    at = half(at);
    last = half(last); // step 4
  }
  let smaller = seed;
  let larger = seed; // step 5
  for (const node of path) {
    if (last === 0) {
      return false; // step 6a
    }
    if (at % 2 === 1 || at === last) {
      smaller = nodeHash(node, smaller);
      larger = nodeHash(node, larger); // step 6b
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      larger = nodeHash(larger, node); // step 6c
    }
    at = half(at); // step 6d
    last = half(last);
  }
  // step 7
  return (
    last === 0 && equalBytes(smaller, proof.smallerRoot) && equalBytes(larger, proof.largerRoot)
  );
}

// Sizes exceed 32 bits, so that shifts are out of the question.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isIndex(index: number, size: number): boolean {
  return isSize(index) && isSize(size) && index < size;
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && rest % 2 === 0) {
    rest = half(rest);
  }
  return rest === 1;
}
