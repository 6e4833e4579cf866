/**
 * Hashes of the nodes that a stage made, level by level from the deepest, in batches: the sixteen
 * slots of all nodes of one depth are folded together, which makes five native calls of some
 * thousand. The rules are those of core's `state-tree.ts`.
 */
import type { Hash } from '@daybook/core';
import {
  asHash,
  bucketLabel,
  concatBytes,
  EMPTY_STATE_ROOT,
  TAGS,
  TREE_WIDTH,
} from '@daybook/core';
import type { Child } from './child.ts';
import { digestInto } from './digest.ts';
import type { InnerNode, MemoryNode } from './nodes.ts';
import { LABEL_AT, LABEL_WORD_AT, PREFIX_AT } from './nodes.ts';
import { copyBytes, copyHash, HASH_WORDS } from './numbers.ts';
import { hashPairs } from './pair-hashes.ts';
import type { TreeStage } from './tree-stage.ts';

const SLOTS_SIZE = 32 * TREE_WIDTH;
const CHUNK_NODES = 512;
const NODE_KIND = 1;
const TAG_SIZE = 16;

/** By number of keys, as words. */
const BUCKET_LABELS = wordsOf(
  concatBytes(...Array.from({ length: TREE_WIDTH + 1 }, (_, count) => bucketLabel(count))),
);
const wide = new Uint8Array(CHUNK_NODES * SLOTS_SIZE);
const wideWords = wordsOf(wide);
const narrow = new Uint8Array((CHUNK_NODES * SLOTS_SIZE) / 2);
const narrowWords = wordsOf(narrow);
const labelInput = new Uint8Array(128);
labelInput.set(TAGS.TREENODE);
labelInput[TAG_SIZE] = NODE_KIND;
const leafInput = new Uint8Array(128);
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
  digestInto(leafInput.subarray(0, size), target, at);
}

function hashAll(nodes: readonly MemoryNode[], rootHash: Int32Array): void {
  let chunk: MemoryNode[] = [];
  for (const node of nodes) {
    if (node.isDropped) continue;
    chunk.push(node);
    if (chunk.length < CHUNK_NODES) continue;
    hashChunk(chunk, rootHash);
    chunk = [];
  }
  hashChunk(chunk, rootHash);
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length / 4);
}

// Plain loops here and below: iterators cost as much as the work they carry.
function hashChunk(nodes: readonly MemoryNode[], rootHash: Int32Array): void {
  const count = nodes.length;
  if (count === 0) return;
  for (let index = 0; index < count; index++) gather(nodes[index], index * SLOTS_SIZE);
  hashPairs(wide.subarray(0, 512 * count), narrow.subarray(0, 256 * count));
  hashPairs(narrow.subarray(0, 256 * count), wide.subarray(0, 128 * count));
  hashPairs(wide.subarray(0, 128 * count), narrow.subarray(0, 64 * count));
  hashPairs(narrow.subarray(0, 64 * count), wide.subarray(0, 32 * count));
  for (let index = 0; index < count; index++) {
    copyHash(wideWords, HASH_WORDS * index, narrowWords, 2 * HASH_WORDS * index);
    writeLabel(nodes[index], 2 * HASH_WORDS * index + HASH_WORDS);
  }
  hashPairs(narrow.subarray(0, 64 * count), wide.subarray(0, 32 * count));
  for (let index = 0; index < count; index++) {
    const node = nodes[index];
    const target = node?.parent?.words ?? rootHash;
    copyHash(wideWords, HASH_WORDS * index, target, HASH_WORDS * (node?.slot ?? 0));
  }
}

function gather(node: MemoryNode | undefined, at: number): void {
  if (node === undefined) return;
  if (node.isInner) {
    wide.set(node.hashes, at);
    return;
  }
  const { hashesAt, end } = node.layout;
  const used = end - hashesAt;
  copyBytes(node.bytes, hashesAt, wide, at, used);
  if (used < SLOTS_SIZE) wide.fill(0, at + used, at + SLOTS_SIZE);
}

/** @param at  place in `narrow`, in words */
function writeLabel(node: MemoryNode | undefined, at: number): void {
  if (node === undefined) return;
  if (!node.isInner) {
    copyHash(BUCKET_LABELS, HASH_WORDS * node.count, narrowWords, at);
    return;
  }
  if (!node.hasLabel) computeLabel(node);
  copyHash(node.words, LABEL_WORD_AT, narrowWords, at);
}

// A label depends on the prefix only, so a copy of a node keeps it.
function computeLabel(node: InnerNode): void {
  const prefixSize = Math.ceil(node.depth / 2);
  labelInput[TAG_SIZE + 1] = node.depth;
  copyBytes(node.bytes, PREFIX_AT, labelInput, TAG_SIZE + 2, prefixSize);
  digestInto(labelInput.subarray(0, TAG_SIZE + 2 + prefixSize), node.bytes, LABEL_AT);
  node.hasLabel = true;
}
