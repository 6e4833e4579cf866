/**
 * Walking one version of the tree to a key: for its value, or for a proof of presence or absence.
 */
import type { Hash, ProofEnd, ProofStep, StateProof } from '@daybook/core';
import {
  asHash,
  assert,
  nibbleAt,
  prefixOf,
  SLOT_PATH_LENGTH,
  sharedNibbles,
  slotsRoot,
  TREE_WIDTH,
  treePairHash,
  valueHashOf,
  ZERO_HASH,
} from '@daybook/core';
import type { Layout } from './bucket.ts';
import { findKey, keyAt, layoutOf, refAt } from './bucket.ts';
import type { Child } from './child.ts';
import { EMPTY_CHILD } from './child.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode, PendingValue } from './nodes.ts';
import { PREFIX_AT } from './nodes.ts';
import type { Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';
import { readValue } from './values.ts';

/** The bucket of a child; the bytes are valid until the next read. */
export function openBucket(child: Child, nodes: NodeStore): OpenBucket {
  const { node } = child;
  if (node === undefined) {
    const { bytes, at } = nodes.bucketBody(child.ref, child.count);
    return { bytes, layout: layoutOf(bytes, at), values: undefined };
  }
  assert(!node.isInner, 'a child with at most 16 keys is a bucket');
  return { bytes: node.bytes, layout: node.layout, values: node.values };
}

export interface OpenBucket {
  readonly bytes: Uint8Array;
  readonly layout: Layout;
  readonly values: readonly (PendingValue | undefined)[] | undefined;
}

/** The inner node of a child; valid until the cache is trimmed. */
export function openInner(child: Child, nodes: NodeStore): InnerNode {
  const node = child.node ?? nodes.inner(child.ref);
  assert(node.isInner, 'a child with more than 16 keys is an inner node');
  return node;
}

/** The child of a node in a slot. */
export function childOf(node: InnerNode, slot: number): Child {
  const count = node.count(slot);
  if (count === 0) return EMPTY_CHILD;
  const ref = node.refs[slot] ?? 0;
  return { count, ref, node: node.kids?.[slot], hashBytes: node.bytes, hashAt: 32 * slot };
}

/**
 * Where the value of a key is: its place, itself while it is only staged, or 0 when there is none.
 * @throws StateError STATE_DAMAGED
 */
export function findValue(root: Child, treeKey: Uint8Array, nodes: NodeStore): Ref | PendingValue {
  let child = root;
  while (child.count > TREE_WIDTH) {
    const node = openInner(child, nodes);
    child = childOf(node, nibbleAt(treeKey, node.depth));
  }
  if (child.count === 0) return 0;
  const { bytes, layout, values } = openBucket(child, nodes);
  const index = findKey(bytes, layout, treeKey);
  if (index === undefined || index < 0) return 0;
  return values?.[index] ?? refAt(bytes, layout, index);
}

/**
 * Proof of presence or absence of a key in a stored version.
 * @throws StateError STATE_DAMAGED
 */
export function proveKey(
  root: Child,
  treeKey: Uint8Array,
  nodes: NodeStore,
  values: RecordLog,
): StateProof {
  const steps: ProofStep[] = [];
  let child = root;
  while (child.count > TREE_WIDTH) {
    const node = openInner(child, nodes);
    const prefix = node.bytes.slice(PREFIX_AT, PREFIX_AT + Math.ceil(node.depth / 2));
    const slots = slotsOf(node);
    if (sharedNibbles(prefix, treeKey) < node.depth) {
      const end = {
        depth: node.depth,
        prefix: prefixOf(prefix, node.depth),
        slots: slotsRoot(slots),
      };
      return { steps, end: { kind: 'other-prefix', ...end } };
    }
    const slot = nibbleAt(treeKey, node.depth);
    steps.push({ depth: node.depth, siblings: siblingsOf(slots, slot) });
    child = childOf(node, slot);
  }
  if (child.count > 0) return { steps, end: proveInBucket(child, treeKey, nodes, values) };
  return { steps, end: { kind: steps.length === 0 ? 'empty-tree' : 'empty-slot' } };
}

function proveInBucket(
  child: Child,
  treeKey: Uint8Array,
  nodes: NodeStore,
  values: RecordLog,
): ProofEnd {
  const { bytes, layout } = openBucket(child, nodes);
  const { count } = layout;
  const hashes = Array.from({ length: count }, (_, index) => {
    const at = layout.hashesAt + 32 * index;
    return asHash(bytes.slice(at, at + 32));
  });
  const keys = hashes.map((_, index) => keyAt(bytes, layout, index));
  const refs = hashes.map((_, index) => refAt(bytes, layout, index));
  const place = findKey(bytes, layout, treeKey) ?? placeAmong(keys, treeKey);
  const leafAt = (index: number) => ({
    index,
    treeKey: keys[index] ?? treeKey,
    valueHash: valueHashAt(refs[index] ?? 0, values),
    siblings: siblingsOf(hashes, index),
  });
  if (place >= 0) return { kind: 'record', count, leaf: leafAt(place) };
  const next = -1 - place;
  const before = next > 0 ? { before: leafAt(next - 1) } : {};
  const after = next < count ? { after: leafAt(next) } : {};
  return { kind: 'other-keys', count, ...before, ...after };
}

/** Where a key would stand that does not begin with what all keys of the bucket share. */
function placeAmong(keys: readonly Uint8Array[], treeKey: Uint8Array): number {
  const index = keys.findIndex((key) => Buffer.compare(key, treeKey) > 0);
  return -1 - (index === -1 ? keys.length : index);
}

/** Hash of the value at a place. @throws StateError STATE_DAMAGED */
export function valueHashAt(ref: Ref, values: RecordLog): Hash {
  const { value } = readValue(values, ref);
  if (value === undefined) throw values.damage(ref, 'a removal where a value was expected');
  return valueHashOf(value);
}

/** The hashes of the children of a node. */
export function slotsOf(node: InnerNode): readonly Hash[] {
  return Array.from({ length: TREE_WIDTH }, (_, slot) =>
    asHash(node.bytes.slice(32 * slot, 32 * slot + 32)),
  );
}

/** The siblings of a slot on its way to the slots root, lowest level first. */
function siblingsOf(slots: readonly Hash[], slot: number): readonly Hash[] {
  const siblings: Hash[] = [];
  let level = Array.from({ length: TREE_WIDTH }, (_, index) => slots[index] ?? ZERO_HASH);
  for (let at = slot; siblings.length < SLOT_PATH_LENGTH; at >>= 1) {
    siblings.push(level[at ^ 1] ?? ZERO_HASH);
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, pair) =>
      treePairHash(below[2 * pair] ?? ZERO_HASH, below[2 * pair + 1] ?? ZERO_HASH),
    );
  }
  return siblings;
}
