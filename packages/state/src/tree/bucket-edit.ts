/**
 * Changing buckets of a staged tree. One or a few writes to a bucket are edits of its bytes; more,
 * or a bucket that overflows, go through a list of leaves from which the subtree is built anew.
 */
import { compareBytes, TREE_WIDTH } from '@daybook/core';
import type { BucketBody, Layout } from './bucket.ts';
import {
  bodySizeOf,
  findKey,
  hasHashAt,
  keyAt,
  layoutOf,
  refAt,
  setRefAt,
  writeHead,
  writeInserted,
  writeLeaf,
  writeRemoved,
  writeReplaced,
} from './bucket.ts';
import type { Child, TreeWrite } from './child.ts';
import { ownChild } from './child.ts';
import type { NodeStore } from './node-store.ts';
import type { PendingValue } from './nodes.ts';
import { StagedBucket } from './nodes.ts';
import type { Ref } from './record-form.ts';
import type { TreeStage } from './tree-stage.ts';

/** One record of a bucket, taken out of it. */
export interface Leaf {
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
  /** Place of its value, or 0 with the staged value. */
  readonly ref: Ref;
  readonly value: PendingValue | undefined;
}

/** A bucket in the middle of being changed; stored ones have no staged values. */
interface Working extends BucketBody {
  readonly layout: Layout;
  readonly values: readonly (PendingValue | undefined)[] | undefined;
}

/** Up to so many writes to one bucket are edits; beyond, building anew is cheaper. */
const EDITS_MAX = 4;

export class BucketEditor {
  readonly #stage: TreeStage;
  readonly #store: NodeStore;

  constructor(stage: TreeStage, store: NodeStore) {
    this.#stage = stage;
    this.#store = store;
  }

  /** The subtree in place of a bucket or an empty slot, after writes that all route to it. */
  update(child: Child, from: number, to: number, route: number): Child {
    if (child.count === 0) return this.#rebuild([], from, to, route);
    const before = this.#bodyOf(child);
    let current = before;
    let next = from;
    while (next < to && to - from <= EDITS_MAX) {
      const edited = this.#edit(current, next);
      if (edited === undefined) break;
      current = edited;
      next += 1;
    }
    if (next < to) {
      this.#bury(child);
      return this.#rebuild(leavesOf(current), next, to, route);
    }
    if (current === before) return child;
    this.#bury(child);
    return ownChild(this.#staged(current, copyOf(current.values, current.layout.count)));
  }

  /** A bucket of up to 16 leaves in key order. */
  bucketOf(leaves: readonly Leaf[], from: number, to: number, route: number): StagedBucket {
    const run = leaves.slice(from, to);
    const keySize = run.reduce((size, { key }) => Math.max(size, key.length), 0);
    const shared = run[0]?.key.subarray(0, route >> 1) ?? new Uint8Array();
    const stride = keySize - shared.length;
    const target = this.#room(bodySizeOf(run.length, shared.length, stride));
    const layout = writeHead(target, run.length, shared, stride);
    for (const [index, leaf] of run.entries()) {
      writeLeaf(target.bytes, layout, index, leaf);
      setRefAt(target.bytes, layout, index, leaf.ref);
    }
    const values = run.map(({ value }) => value);
    return this.#staged({ ...target, layout, values }, values);
  }

  /** All leaves of a bucket that ceases to exist. */
  takeLeaves(child: Child): readonly Leaf[] {
    const body = this.#bodyOf(child);
    const leaves = leavesOf(body);
    this.#bury(child);
    return leaves;
  }

  /** The bucket after one write; the same object when nothing changed; undefined to build anew. */
  #edit(body: Working, index: number): Working | undefined {
    const write = this.#stage.writeAt(index);
    const { bytes, layout } = body;
    const found = findKey(bytes, layout, write.treeKey);
    if (found === undefined) return undefined;
    if (found < 0)
      return write.leafHash === undefined ? body : this.#insert(body, -1 - found, write);
    if (write.leafHash === undefined) return this.#remove(body, found, write);
    if (hasHashAt(bytes, layout, found, write.leafHash)) return body;
    return this.#replace(body, found, write);
  }

  #insert(body: Working, index: number, write: TreeWrite): Working | undefined {
    const { count, shared, stride } = body.layout;
    const rest = write.treeKey.length - shared;
    if (count === TREE_WIDTH || rest > stride || write.leafHash === undefined) return undefined;
    const target = this.#room(bodySizeOf(count + 1, shared, stride));
    const leaf = { key: write.treeKey, hash: write.leafHash };
    writeInserted(body, body.layout, index, { leaf, target });
    const values = copyOf(body.values, count);
    const created = pendingOf(write, 0);
    this.#stage.created.push(created);
    values.splice(index, 0, created);
    return { ...target, layout: layoutOf(target.bytes, target.at), values };
  }

  #replace(body: Working, index: number, write: TreeWrite): Working {
    const { layout } = body;
    const target = this.#room(layout.end - body.at);
    const hash = write.leafHash ?? write.treeKey;
    writeReplaced(body, layout, index, { hash, target });
    const values = copyOf(body.values, layout.count);
    values[index] = pendingOf(write, this.#retireValue(previousOf(body, index)));
    return { ...target, layout: layoutOf(target.bytes, target.at), values };
  }

  #remove(body: Working, index: number, write: TreeWrite): Working | undefined {
    const { count, shared, stride } = body.layout;
    // The last leaf goes with its bucket, which is done where subtrees are built.
    if (count === 1) return undefined;
    const { recordKey } = write;
    const previous = this.#retireValue(previousOf(body, index));
    this.#stage.removed.push({ recordKey, previous });
    const target = this.#room(bodySizeOf(count - 1, shared, stride));
    writeRemoved(body, body.layout, index, target);
    const values = copyOf(body.values, count);
    values.splice(index, 1);
    return { ...target, layout: layoutOf(target.bytes, target.at), values };
  }

  /** The subtree of leaves and writes together. */
  #rebuild(old: readonly Leaf[], from: number, to: number, route: number): Child {
    const merged: Leaf[] = [];
    let at = 0;
    for (let index = from; index < to; index++) {
      const write = this.#stage.writeAt(index);
      let order = 1;
      for (let leaf = old[at]; leaf !== undefined; leaf = old[at]) {
        order = compareBytes(leaf.key, write.treeKey);
        if (order >= 0) break;
        merged.push(leaf);
        at += 1;
      }
      const found = order === 0 ? old[at] : undefined;
      if (found !== undefined) at += 1;
      const leaf = this.#mergedLeaf(found, write);
      if (leaf !== undefined) merged.push(leaf);
    }
    merged.push(...old.slice(at));
    return this.#stage.build(merged, 0, merged.length, route);
  }

  #mergedLeaf(found: Leaf | undefined, write: TreeWrite): Leaf | undefined {
    const { leafHash, recordKey, treeKey } = write;
    const previous = found === undefined ? 0 : (found.value ?? found.ref);
    if (leafHash === undefined) {
      if (found === undefined) return undefined;
      this.#stage.removed.push({ recordKey, previous: this.#retireValue(previous) });
      return undefined;
    }
    if (found !== undefined && compareBytes(found.hash, leafHash) === 0) return found;
    const value = pendingOf(write, previous);
    if (found === undefined) this.#stage.created.push(value);
    else this.#retireValue(previous);
    return { key: treeKey, hash: leafHash, ref: 0, value };
  }

  #bodyOf(child: Child): Working {
    const { node } = child;
    if (node === undefined) {
      const { bytes, at } = this.#store.replacedBody(child.ref, child.count);
      return { bytes, at, layout: layoutOf(bytes, at), values: undefined };
    }
    if (node.isInner) throw new TypeError('a child with at most 16 keys is a bucket');
    return node;
  }

  #staged(body: Working, values: (PendingValue | undefined)[]): StagedBucket {
    const { bytes, at, layout } = body;
    const bucket = new StagedBucket({ bytes, at, layout, values, stage: this.#stage.id });
    this.#stage.buckets.push(bucket);
    return bucket;
  }

  #bury({ node, ref }: Child): void {
    if (node === undefined) this.#stage.dead.push(ref);
    else if (node.stage === this.#stage.id) node.isDropped = true;
    else this.#stage.deadStaged.push(node);
  }

  #retireValue(previous: Ref | PendingValue): Ref | PendingValue {
    this.#stage.deadValues.push(previous);
    return previous;
  }

  #room(size: number): BucketBody {
    const { arena } = this.#stage;
    const at = arena.reserve(size);
    return { bytes: arena.bytes, at };
  }
}

function leavesOf({ bytes, layout, values }: Working): readonly Leaf[] {
  return Array.from({ length: layout.count }, (_, index) => {
    const hashAt = layout.hashesAt + 32 * index;
    const hash = bytes.slice(hashAt, hashAt + 32);
    const key = keyAt(bytes, layout, index);
    return { key, hash, ref: refAt(bytes, layout, index), value: values?.[index] };
  });
}

function pendingOf(write: TreeWrite, previous: Ref | PendingValue): PendingValue {
  const { recordKey: key, value = EMPTY_BYTES } = write;
  return { key, value, previous, ref: 0, writtenAt: undefined };
}

function previousOf(body: Working, index: number): Ref | PendingValue {
  return body.values?.[index] ?? refAt(body.bytes, body.layout, index);
}

function copyOf(
  values: readonly (PendingValue | undefined)[] | undefined,
  count: number,
): (PendingValue | undefined)[] {
  return (values ?? NO_VALUES[count] ?? []).slice();
}

/** Lists of as many absent values as the index says: copying one is cheaper than filling one. */
const NO_VALUES: readonly (readonly (PendingValue | undefined)[])[] = Array.from(
  { length: TREE_WIDTH + 1 },
  (_, count) => Array.from({ length: count }, () => undefined),
);
const EMPTY_BYTES = new Uint8Array();
