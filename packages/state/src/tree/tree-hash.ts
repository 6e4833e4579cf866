/**
 * Hashes of the nodes that a stage made, level by level from the deepest, in batches: the slots of
 * all nodes of one depth are folded together, which makes five native calls of some thousand. Of
 * small buckets only the slots in use are folded; what the empty ones hash to is known. The rules are
 * those of core's `state-tree.ts`.
 */
import type { Hash } from '@daybook/core';
import {
  asHash,
  bucketLabel,
  concatBytes,
  EMPTY_STATE_ROOT,
  SLOT_PATH_LENGTH,
  TAGS,
  TREE_WIDTH,
  treePairHash,
  ZERO_HASH,
} from '@daybook/core';
import type { Child } from './child.ts';
import { digestInto } from './digest.ts';
import type { InnerNode, MemoryNode } from './nodes.ts';
import { LABEL_AT, LABEL_WORD_AT, PREFIX_AT } from './nodes.ts';
import { copyBytes, copyHash, HASH_WORDS } from './numbers.ts';
import { hashPairs } from './pair-hashes.ts';
import { PrefixViews } from './prefix-views.ts';
import type { TreeStage } from './tree-stage.ts';

const CHUNK_NODES = 512;
const NODE_KIND = 1;
const TAG_SIZE = 16;
const HASH_SIZE = 32;
/** Levels of pairs over sixteen slots. */
const LEVELS = SLOT_PATH_LENGTH;

/** By number of keys, as words. */
const BUCKET_LABELS = wordsOf(
  concatBytes(...Array.from({ length: TREE_WIDTH + 1 }, (_, count) => bucketLabel(count))),
);
/** By level, what empty slots hash to, as words. */
const EMPTY_SUBTREES = wordsOf(emptySubtrees());

/** Working memory for hashes. */
interface Run {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** The first so many. */
  hashes(count: number): Uint8Array;
}

const wide = runOf(CHUNK_NODES * TREE_WIDTH);
const narrow = runOf((CHUNK_NODES * TREE_WIDTH) / 2);
const labelInput = new Uint8Array(128);
labelInput.set(TAGS.TREENODE);
labelInput[TAG_SIZE] = NODE_KIND;
const leafViews = new PrefixViews(128);
const leafInput = leafViews.bytes;
leafInput.set(TAGS.TREELEAF);

/** Hashes all nodes of a stage and returns the state root. */
export function hashStage(root: Child, stage: TreeStage): Hash {
  if (root.count === 0) return EMPTY_STATE_ROOT;
  if (root.node?.stage !== stage.id) {
    return asHash(root.hashBytes.slice(root.hashAt, root.hashAt + 32));
  }
  root.node.parent = undefined;
  root.node.slot = 0;
  const rootHash = new Int32Array(HASH_WORDS);
  hashAll(stage.buckets, rootHash);
  for (const level of stage.levels()) hashAll(level, rootHash);
  return asHash(new Uint8Array(rootHash.buffer));
}

/** Writes the hash of a leaf to 32 bytes of `target`: H(TREELEAF | key length | key | value hash). */
export function writeLeafHash(
  key: Uint8Array,
  valueHash: Uint8Array,
  target: Uint8Array,
  at: number,
): void {
  leafInput[TAG_SIZE] = key.length;
  copyBytes(key, 0, leafInput, TAG_SIZE + 1, key.length);
  copyBytes(valueHash, 0, leafInput, TAG_SIZE + 1 + key.length, 32);
  const size = TAG_SIZE + 1 + key.length + 32;
  digestInto(leafViews.to(size), target, at);
}

/** Nodes in chunks of one width: the slots that may have something in them, a power of two. */
function hashAll(nodes: readonly MemoryNode[], rootHash: Int32Array): void {
  const chunks: MemoryNode[][] = [[], [], [], [], []];
  for (const node of nodes) {
    if (node.isDropped) continue;
    const levels = node.isInner ? LEVELS : levelsOf(node.count);
    const chunk = chunks[levels] ?? [];
    chunk.push(node);
    if (chunk.length < CHUNK_NODES) continue;
    hashChunk(chunk, levels, rootHash);
    chunk.length = 0;
  }
  for (const [levels, chunk] of chunks.entries()) hashChunk(chunk, levels, rootHash);
}

/** Levels over the slots of a bucket in which some hash is not of empty slots alone; at least one. */
function levelsOf(count: number): number {
  return Math.max(1, 32 - Math.clz32(count - 1));
}

// Plain loops here and below: iterators cost as much as the work they carry.
function hashChunk(nodes: readonly MemoryNode[], levels: number, rootHash: Int32Array): void {
  const count = nodes.length;
  if (count === 0) return;
  let [from, to] = [wide, narrow];
  for (let index = 0; index < count; index++) gather(nodes[index], index << levels, 1 << levels);
  for (let width = 1 << levels; width > 1; width /= 2) {
    hashPairs(from.hashes(width * count), to.hashes((width / 2) * count));
    [from, to] = [to, from];
  }
  for (let level = levels; level < LEVELS; level++) {
    spread(from.words, to.words, count);
    for (let index = 0; index < count; index++) {
      copyHash(EMPTY_SUBTREES, HASH_WORDS * level, to.words, HASH_WORDS * (2 * index + 1));
    }
    hashPairs(to.hashes(2 * count), from.hashes(count));
  }
  spread(from.words, to.words, count);
  for (let index = 0; index < count; index++) {
    writeLabel(nodes[index], to.words, HASH_WORDS * (2 * index + 1));
  }
  hashPairs(to.hashes(2 * count), from.hashes(count));
  for (let index = 0; index < count; index++) {
    const node = nodes[index];
    const target = node?.parent?.words ?? rootHash;
    copyHash(from.words, HASH_WORDS * index, target, HASH_WORDS * (node?.slot ?? 0));
  }
}

/** Copies hashes to every second place. */
function spread(from: Int32Array, to: Int32Array, count: number): void {
  for (let index = 0; index < count; index++) {
    copyHash(from, HASH_WORDS * index, to, 2 * HASH_WORDS * index);
  }
}

/** Brings the hashes of the slots of a node to a place, counted in hashes, of so many. */
function gather(node: MemoryNode | undefined, place: number, width: number): void {
  if (node === undefined) return;
  const at = HASH_SIZE * place;
  if (node.isInner) {
    wide.bytes.set(node.hashes, at);
    return;
  }
  const { hashesAt, end, count } = node.layout;
  copyBytes(node.bytes, hashesAt, wide.bytes, at, end - hashesAt);
  for (let index = place + count; index < place + width; index++) {
    copyHash(EMPTY_SUBTREES, 0, wide.words, HASH_WORDS * index);
  }
}

function writeLabel(node: MemoryNode | undefined, words: Int32Array, at: number): void {
  if (node === undefined) return;
  if (!node.isInner) {
    copyHash(BUCKET_LABELS, HASH_WORDS * node.count, words, at);
    return;
  }
  if (!node.hasLabel) computeLabel(node);
  copyHash(node.words, LABEL_WORD_AT, words, at);
}

// A label depends on the prefix only, so a copy of a node keeps it.
function computeLabel(node: InnerNode): void {
  const prefixSize = Math.ceil(node.depth / 2);
  labelInput[TAG_SIZE + 1] = node.depth;
  copyBytes(node.bytes, PREFIX_AT, labelInput, TAG_SIZE + 2, prefixSize);
  digestInto(labelInput.subarray(0, TAG_SIZE + 2 + prefixSize), node.bytes, LABEL_AT);
  node.hasLabel = true;
}

function emptySubtrees(): Uint8Array {
  const hashes = [ZERO_HASH];
  while (hashes.length < LEVELS) {
    const below = hashes.at(-1) ?? ZERO_HASH;
    hashes.push(treePairHash(below, below));
  }
  return concatBytes(...hashes);
}

function runOf(count: number): Run {
  const bytes = new Uint8Array(HASH_SIZE * count);
  return { bytes, words: wordsOf(bytes), hashes: (few) => bytes.subarray(0, HASH_SIZE * few) };
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length / 4);
}
