/**
 * Changing buckets of a staged tree. One or a few writes to a bucket are edits of its bytes; more,
 * or a bucket that overflows, go through a list of leaves from which the subtree is built anew.
 */
import { compareBytes, TREE_WIDTH } from '@daybook/core';
import type { BucketBody, HashPlace, Layout } from './bucket.ts';
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
import { NO_VALUES, noValues, StagedBucket } from './nodes.ts';
import { isSameRun } from './numbers.ts';
import type { Ref } from './record-form.ts';
import type { TreeStage } from './tree-stage.ts';

/** One record of a bucket, taken out of it; its hash may still be where the bucket is. */
export interface Leaf extends HashPlace {
  readonly treeKey: Uint8Array;
  /** Place of its value, or 0 with the staged value. */
  readonly ref: Ref;
  readonly value: PendingValue | undefined;
}

/** A bucket to be read: a staged one, or a stored one until the next read. */
interface ReadBucket extends BucketBody {
  readonly layout: Layout;
  readonly values: readonly (PendingValue | undefined)[];
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
    const before = this.#bucketOf(child);
    let current: StagedBucket | undefined;
    let next = from;
    while (next < to && to - from <= EDITS_MAX) {
      const edited = this.#edit(current ?? before, next);
      if (edited === undefined) break;
      if (edited !== 'same') current = edited;
      next += 1;
    }
    if (next < to) {
      this.#bury(child);
      // Nothing is read until the leaves are in their new buckets.
      return this.#rebuild(leavesOf(current ?? before), next, to, route);
    }
    if (current === undefined) return child;
    this.#bury(child);
    return this.#staged(current);
  }

  /** A bucket of up to 16 leaves in key order. */
  build(leaves: readonly Leaf[], from: number, to: number, route: number): Child {
    const firstKey = leaves[from]?.treeKey ?? EMPTY_BYTES;
    let keySize = 0;
    for (let at = from; at < to; at++) {
      keySize = Math.max(keySize, leaves[at]?.treeKey.length ?? 0);
    }
    const count = to - from;
    const shared = Math.min(route >> 1, firstKey.length);
    const stride = keySize - shared;
    const target = this.#room(bodySizeOf(count, shared, stride));
    writeHead(target, { count, shared, stride }, firstKey);
    const bucket = new StagedBucket(target, noValues(count), this.#stage.id);
    for (let index = 0; index < count; index++) {
      const leaf = leaves[from + index];
      if (leaf === undefined) break;
      writeLeaf(target.bytes, bucket.layout, index, leaf);
      setRefAt(target.bytes, bucket.layout, index, leaf.ref);
      bucket.values[index] = leaf.value;
    }
    return this.#staged(bucket);
  }

  /** All leaves of a bucket that ceases to exist. */
  takeLeaves(child: Child): readonly Leaf[] {
    const { bytes, at, layout, values } = this.#bucketOf(child);
    // Other buckets will be read before the leaves are used.
    const own = bytes.slice(at, layout.end);
    const leaves = leavesOf({ bytes: own, at: 0, layout: layoutOf(own, 0), values });
    this.#bury(child);
    return leaves;
  }

  /** The bucket after one write; undefined to build anew. */
  #edit(bucket: ReadBucket, index: number): StagedBucket | 'same' | undefined {
    const write = this.#stage.writeAt(index);
    const { bytes, layout } = bucket;
    const found = findKey(bytes, layout, write.treeKey);
    if (found === undefined) return undefined;
    if (found < 0) {
      return write.value === undefined ? 'same' : this.#insert(bucket, -1 - found, write);
    }
    if (write.value === undefined) return this.#remove(bucket, found, write);
    if (hasHashAt(bytes, layout, found, write)) return 'same';
    return this.#replace(bucket, found, write);
  }

  #insert(bucket: ReadBucket, index: number, write: TreeWrite): StagedBucket | undefined {
    const { count, shared, stride } = bucket.layout;
    const rest = write.treeKey.length - shared;
    if (count === TREE_WIDTH || rest > stride) return undefined;
    const target = this.#room(bodySizeOf(count + 1, shared, stride));
    writeInserted(bucket, bucket.layout, index, { leaf: write, target });
    const created = pendingOf(write, 0);
    this.#stage.created.push(created);
    const values = noValues(count + 1);
    for (let at = 0; at < count; at++) values[at < index ? at : at + 1] = bucket.values[at];
    values[index] = created;
    return new StagedBucket(target, values, this.#stage.id);
  }

  #replace(bucket: ReadBucket, index: number, write: TreeWrite): StagedBucket {
    const { layout } = bucket;
    const target = this.#room(layout.end - bucket.at);
    writeReplaced(bucket, layout, index, { hash: write, target });
    const values = bucket.values.slice();
    values[index] = pendingOf(write, this.#retireValue(previousOf(bucket, index)));
    return new StagedBucket(target, values, this.#stage.id);
  }

  #remove(bucket: ReadBucket, index: number, write: TreeWrite): StagedBucket | undefined {
    const { count, shared, stride } = bucket.layout;
    // The last leaf goes with its bucket, which is done where subtrees are built.
    if (count === 1) return undefined;
    const { recordKey } = write;
    const previous = this.#retireValue(previousOf(bucket, index));
    this.#stage.removed.push({ recordKey, previous });
    const target = this.#room(bodySizeOf(count - 1, shared, stride));
    writeRemoved(bucket, bucket.layout, index, target);
    return new StagedBucket(target, bucket.values.toSpliced(index, 1), this.#stage.id);
  }

  /** The subtree of leaves and writes together. */
  #rebuild(old: readonly Leaf[], from: number, to: number, route: number): Child {
    const merged: Leaf[] = [];
    let at = 0;
    for (let index = from; index < to; index++) {
      const write = this.#stage.writeAt(index);
      let order = 1;
      for (let leaf = old[at]; leaf !== undefined; leaf = old[at]) {
        order = compareBytes(leaf.treeKey, write.treeKey);
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
    const { recordKey, treeKey, hashBytes, hashAt } = write;
    const previous = found === undefined ? 0 : (found.value ?? found.ref);
    if (write.value === undefined) {
      if (found === undefined) return undefined;
      this.#stage.removed.push({ recordKey, previous: this.#retireValue(previous) });
      return undefined;
    }
    if (found !== undefined && hasSameHash(found, write)) return found;
    const value = pendingOf(write, previous);
    if (found === undefined) this.#stage.created.push(value);
    else this.#retireValue(previous);
    return { treeKey, hashBytes, hashAt, ref: 0, value };
  }

  /** The bucket of a child, to be read only; a stored one until the next read. */
  #bucketOf(child: Child): ReadBucket {
    const { node } = child;
    if (node === undefined) {
      const { bytes, at } = this.#store.replacedBody(child.ref, child.count);
      return { bytes, at, layout: layoutOf(bytes, at), values: NO_VALUES[child.count] ?? [] };
    }
    if (node.isInner) throw new TypeError('a child with at most 16 keys is a bucket');
    return node;
  }

  #staged(bucket: StagedBucket): Child {
    this.#stage.buckets.push(bucket);
    return ownChild(bucket);
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

function leavesOf({ bytes, layout, values }: ReadBucket): readonly Leaf[] {
  const leaves: Leaf[] = [];
  for (let index = 0; index < layout.count; index++) {
    leaves.push({
      treeKey: keyAt(bytes, layout, index),
      hashBytes: bytes,
      hashAt: layout.hashesAt + HASH_SIZE * index,
      ref: refAt(bytes, layout, index),
      value: values[index],
    });
  }
  return leaves;
}

function pendingOf(write: TreeWrite, previous: Ref | PendingValue): PendingValue {
  const { recordKey: key, value = EMPTY_BYTES } = write;
  return { key, value, previous, ref: 0, writtenAt: undefined };
}

function previousOf({ bytes, layout, values }: ReadBucket, index: number): Ref | PendingValue {
  return values[index] ?? refAt(bytes, layout, index);
}

function hasSameHash(a: HashPlace, b: HashPlace): boolean {
  return isSameRun(a.hashBytes, a.hashAt, b.hashBytes, b.hashAt, HASH_SIZE);
}

const HASH_SIZE = 32;
const EMPTY_BYTES = new Uint8Array();
