/**
 * The state tree as everybody must compute it. Keys are the tree keys of `state-key.ts`, read as
 * nibbles. A subtree of at most 16 keys is a bucket; a larger one is a node at the depth where its
 * keys part, with one slot per nibble. So the root depends on what is stored and never on the order
 * of writes, and a record set or a partition is one subtree.
 *
 *   leaf   = H(TREELEAF | key length u8 | key | value hash)
 *   slots  = root of the binary tree over 16 hashes, H(left | right), empty slots are zero
 *   bucket = H(slots of its leaves in key order | H(TREENODE | 2 | count u8))
 *   node   = H(slots of its children            | H(TREENODE | 1 | depth u8 | first nibbles))
 */
import { assert } from '../codec/assert.ts';
import { concatBytes } from '../codec/bytes.ts';
import { hashTagged, sha256 } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash } from './ids.ts';
import { ZERO_HASH } from './ids.ts';

/** Slots of a node, and most keys of a bucket. */
export const TREE_WIDTH = 16;
/** Siblings of a slot on the way to the slots root. */
export const SLOT_PATH_LENGTH = 4;
/** Root of the tree without records. */
export const EMPTY_STATE_ROOT: Hash = ZERO_HASH;

/** One record of a tree. */
export interface TreeLeaf {
  readonly treeKey: Uint8Array;
  readonly valueHash: Hash;
}

const NODE_KIND = 1;
const BUCKET_KIND = 2;

assert(2 ** SLOT_PATH_LENGTH === TREE_WIDTH, 'a path leads from one slot to all of them');

/** Hash of one record in its bucket. */
export function treeLeafHash(treeKey: Uint8Array, valueHash: Hash): Hash {
  return hashTagged(TAGS.TREELEAF, Uint8Array.of(treeKey.length), treeKey, valueHash);
}

/** Right half of a bucket's hash; a bucket has 1 to 16 keys. */
export function bucketLabel(count: number): Hash {
  return hashTagged(TAGS.TREENODE, Uint8Array.of(BUCKET_KIND, count));
}

/** Right half of a node's hash. @param key  any key below the node */
export function nodeLabel(depth: number, key: Uint8Array): Hash {
  return hashTagged(TAGS.TREENODE, Uint8Array.of(NODE_KIND, depth), prefixOf(key, depth));
}

/** Hash of two hashes of the tree side by side: both halves are hashes, so no tag is needed. */
export function treePairHash(left: Hash, right: Hash): Hash {
  return sha256(concatBytes(left, right));
}

/** Root of up to 16 slots; the missing ones are empty. */
export function slotsRoot(slots: readonly Hash[]): Hash {
  return runRoot(Array.from({ length: TREE_WIDTH }, (_, slot) => slots[slot] ?? ZERO_HASH));
}

/** Root of a run of slots: 1, 2, 4, 8 or all 16 of them. */
export function runRoot(run: readonly Hash[]): Hash {
  let level = run;
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, pair) =>
      treePairHash(below[2 * pair] ?? ZERO_HASH, below[2 * pair + 1] ?? ZERO_HASH),
    );
  }
  return level[0] ?? ZERO_HASH;
}

/** Nibble of a key at a position, the high half of a byte first. */
export function nibbleAt(key: Uint8Array, position: number): number {
  const byte = key[position >> 1] ?? 0;
  return position % 2 === 0 ? byte >> 4 : byte & 15;
}

/** How many leading nibbles two keys share. */
export function sharedNibbles(a: Uint8Array, b: Uint8Array): number {
  const size = Math.min(a.length, b.length);
  for (let index = 0; index < size; index++) {
    const difference = (a[index] ?? 0) ^ (b[index] ?? 0);
    if (difference !== 0) return 2 * index + (difference < TREE_WIDTH ? 1 : 0);
  }
  return 2 * size;
}

/** First `depth` nibbles in whole bytes, a zero nibble behind an odd number of them. */
export function prefixOf(key: Uint8Array, depth: number): Uint8Array {
  const prefix = key.slice(0, Math.ceil(depth / 2));
  const last = prefix.length - 1;
  if (depth % 2 === 1) prefix[last] = (prefix[last] ?? 0) & 0xf0;
  return prefix;
}

function slotOf(leaf: TreeLeaf | undefined, depth: number): number | undefined {
  return leaf && nibbleAt(leaf.treeKey, depth);
}

/**
 * State root of a whole set of records, or hash of the subtree of those below one prefix: the
 * definition of the tree, which faster implementations must agree with.
 * @param leaves  in ascending order of keys, each key once, none the beginning of another
 */
export function treeRootOf(leaves: readonly TreeLeaf[]): Hash {
  const first = leaves[0];
  const last = leaves[leaves.length - 1];
  if (first === undefined || last === undefined) return EMPTY_STATE_ROOT;
  if (leaves.length <= TREE_WIDTH) {
    const hashes = leaves.map(({ treeKey, valueHash }) => treeLeafHash(treeKey, valueHash));
    return treePairHash(slotsRoot(hashes), bucketLabel(leaves.length));
  }
  const depth = sharedNibbles(first.treeKey, last.treeKey);
  let from = 0;
  const children = Array.from({ length: TREE_WIDTH }, (_, slot) => {
    let to = from;
    while (to < leaves.length && slotOf(leaves[to], depth) === slot) to += 1;
    const child = treeRootOf(leaves.slice(from, to));
    from = to;
    return child;
  });
  return treePairHash(slotsRoot(children), nodeLabel(depth, first.treeKey));
}

/** Hash of an empty run of 1, 2, 4 and 8 slots. */
export const EMPTY_SLOTS: readonly Hash[] = emptySlots();

function emptySlots(): readonly Hash[] {
  const hashes: Hash[] = [ZERO_HASH];
  for (let level = 1; level < SLOT_PATH_LENGTH; level++) {
    const below = hashes[level - 1] ?? ZERO_HASH;
    hashes.push(treePairHash(below, below));
  }
  return hashes;
}
