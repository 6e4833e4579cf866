/**
 * Nodes of the state tree in memory. An inner node keeps its hashes in one run and comes from a pool;
 * a staged bucket is the body of its record already, in memory that its stage gives back as a whole.
 * What a block builds is copied, hashed and written as runs of bytes, because handling entries one
 * by one costs more than the hashing (measured, see ADR 4).
 */
import type { RecordKey } from '@daybook/core';
import { TREE_KEY_SIZES, TREE_WIDTH } from '@daybook/core';
import type { BucketBody, Layout } from './bucket.ts';
import { layoutOf } from './bucket.ts';
import { copyHash, HASH_WORDS, lowestOf } from './numbers.ts';
import type { Ref } from './record-form.ts';

/** A child with more than 16 keys, where smaller ones have their number of keys. */
export const INNER_COUNT = 255;

const HASHES_SIZE = 32 * TREE_WIDTH;
/** Where the parts of `InnerNode.bytes` start. */
export const LABEL_AT = HASHES_SIZE;
export const PREFIX_AT = LABEL_AT + 32;
export const COUNTS_AT = PREFIX_AT + TREE_KEY_SIZES.partitioned;
const INNER_SIZE = COUNTS_AT + TREE_WIDTH;
/** Where the label starts in `InnerNode.words`. */
export const LABEL_WORD_AT = HASH_WORDS * TREE_WIDTH;
const SLAB_NODES = 16;
/** What one inner node takes in memory, objects included (measured). */
export const INNER_MEMORY_BYTES = 1100;

/** A value that is staged; it gets its place when its block is committed. */
export interface PendingValue {
  readonly key: RecordKey;
  readonly value: Uint8Array;
  /** The version before: a stored one, one that is only staged, or 0. */
  previous: Ref | PendingValue;
  ref: Ref;
  /** The block that wrote it, when it is only moved; otherwise that of the stage. */
  readonly writtenAt: number | undefined;
}

export type MemoryNode = InnerNode | StagedBucket;

/** A node with more than 16 keys below it. `ref` is 0 while it is only staged. */
export class InnerNode {
  readonly isInner = true;
  /** Hashes of the slots | label 32 | prefix 52 | counts of the slots. */
  readonly bytes: Uint8Array;
  /** The hashes alone, a view kept because making one costs as much as copying it. */
  readonly hashes: Uint8Array;
  /** The hashes and the label as words, for copying single ones. */
  readonly words: Int32Array;
  /**
   * Places of stored children by slot, 0 where the slot is empty or its child is only in memory;
   * then the node's own. In one array of doubles, because fields of objects would be boxed.
   */
  readonly refs: Float64Array;
  /** Children that are only staged, by slot; present only in staged nodes. */
  kids: (MemoryNode | undefined)[] | undefined = undefined;
  /** The list that `kids` was and will be again: nodes are used again with theirs. */
  #spareKids: (MemoryNode | undefined)[] | undefined = undefined;
  depth = 0;
  hasLabel = false;
  /** Slots that differ from the base, as a bit mask. */
  changed = 0;
  /** Slots that differ from the version which this staged node replaces. */
  touched = 0;
  /** The node that this staged one is a copy of; it may have been given to other use since. */
  origin: InnerNode | undefined = undefined;
  /** The version that this staged node replaces while that one is itself only staged. */
  replacedStaged: InnerNode | undefined = undefined;
  /** The stage that made this node; 0 for nodes read from the log. */
  stage = 0;
  /** Where the hash of this staged node goes; nowhere at the root. */
  parent: InnerNode | undefined = undefined;
  slot = 0;
  /** The stage made this node and then found that the tree does not need it. */
  isDropped = false;
  /** Forces a complete record, so that nothing refers to the old base any more. */
  mustBeComplete = false;
  /** Mark of the cache's clock. */
  wasUsed = false;
  /** The piece of memory that it is a part of. */
  readonly slab: Slab;

  constructor(bytes: Uint8Array, refs: Float64Array, slab: Slab) {
    this.slab = slab;
    this.bytes = bytes;
    this.hashes = bytes.subarray(0, HASHES_SIZE);
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, LABEL_WORD_AT + HASH_WORDS);
    this.refs = refs;
  }

  count(slot: number): number {
    return this.bytes[COUNTS_AT + slot] ?? 0;
  }

  setCount(slot: number, count: number): void {
    this.bytes[COUNTS_AT + slot] = count;
  }

  get ref(): Ref {
    return this.refs[PLACE_AT] ?? 0;
  }

  /** Becomes a copy of another node in all that is stored. */
  copyFrom(node: InnerNode): void {
    this.bytes.set(node.bytes);
    for (let index = 0; index < REFS_SIZE; index++) this.refs[index] = node.refs[index] ?? 0;
    this.depth = node.depth;
    this.hasLabel = node.hasLabel;
    this.changed = node.changed;
  }

  /** Becomes the same as a staged node that replaces this one, in all that is stored. */
  takeChanges(staged: InnerNode): void {
    for (let rest = staged.touched; rest !== 0; rest &= rest - 1) {
      const slot = lowestOf(rest);
      copyHash(staged.words, HASH_WORDS * slot, this.words, HASH_WORDS * slot);
      this.refs[slot] = staged.refs[slot] ?? 0;
      this.setCount(slot, staged.count(slot));
    }
    this.refs[PLACE_AT] = staged.refs[PLACE_AT] ?? 0;
    this.refs[BASE_AT] = staged.refs[BASE_AT] ?? 0;
    this.changed = staged.changed;
    if (this.hasLabel || !staged.hasLabel) return;
    copyHash(staged.words, LABEL_WORD_AT, this.words, LABEL_WORD_AT);
    this.hasLabel = true;
  }

  /** The list of staged children, which is there from now on. */
  ownKids(): (MemoryNode | undefined)[] {
    this.#spareKids ??= Array.from({ length: TREE_WIDTH }, () => undefined);
    this.kids ??= this.#spareKids;
    return this.kids;
  }

  /** Refers to no staged child any more. */
  dropKids(): void {
    this.kids?.fill(undefined);
    this.kids = undefined;
  }
}

/**
 * Where places stand in `InnerNode.refs`: that of the node; that of the complete record under a
 * record of changes, or again its own; and that of the stored version which a staged node replaces,
 * 0 when there is none.
 */
export const PLACE_AT = TREE_WIDTH;
export const BASE_AT = PLACE_AT + 1;
export const REPLACED_AT = BASE_AT + 1;
const REFS_SIZE = REPLACED_AT + 1;

/**
 * A bucket that is only staged, or in the middle of being changed: the body of its record, see
 * `bucket.ts`.
 */
export class StagedBucket {
  readonly isInner = false;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly layout: Layout;
  readonly count: number;
  /** Staged values by index; undefined where the record has the place of a stored one. */
  readonly values: (PendingValue | undefined)[];
  readonly stage: number;
  /** Where its hash goes; nowhere at the root. */
  parent: InnerNode | undefined = undefined;
  slot = 0;
  isDropped = false;
  ref: Ref = 0;

  constructor({ bytes, at }: BucketBody, values: (PendingValue | undefined)[], stage: number) {
    this.bytes = bytes;
    this.at = at;
    this.layout = layoutOf(bytes, at);
    this.count = this.layout.count;
    this.values = values;
    this.stage = stage;
  }
}

/** A list of as many absent values as a bucket has keys. */
export function noValues(count: number): (PendingValue | undefined)[] {
  return NO_VALUES[count]?.slice() ?? [];
}

/** By number of keys: copying a list is cheaper than filling one. */
export const NO_VALUES: readonly (readonly (PendingValue | undefined)[])[] = Array.from(
  { length: TREE_WIDTH + 1 },
  (_, count) => Array.from({ length: count }, () => undefined),
);

/** Nodes that are one piece of memory: it is given back when none of them is kept. */
interface Slab {
  /** How many of them are free. */
  free: number;
}

/** Inner nodes to be used again: whoever takes one gives it back when nothing refers to it. */
export class InnerPool {
  #free: InnerNode[] = [];

  /** A node with the content of whoever had it before. */
  take(): InnerNode {
    if (this.#free.length === 0) this.#addSlab();
    const node = this.#free.pop() ?? this.take();
    node.slab.free -= 1;
    return node;
  }

  give(node: InnerNode): void {
    node.dropKids();
    node.parent = undefined;
    node.origin = undefined;
    node.replacedStaged = undefined;
    node.hasLabel = false;
    node.mustBeComplete = false;
    node.wasUsed = false;
    node.changed = 0;
    node.touched = 0;
    node.stage = 0;
    node.isDropped = false;
    node.refs.fill(0);
    node.slab.free += 1;
    this.#free.push(node);
  }

  /**
   * Lets go of unused nodes beyond a number, after work that was much larger than usual: of whole
   * slabs, because one node that stays keeps the memory of all.
   */
  limit(countMax: number): void {
    let surplus = this.#free.length - countMax;
    if (surplus < SLAB_NODES) return;
    const kept: InnerNode[] = [];
    const gone = new Set<Slab>();
    for (const node of this.#free) {
      if (node.slab.free === SLAB_NODES && surplus > 0 && !gone.has(node.slab)) {
        gone.add(node.slab);
        surplus -= SLAB_NODES;
      }
      if (!gone.has(node.slab)) kept.push(node);
    }
    this.#free = kept;
  }

  /** Nodes that are free. */
  count(): number {
    return this.#free.length;
  }

  #addSlab(): void {
    const bytes = new Uint8Array(INNER_SIZE * SLAB_NODES);
    const refs = new Float64Array(REFS_SIZE * SLAB_NODES);
    const slab = { free: SLAB_NODES };
    for (let index = 0; index < SLAB_NODES; index++) {
      const nodeBytes = bytes.subarray(index * INNER_SIZE, (index + 1) * INNER_SIZE);
      const nodeRefs = refs.subarray(index * REFS_SIZE, (index + 1) * REFS_SIZE);
      this.#free.push(new InnerNode(nodeBytes, nodeRefs, slab));
    }
  }
}

/** Memory for the buckets of one stage, given back as a whole. */
export class Arena {
  /** Where `reserve` made room. */
  bytes: Uint8Array;
  readonly #free: Uint8Array[];
  readonly #chunks: Uint8Array[] = [];
  #used = 0;

  /** @param free  chunks that other arenas have given back */
  constructor(free: Uint8Array[]) {
    this.#free = free;
    this.bytes = this.#addChunk(FIRST_CHUNK_BYTES);
  }

  /** Room for `size` bytes in `bytes`, at the returned offset. */
  reserve(size: number): number {
    if (this.#used + size > this.bytes.length) {
      this.bytes = this.#addChunk(Math.max(size, Math.min(2 * this.bytes.length, CHUNK_BYTES_MAX)));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += size;
    return at;
  }

  release(): void {
    this.#free.push(...this.#chunks.splice(0));
  }

  /** A chunk of at least this size. */
  #addChunk(size: number): Uint8Array {
    const given = this.#free.pop();
    const chunk = given !== undefined && given.length >= size ? given : new Uint8Array(size);
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** A small chain stages some kilobytes a block, an import megabytes. */
const FIRST_CHUNK_BYTES = 16 * 1024;
const CHUNK_BYTES_MAX = 256 * 1024;
