/**
 * The tree after a block, built beside the tree before it: nodes on the way to a change are copied,
 * everything else is shared. The recursion follows the definition in core's `state-tree.ts`: at most
 * 16 keys are a bucket, more are a node at the depth where they part; deletes merge again.
 *
 * Writes come sorted by key. A child is described by what its parent knows of it; a child that comes
 * back as the same object was not changed. `route` counts the leading nibbles that the place in the
 * tree implies, so that buckets need not store them.
 */
import { assert, nibbleAt, sharedNibbles, TREE_WIDTH } from '@daybook/core';
import type { Leaf } from './bucket-edit.ts';
import { BucketEditor } from './bucket-edit.ts';
import type { Child, RemovedRecord, TreeWrite } from './child.ts';
import { EMPTY_CHILD, isUnhashed, ownChild } from './child.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode, MemoryNode, PendingValue, StagedBucket } from './nodes.ts';
import { Arena, BASE_AT, PLACE_AT, PREFIX_AT, REPLACED_AT } from './nodes.ts';
import { copyBytes } from './numbers.ts';
import type { Ref } from './record-form.ts';

export class TreeStage {
  readonly id: number;
  readonly arena: Arena;
  /** Every node that this stage made, dropped ones included, to be hashed and given back. */
  readonly inner: InnerNode[] = [];
  readonly buckets: StagedBucket[] = [];
  /** Buckets that only get another place: their hashes are known. */
  readonly moved: StagedBucket[] = [];
  /** Records of the node log that the new tree no longer uses. */
  readonly dead: Ref[] = [];
  /** The same for nodes that an ancestor has staged and not yet stored. */
  readonly deadStaged: MemoryNode[] = [];
  /** Values that the new tree no longer uses; those of ancestors have places when this is stored. */
  readonly deadValues: (Ref | PendingValue)[] = [];
  /** Values of records that did not exist before. */
  readonly created: PendingValue[] = [];
  readonly removed: RemovedRecord[] = [];
  readonly #store: NodeStore;
  readonly #editor: BucketEditor;
  #writes: readonly TreeWrite[] = [];

  constructor(store: NodeStore, id: number) {
    this.#store = store;
    this.id = id;
    this.arena = new Arena(store.freeChunks);
    this.#editor = new BucketEditor(this, store);
  }

  /** The tree after the writes, which are sorted by key and name each key once. */
  apply(root: Child, writes: readonly TreeWrite[]): Child {
    this.#writes = writes;
    return this.#update(root, 0, writes.length, 0);
  }

  writeAt(index: number): TreeWrite {
    const write = this.#writes[index];
    assert(write !== undefined, 'an index of a write is in range');
    return write;
  }

  /** A copy of a node that this stage may change, or the node itself when it is its own. */
  ownCopy(node: InnerNode): InnerNode {
    if (node.stage === this.id) return node;
    const copy = this.#store.stagePool.take();
    this.inner.push(copy);
    copy.copyFrom(node);
    copyKids(node, copy);
    copy.touched = 0;
    copy.stage = this.id;
    copy.origin = node;
    // The place of a node that is only staged is known when its own stage is stored.
    if (node.ref === 0) {
      copy.replacedStaged = node;
      copy.changed = 0;
      copy.refs[REPLACED_AT] = 0;
    } else {
      copy.refs[REPLACED_AT] = node.ref;
    }
    copy.refs[PLACE_AT] = 0;
    return copy;
  }

  setChild(node: InnerNode, slot: number, child: Child): void {
    node.changed |= 1 << slot;
    node.touched |= 1 << slot;
    node.setCount(slot, child.count);
    node.refs[slot] = child.node === undefined ? child.ref : 0;
    if (child.node !== undefined || node.kids !== undefined) node.ownKids()[slot] = child.node;
    if (child.node?.stage === this.id) {
      child.node.parent = node;
      child.node.slot = slot;
    }
    if (!isUnhashed(child)) copyBytes(child.hashBytes, child.hashAt, node.bytes, 32 * slot, 32);
  }

  /** The child in a slot, as its parent knows it. */
  childAt(node: InnerNode, slot: number): Child {
    const count = node.count(slot);
    if (count === 0) return EMPTY_CHILD;
    const ref = node.refs[slot] ?? 0;
    return { count, ref, node: node.kids?.[slot], hashBytes: node.bytes, hashAt: 32 * slot };
  }

  innerOf(child: Child): InnerNode {
    const node = child.node ?? this.#store.inner(child.ref);
    assert(node.isInner, 'a child with more than 16 keys is an inner node');
    return node;
  }

  /** The subtree of leaves in key order that share the route. */
  build(leaves: readonly Leaf[], from: number, to: number, route: number): Child {
    const size = to - from;
    if (size === 0) return EMPTY_CHILD;
    if (size <= TREE_WIDTH) return this.#editor.build(leaves, from, to, route);
    const first = keyOfLeaf(leaves, from);
    const depth = sharedNibbles(first, keyOfLeaf(leaves, to - 1));
    assert(depth < 2 * first.length, 'no tree key is the beginning of another');
    const node = this.#freshInner(depth, first);
    for (let at = from; at < to; ) {
      const slot = nibbleAt(keyOfLeaf(leaves, at), depth);
      let end = at + 1;
      while (end < to && nibbleAt(keyOfLeaf(leaves, end), depth) === slot) end++;
      this.setChild(node, slot, this.build(leaves, at, end, depth + 1));
      at = end;
    }
    return ownChild(node);
  }

  #update(child: Child, from: number, to: number, route: number): Child {
    if (from === to) return child;
    if (child.count <= TREE_WIDTH) return this.#editor.update(child, from, to, route);
    const node = this.innerOf(child);
    // Writes are sorted, so the one that parts first from the prefix is at one of the ends.
    const first = sharedWithPrefix(node, this.#keyOf(from), route);
    const last = to - from === 1 ? first : sharedWithPrefix(node, this.#keyOf(to - 1), route);
    const parting = Math.min(first, last);
    if (parting < node.depth) return this.#split(child, { depth: parting, from, to, route });
    return this.#updateInner(child, node, { depth: node.depth, from, to, route });
  }

  #updateInner(child: Child, node: InnerNode, span: Span): Child {
    const { depth, to } = span;
    let copy: InnerNode | undefined;
    for (let at = span.from; at < to; ) {
      const slot = nibbleAt(this.#keyOf(at), depth);
      const end = this.#groupEnd(at, to, depth);
      const before = this.childAt(copy ?? node, slot);
      const after = this.#update(before, at, end, depth + 1);
      if (after !== before) {
        copy ??= this.ownCopy(node);
        this.setChild(copy, slot, after);
      }
      at = end;
    }
    if (copy === undefined) return child;
    const settled = this.#settle(copy, span.route);
    if (settled.node !== copy) this.#bury(node);
    return settled;
  }

  /** Puts a node above one whose prefix some of the writes do not share. */
  #split(child: Child, span: Span): Child {
    const { depth, to } = span;
    const prefix = this.innerOf(child).bytes.subarray(PREFIX_AT);
    const node = this.#freshInner(depth, prefix);
    const own = nibbleAt(prefix, depth);
    this.setChild(node, own, child);
    let isChanged = false;
    for (let at = span.from; at < to; ) {
      const slot = nibbleAt(this.#keyOf(at), depth);
      const end = this.#groupEnd(at, to, depth);
      const before = slot === own ? child : EMPTY_CHILD;
      const after = this.#update(before, at, end, depth + 1);
      if (after !== before) {
        isChanged = true;
        this.setChild(node, slot, after);
      }
      at = end;
    }
    if (isChanged) return this.#settle(node, span.route);
    node.isDropped = true; // Only removals of keys that do not exist: nothing to split.
    return child;
  }

  #freshInner(depth: number, key: Uint8Array): InnerNode {
    const node = this.#store.stagePool.take();
    this.inner.push(node);
    node.bytes.fill(0);
    node.refs.fill(0);
    node.depth = depth;
    node.stage = this.id;
    const prefixSize = (depth + 1) >> 1;
    copyBytes(key, 0, node.bytes, PREFIX_AT, prefixSize);
    if (depth % 2 === 1) {
      const last = PREFIX_AT + prefixSize - 1;
      node.bytes[last] = (node.bytes[last] ?? 0) & 0xf0;
    }
    return node;
  }

  /** What a changed node becomes: itself, its only child, one bucket of all below it, or nothing. */
  #settle(node: InnerNode, route: number): Child {
    let children = 0;
    let keys = 0;
    let only = 0;
    for (let slot = 0; slot < TREE_WIDTH; slot++) {
      const count = node.count(slot);
      if (count === 0) continue;
      children += 1;
      keys += count;
      only = slot;
      if (children > 1 && keys > TREE_WIDTH) return ownChild(node);
    }
    const survivor =
      keys > TREE_WIDTH ? this.#detach(node, only) : this.#mergeChildren(node, route);
    node.isDropped = true;
    return survivor;
  }

  /** The child of a slot, with its hash copied out of the node that is given up. */
  #detach(node: InnerNode, slot: number): Child {
    const child = this.childAt(node, slot);
    return { ...child, hashBytes: node.bytes.slice(32 * slot, 32 * slot + 32), hashAt: 0 };
  }

  #mergeChildren(node: InnerNode, route: number): Child {
    const leaves: Leaf[] = [];
    for (let slot = 0; slot < TREE_WIDTH; slot++) {
      if (node.count(slot) === 0) continue;
      leaves.push(...this.#editor.takeLeaves(this.childAt(node, slot)));
    }
    return this.build(leaves, 0, leaves.length, route);
  }

  #bury(node: InnerNode): void {
    if (node.ref === 0) this.deadStaged.push(node);
    else buryInner(node, this.dead);
  }

  #groupEnd(from: number, to: number, depth: number): number {
    if (to - from === 1) return to;
    const slot = nibbleAt(this.#keyOf(from), depth);
    let end = from + 1;
    while (end < to && nibbleAt(this.#keyOf(end), depth) === slot) end++;
    return end;
  }

  /** Nodes that the tree needs, by depth, the deepest first: none of a depth is above another. */
  levels(): readonly (readonly InnerNode[])[] {
    const levels: InnerNode[][] = [];
    for (const node of this.inner) {
      if (node.isDropped) continue;
      const level = levels[node.depth];
      if (level === undefined) levels[node.depth] = [node];
      else level.push(node);
    }
    return levels.filter((level) => level !== undefined).reverse();
  }

  #keyOf(index: number): Uint8Array {
    return this.writeAt(index).treeKey;
  }
}

/** A run of writes and the depth at which they are parted. */
interface Span {
  readonly depth: number;
  readonly from: number;
  readonly to: number;
  readonly route: number;
}

function copyKids({ kids }: InnerNode, copy: InnerNode): void {
  if (kids === undefined) return;
  const own = copy.ownKids();
  for (let slot = 0; slot < TREE_WIDTH; slot++) own[slot] = kids[slot];
}

/** The record of an inner node, and the complete one under it, join the dead. */
export function buryInner(node: InnerNode, dead: Ref[]): void {
  const base = node.refs[BASE_AT] ?? 0;
  dead.push(node.ref);
  if (base !== node.ref) dead.push(base);
}

/** Tells a staged copy where the version lies that it replaces, now that this one is stored. */
export function adoptPlace(copy: InnerNode, stored: InnerNode): void {
  copy.replacedStaged = undefined;
  copy.refs[REPLACED_AT] = stored.ref;
  copy.refs[BASE_AT] = stored.refs[BASE_AT] ?? 0;
  copy.changed |= stored.changed;
}

function keyOfLeaf(leaves: readonly Leaf[], index: number): Uint8Array {
  const leaf = leaves[index];
  assert(leaf !== undefined, 'an index of a leaf is in range');
  return leaf.treeKey;
}

/** @param route  so many nibbles are the same because the place in the tree says so */
function sharedWithPrefix(node: InnerNode, key: Uint8Array, route: number): number {
  const { depth, bytes } = node;
  for (let position = route - (route % 2); position < depth; position += 2) {
    const difference = (bytes[PREFIX_AT + (position >> 1)] ?? 0) ^ (key[position >> 1] ?? 0);
    if (difference >= TREE_WIDTH) return position;
    if (difference !== 0 && position + 1 < depth) return position + 1;
  }
  return depth;
}
