/**
 * Moving what is still current out of segments that are mostly stale: a node of such a segment, or
 * the bucket that names a value in it, becomes part of the block that is being committed, as if it
 * had changed. Its hash stays, its old place is retired like any other, and when the last version
 * that needs it has gone, the segment is deleted as a whole.
 */
import { nibbleAt, treeKeyOf } from '@daybook/core';
import { findKey, keyAt, layoutOf, refAt } from './bucket.ts';
import type { Child } from './child.ts';
import { ownChild } from './child.ts';
import type { DeadRecords } from './dead-records.ts';
import { nameOfInner, RECORD_KINDS } from './inner.ts';
import { childOf, openBucket, openInner } from './lookup.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode, PendingValue } from './nodes.ts';
import { BASE_AT, INNER_COUNT, noValues, PLACE_AT, StagedBucket } from './nodes.ts';
import { copyBytes } from './numbers.ts';
import type { FoundRecord, PassedRecord, Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';
import type { Space } from './space.ts';
import type { TreeStage } from './tree-stage.ts';
import { decodeValue } from './values.ts';

/** Where in a tree a record would be, if it is current. */
type Target = { readonly ref: Ref; readonly key: Uint8Array; readonly depth: number } & (
  | { readonly kind: 'inner' }
  | { readonly kind: 'bucket' }
  | { readonly kind: 'value'; readonly moved: PendingValue }
);

/** What one block may spend on sweeping a log. */
export interface SweepBudget {
  /** Bytes of records to look at. */
  readonly bytes: number;
  /** Records to look up in the tree. */
  readonly lookups: number;
}

/** A log that is swept. */
export interface SweepParts {
  readonly nodes: NodeStore;
  readonly log: RecordLog;
  readonly space: Space;
  /** Records not worth a lookup. */
  readonly dead: DeadRecords;
  /** A segment is worth sweeping when less than this part of its records is current. */
  readonly partMax: number;
}

export class Sweep {
  readonly #parts: SweepParts;
  readonly #swept = new Set<number>();
  #records: Generator<FoundRecord | PassedRecord> | undefined;

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  /**
   * Looks at records within a budget and stages those that are current again.
   * @returns the tree with them
   */
  run(root: Child, stage: TreeStage, budget: SweepBudget): Child {
    let swept = root;
    let { bytes, lookups } = budget;
    while (bytes > 0 && lookups > 0) {
      this.#records ??= this.#nextSegment();
      if (this.#records === undefined) return swept;
      const found = this.#records.next();
      if (found.done) {
        this.#records = undefined;
        continue;
      }
      bytes -= found.value.size;
      if (!('kind' in found.value)) continue;
      const target = targetOf(found.value);
      if (target === undefined) continue;
      lookups -= 1;
      if (this.#mayUse(swept, target)) swept = this.#touch(swept, target, stage);
    }
    return swept;
  }

  /** Forgets where it was: after going back to an earlier version. */
  reset(): void {
    this.#records = undefined;
    this.#swept.clear();
  }

  #nextSegment(): Generator<FoundRecord | PassedRecord> | undefined {
    const { log, space, partMax, dead } = this.#parts;
    const segment = space.sweepable(log.tail(), partMax, this.#swept);
    if (segment === undefined) return undefined;
    this.#swept.add(segment);
    return log.scanSegment(segment, (ref) => dead.has(ref));
  }

  /**
   * Whether a tree uses a record, as far as its inner nodes tell. Most are superfluous, and after a
   * start nobody remembers of which that is known: so nothing is made on the way.
   */
  #mayUse(root: Child, { kind, ref, key, depth }: Target): boolean {
    let { count, node, ref: place } = root;
    while (count === INNER_COUNT) {
      const inner = node ?? this.#parts.nodes.inner(place);
      if (!inner.isInner) return false;
      if (kind === 'inner' && inner.depth >= depth) {
        return inner.depth === depth && isAt(inner, ref);
      }
      const slot = nibbleAt(key, inner.depth);
      count = inner.count(slot);
      place = inner.refs[slot] ?? 0;
      node = inner.kids?.[slot];
    }
    return kind === 'bucket' ? place === ref : kind === 'value' && count > 0;
  }

  /** The tree in which the target will be written again, if the tree uses it at all. */
  #touch(child: Child, target: Target, stage: TreeStage): Child {
    if (child.count === 0) return child;
    if (child.count !== INNER_COUNT) return this.#touchBucket(child, target, stage);
    const node = openInner(child, this.#parts.nodes);
    if (target.kind === 'inner') {
      if (node.depth > target.depth) return child;
      if (node.depth === target.depth) return this.#restageInner(child, node, target.ref, stage);
    }
    const slot = nibbleAt(target.key, node.depth);
    const before = childOf(node, slot);
    const after = this.#touch(before, target, stage);
    if (after === before) return child;
    const copy = stage.ownCopy(node);
    if (after.node !== before.node) stage.setChild(copy, slot, { ...after, ...hashOf(before) });
    return copy === node ? child : { ...ownChild(copy), ...hashOf(child) };
  }

  #restageInner(child: Child, node: InnerNode, ref: Ref, stage: TreeStage): Child {
    if (!isAt(node, ref)) return child;
    const copy = stage.ownCopy(node);
    copy.mustBeComplete = true;
    return copy === node ? child : { ...ownChild(copy), ...hashOf(child) };
  }

  #touchBucket(child: Child, target: Target, stage: TreeStage): Child {
    if (target.kind === 'inner') return child;
    if (target.kind === 'bucket') {
      if (child.ref !== target.ref) return child;
      return { ...ownChild(this.#restagedBucket(child, stage)), ...hashOf(child) };
    }
    const index = this.#indexOf(child, target);
    if (index === undefined) return child;
    stage.deadValues.push(target.ref);
    const own = child.node?.stage === stage.id && !child.node.isInner ? child.node : undefined;
    const bucket = own ?? this.#restagedBucket(child, stage);
    bucket.values[index] = target.moved;
    return own === undefined ? { ...ownChild(bucket), ...hashOf(child) } : child;
  }

  /** Where in a bucket a value is that it still names. */
  #indexOf(child: Child, { key, ref }: Target): number | undefined {
    const { bytes, layout, values } = openBucket(child, this.#parts.nodes);
    const index = findKey(bytes, layout, key);
    if (index === undefined || index < 0 || values?.[index] !== undefined) return undefined;
    return refAt(bytes, layout, index) === ref ? index : undefined;
  }

  #restagedBucket(child: Child, stage: TreeStage): StagedBucket {
    const body = this.#parts.nodes.replacedBody(child.ref, child.count);
    const at = stage.arena.reserve(body.size);
    const { bytes } = stage.arena;
    copyBytes(body.bytes, body.at, bytes, at, body.size);
    stage.dead.push(child.ref);
    const bucket = new StagedBucket({ bytes, at }, noValues(child.count), stage.id);
    stage.moved.push(bucket);
    return bucket;
  }
}

function targetOf({ ref, kind, body }: FoundRecord): Target | undefined {
  if (kind === RECORD_KINDS.inner || kind === RECORD_KINDS.delta) {
    return { kind: 'inner', ref, ...nameOfInner(body) };
  }
  if (kind === RECORD_KINDS.bucket) {
    return { kind: 'bucket', ref, depth: 0, key: keyAt(body, layoutOf(body, 0), 0) };
  }
  const { key, value, previous, height } = decodeValue(body);
  if (value === undefined) return undefined;
  const moved = { key, value, previous, ref: 0, writtenAt: height };
  return { kind: 'value', ref, depth: 0, key: treeKeyOf(key), moved };
}

/** Whether a node, or the complete record under it, lies at a place. */
function isAt({ refs }: InnerNode, ref: Ref): boolean {
  return refs[PLACE_AT] === ref || refs[BASE_AT] === ref;
}

function hashOf({ hashBytes, hashAt }: Child): Pick<Child, 'hashBytes' | 'hashAt'> {
  return { hashBytes, hashAt };
}
