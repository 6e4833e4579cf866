/**
 * Reading a range of a stored version whole: its records in the order of tree keys, and what proves
 * that they are all (`range-proof.ts` of core says how that is checked).
 */
import type {
  Hash,
  RangeBranch,
  RangeProof,
  RangeSlots,
  TreeLeaf,
  TreePlace,
  TreeRange,
} from '@daybook/core';
import {
  asHash,
  compareBytes,
  isInRange,
  nibbleAt,
  placeOfSlot,
  prefixOf,
  ROOT_PLACE,
  relationOf,
  runRoot,
  SLOT_PATH_LENGTH,
  sharedNibbles,
  slotsRoot,
  TREE_WIDTH,
} from '@daybook/core';
import { keyAt, refAt } from './bucket.ts';
import type { Child } from './child.ts';
import { childOf, openBucket, openInner, slotsOf, valueHashAt } from './lookup.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode } from './nodes.ts';
import { PREFIX_AT } from './nodes.ts';
import type { Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

/** A record of a stored version, by the place of its value. */
export interface FoundRecord {
  readonly treeKey: Uint8Array;
  readonly ref: Ref;
}

/**
 * The records of a range, in the order of tree keys. Nothing may be written meanwhile.
 * @throws StateError STATE_DAMAGED
 */
export function* recordsIn(
  root: Child,
  range: TreeRange,
  nodes: NodeStore,
): Generator<FoundRecord, void, void> {
  yield* recordsBelow(root, ROOT_PLACE, { range, nodes });
}

/**
 * How many records a range has. Only inner nodes are read, and buckets at its borders.
 * @throws StateError STATE_DAMAGED
 */
export function countIn(root: Child, range: TreeRange, nodes: NodeStore): number {
  return countBelow(root, ROOT_PLACE, { range, nodes });
}

function countBelow(child: Child, place: TreePlace, search: Search): number {
  const { range, nodes } = search;
  const relation = relationOf(place, range);
  if (child.count === 0 || relation === 'outside') return 0;
  if (child.count <= TREE_WIDTH) {
    if (relation === 'within') return child.count;
    return recordsOf(child, nodes).filter(({ treeKey }) => isInRange(treeKey, range)).length;
  }
  const node = openInner(child, nodes);
  const here = placeOf(node);
  let count = 0;
  for (let slot = 0; slot < TREE_WIDTH; slot++) {
    count += countBelow(childOf(node, slot), placeOfSlot(here, slot), search);
  }
  return count;
}

interface Search {
  readonly range: TreeRange;
  readonly nodes: NodeStore;
}

function* recordsBelow(child: Child, place: TreePlace, search: Search): Generator<FoundRecord> {
  const { range, nodes } = search;
  if (child.count === 0 || relationOf(place, range) === 'outside') return;
  if (child.count <= TREE_WIDTH) {
    for (const record of recordsOf(child, nodes)) {
      if (isInRange(record.treeKey, range)) yield record;
    }
    return;
  }
  const node = openInner(child, nodes);
  const here = placeOf(node);
  for (let slot = 0; slot < TREE_WIDTH; slot++) {
    yield* recordsBelow(childOf(node, slot), placeOfSlot(here, slot), search);
  }
}

function recordsOf(child: Child, nodes: NodeStore): readonly FoundRecord[] {
  const { bytes, layout } = openBucket(child, nodes);
  return Array.from({ length: layout.count }, (_, index) => ({
    treeKey: keyAt(bytes, layout, index),
    ref: refAt(bytes, layout, index),
  }));
}

function placeOf({ bytes, depth }: InnerNode): TreePlace {
  const first = bytes.slice(PREFIX_AT, PREFIX_AT + Math.ceil(depth / 2));
  return { depth, prefix: prefixOf(first, depth) };
}

/**
 * What proves that the records of `recordsIn` are all.
 * @throws StateError STATE_DAMAGED
 */
export function proveRange(root: Child, range: TreeRange, parts: RangeParts): RangeProof {
  return new RangeProver(range, parts).branchOf(root, ROOT_PLACE);
}

export interface RangeParts {
  readonly nodes: NodeStore;
  readonly values: RecordLog;
}

class RangeProver {
  readonly #range: TreeRange;
  readonly #parts: RangeParts;

  constructor(range: TreeRange, parts: RangeParts) {
    this.#range = range;
    this.#parts = parts;
  }

  branchOf(child: Child, place: TreePlace): RangeBranch {
    if (child.count === 0) return { kind: 'empty' };
    if (this.#isOutside(place)) return { kind: 'hash', hash: hashOf(child) };
    if (child.count <= TREE_WIDTH) return this.#bucket(child);
    const node = openInner(child, this.#parts.nodes);
    const here = placeOf(node);
    const relation = relationOf(here, this.#range);
    if (relation === 'within') return { kind: 'within' };
    if (relation === 'outside') {
      return { kind: 'other-prefix', ...here, slots: slotsRoot(slotsOf(node)) };
    }
    return { kind: 'node', ...here, slots: this.#run(node, SLOT_PATH_LENGTH, 0) };
  }

  #bucket(child: Child): RangeBranch {
    const { nodes } = this.#parts;
    const { from } = this.#range;
    const others = recordsOf(child, nodes).filter(
      ({ treeKey }) => !isInRange(treeKey, this.#range),
    );
    if (others.length === 0) return { kind: 'within' };
    const before = others.filter(({ treeKey }) => compareBytes(treeKey, from) < 0);
    const after = others.slice(before.length);
    const shown = (records: readonly FoundRecord[]) => records.map((record) => this.#leaf(record));
    return { kind: 'bucket', before: shown(before), after: shown(after) };
  }

  #leaf({ treeKey, ref }: FoundRecord): TreeLeaf {
    return { treeKey, valueHash: valueHashAt(ref, this.#parts.values) };
  }

  /** 2^level slots of a node. */
  #run(node: InnerNode, level: number, first: number): RangeSlots {
    const here = placeOf(node);
    if (level === 0) {
      return {
        kind: 'slot',
        branch: this.branchOf(childOf(node, first), placeOfSlot(here, first)),
      };
    }
    const slots = Array.from({ length: 2 ** level }, (_, at) => first + at);
    if (slots.every((slot) => node.count(slot) === 0)) return { kind: 'empty' };
    if (slots.every((slot) => this.#isOutside(placeOfSlot(here, slot)))) {
      return { kind: 'hash', hash: runRoot(slotsOf(node).slice(first, first + 2 ** level)) };
    }
    const half = level - 1;
    const left = this.#run(node, half, first);
    return { kind: 'pair', left, right: this.#run(node, half, first + 2 ** half) };
  }

  #isOutside(place: TreePlace): boolean {
    return relationOf(place, this.#range) === 'outside';
  }
}

function hashOf({ hashBytes, hashAt }: Child): Hash {
  return asHash(hashBytes.slice(hashAt, hashAt + 32));
}

/** What stands at a place of the tree, or right below it. */
export type Subtree =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bucket'; readonly records: readonly FoundRecord[] }
  | ({ readonly kind: 'node'; readonly slots: readonly Hash[] } & TreePlace);

/** @throws StateError STATE_DAMAGED */
export function subtreeAt(root: Child, place: TreePlace, nodes: NodeStore): Subtree {
  let child = root;
  while (child.count > TREE_WIDTH) {
    const node = openInner(child, nodes);
    const here = placeOf(node);
    const shared = Math.min(sharedNibbles(here.prefix, place.prefix), here.depth, place.depth);
    if (shared === place.depth) return { kind: 'node', ...here, slots: slotsOf(node) };
    if (shared < here.depth) return { kind: 'empty' };
    child = childOf(node, nibbleAt(place.prefix, here.depth));
  }
  const records = child.count === 0 ? [] : recordsOf(child, nodes);
  const below = records.filter(
    ({ treeKey }) => sharedNibbles(treeKey, place.prefix) >= place.depth,
  );
  return below.length === 0 ? { kind: 'empty' } : { kind: 'bucket', records: below };
}
