/**
 * Moving what is still current out of segments that are mostly stale: a node of such a segment, or
 * the bucket that names a value in it, becomes part of the block that is being committed, as if it
 * had changed. Its hash stays, its old place is retired like any other, and when the last version
 * that needs it has gone, the segment is deleted as a whole.
 */
import { nibbleAt, treeKeyOf } from '@daybook/core';
import { StateError } from '../errors.ts';
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
import type { DamagedRecord, FoundRecord, PassedRecord, Ref } from './record-form.ts';
import { ALIGNMENT } from './record-form.ts';
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
  /** Told of damage that was met; a block is stored all the same. */
  readonly onDamage: (damage: StateError) => void;
}

/** A segment that is being gone through. */
interface Pass {
  readonly segment: number;
  readonly records: Generator<FoundRecord | PassedRecord | DamagedRecord>;
  seen: number;
  /** Where the next record should be. */
  next: Ref;
  damaged: DamagedRecord | undefined;
}

export class Sweep {
  readonly #parts: SweepParts;
  readonly #swept = new Set<number>();
  #pass: Pass | undefined;
  /** Gone through, with damage: what is left in them is known when the block has been counted. */
  readonly #damaged: Pass[] = [];

  constructor(parts: SweepParts) {
    this.#parts = parts;
  }

  /**
   * Looks at records within a budget and stages those that are current again. Damage that it meets
   * is told and left where it is: no block waits for old segments to be tidied.
   * @returns the tree with them
   */
  run(root: Child, stage: TreeStage, budget: SweepBudget): Child {
    this.#leaveStale();
    this.#tellDamage();
    let swept = root;
    let { bytes, lookups } = budget;
    while (bytes > 0 && lookups > 0) {
      this.#pass ??= this.#nextSegment();
      if (this.#pass === undefined) return swept;
      const found = this.#next(this.#pass);
      if (found === undefined) {
        this.#finish(this.#pass);
        continue;
      }
      bytes -= found.size;
      if (!('kind' in found)) continue;
      const target = targetOf(found);
      if (target === undefined) continue;
      lookups -= 1;
      swept = this.#moved(swept, target, stage);
    }
    return swept;
  }

  /** Forgets where it was: after going back to an earlier version. */
  reset(): void {
    this.#pass = undefined;
    this.#damaged.length = 0;
    this.#swept.clear();
  }

  #nextSegment(): Pass | undefined {
    const { log, space, partMax, dead } = this.#parts;
    const segment = space.sweepable(log.tail(), partMax, this.#swept);
    if (segment === undefined) return undefined;
    this.#swept.add(segment);
    const records = log.scanSegment(segment, (ref) => dead.has(ref));
    const next = (segment * log.segmentBytes) / ALIGNMENT;
    return { segment, records, seen: 0, next, damaged: undefined };
  }

  #next(pass: Pass): FoundRecord | PassedRecord | DamagedRecord | undefined {
    const found = pass.records.next();
    if (found.done) return undefined;
    const { ref, size } = found.value;
    pass.seen += 1;
    pass.next = ref + size / ALIGNMENT;
    if ('damage' in found.value) pass.damaged ??= found.value;
    return found.value;
  }

  /** Nothing in it is current any more: there is nothing to move, and its file may go. */
  #leaveStale(): void {
    if (this.#pass === undefined) return;
    const use = this.#parts.space.useOf(this.#pass.segment);
    if ((use?.current ?? 0) === 0) this.#leave(this.#pass);
  }

  /** At the end of a segment: zeros in it look like its unused rest, so its records are counted. */
  #finish(pass: Pass): void {
    const written = this.#parts.space.useOf(pass.segment)?.written ?? 0;
    if (pass.seen < written) {
      const damage = `${written - pass.seen} of ${written} records are missing`;
      pass.damaged ??= { ref: pass.next, size: 0, damage };
    }
    this.#leave(pass);
  }

  #leave(pass: Pass): void {
    if (pass.damaged !== undefined) this.#damaged.push(pass);
    this.#pass = undefined;
  }

  /** Current records of these segments have been moved: what is left as current cannot be read. */
  #tellDamage(): void {
    const { space, log, onDamage } = this.#parts;
    for (const { segment, damaged } of this.#damaged.splice(0)) {
      if (damaged === undefined) continue;
      const lost = space.useOf(segment)?.current ?? 0;
      const outcome = lost === 0 ? 'no current record is' : `at most ${lost} current records are`;
      onDamage(log.damage(damaged.ref, `${damaged.damage}; ${outcome} lost with it`));
    }
  }

  /** The tree with a record moved, if it uses it. What cannot be read for that is left and told. */
  #moved(root: Child, target: Target, stage: TreeStage): Child {
    try {
      return this.#mayUse(root, target) ? this.#touch(root, target, stage) : root;
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE_DAMAGED') throw error;
      this.#parts.onDamage(error);
      return root;
    }
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
    const own = child.node?.stage === stage.id && !child.node.isInner ? child.node : undefined;
    const bucket = own ?? this.#restagedBucket(child, stage);
    stage.deadValues.push(target.ref);
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
