/**
 * Moving what is still current out of segments that are mostly stale: a node of such a segment
 * becomes part of the block that is being committed, as if it had changed. Its hash stays, its old
 * place is retired like any other, and when the last version that needs it has gone, the segment is
 * deleted as a whole.
 */
import { nibbleAt } from '@daybook/core';
import { bornOf, keyAt, layoutOf, setBorn } from './bucket.ts';
import type { Child } from './child.ts';
import { ownChild } from './child.ts';
import { nameOfInner, RECORD_KINDS } from './inner.ts';
import { childOf, openInner } from './lookup.ts';
import type { NodeStore } from './node-store.ts';
import type { InnerNode } from './nodes.ts';
import { BASE_AT, INNER_COUNT, StagedBucket } from './nodes.ts';
import type { FoundRecord, Ref } from './record-log.ts';
import type { Space } from './space.ts';
import type { TreeStage } from './tree-stage.ts';

/** Where in a tree a record would be: the node of a depth, or the bucket at the end of the way. */
interface Target {
  readonly ref: Ref;
  readonly depth: number | undefined;
  readonly key: Uint8Array;
}

export class Sweep {
  readonly #nodes: NodeStore;
  readonly #space: Space;
  readonly #swept = new Set<number>();
  #records: Generator<FoundRecord> | undefined;

  constructor(nodes: NodeStore, space: Space) {
    this.#nodes = nodes;
    this.#space = space;
  }

  /**
   * Looks at records worth about `budget` bytes and stages those that are current again.
   * @returns the tree with them
   */
  run(root: Child, stage: TreeStage, budget: number): Child {
    let swept = root;
    let left = budget;
    while (left > 0) {
      this.#records ??= this.#nextSegment();
      if (this.#records === undefined) return swept;
      const found = this.#records.next();
      if (found.done) {
        this.#records = undefined;
        continue;
      }
      left -= found.value.size;
      const target = targetOf(found.value);
      if (target !== undefined) swept = this.#touch(swept, target, stage);
    }
    return swept;
  }

  /** Forgets where it was: after going back to an earlier version. */
  reset(): void {
    this.#records = undefined;
    this.#swept.clear();
  }

  #nextSegment(): Generator<FoundRecord> | undefined {
    const { log } = this.#nodes;
    const tail = Math.floor(log.end() / log.segmentBytes);
    const segment = this.#space.sweepable(tail, log.segmentBytes, this.#swept);
    if (segment === undefined) return undefined;
    this.#swept.add(segment);
    return log.scanSegment(segment);
  }

  /** The tree in which the target will be written again, if the tree uses it at all. */
  #touch(child: Child, target: Target, stage: TreeStage): Child {
    if (child.count === 0) return child;
    if (child.count !== INNER_COUNT) {
      const isTarget = target.depth === undefined && child.ref === target.ref;
      return isTarget ? this.#restageBucket(child, stage) : child;
    }
    const node = openInner(child, this.#nodes);
    if (node.depth === target.depth) return this.#restageInner(child, node, target.ref, stage);
    if (target.depth !== undefined && node.depth > target.depth) return child;
    const slot = nibbleAt(target.key, node.depth);
    const before = childOf(node, slot);
    const after = this.#touch(before, target, stage);
    if (after === before) return child;
    const copy = stage.ownCopy(node);
    if (after.node !== before.node) stage.setChild(copy, slot, { ...after, ...hashOf(before) });
    return copy === node ? child : { ...ownChild(copy), ...hashOf(child) };
  }

  #restageInner(child: Child, node: InnerNode, ref: Ref, stage: TreeStage): Child {
    if (node.ref !== ref && node.refs[BASE_AT] !== ref) return child;
    const copy = stage.ownCopy(node);
    copy.mustBeComplete = true;
    return copy === node ? child : { ...ownChild(copy), ...hashOf(child) };
  }

  #restageBucket(child: Child, stage: TreeStage): Child {
    const body = this.#nodes.replacedBody(child.ref, child.count);
    const at = stage.arena.reserve(body.size);
    const { bytes } = stage.arena;
    bytes.set(body.bytes.subarray(body.at, body.at + body.size), at);
    const layout = layoutOf(bytes, at);
    const { id, height } = stage;
    stage.retireBucket(child.ref, body.size, bornOf(bytes, at));
    setBorn({ bytes, at }, height);
    const values = Array.from({ length: layout.count }, () => undefined);
    const fields = { bytes, at, layout, values, stage: id, born: height };
    const bucket = new StagedBucket(fields);
    return { ...ownChild(bucket), ...hashOf(child) };
  }
}

function hashOf({ hashBytes, hashAt }: Child): Pick<Child, 'hashBytes' | 'hashAt'> {
  return { hashBytes, hashAt };
}

function targetOf({ ref, kind, body }: FoundRecord): Target | undefined {
  if (kind === RECORD_KINDS.inner || kind === RECORD_KINDS.delta) {
    return { ref, ...nameOfInner(body) };
  }
  if (kind !== RECORD_KINDS.bucket) return undefined;
  return { ref, depth: undefined, key: keyAt(body, layoutOf(body, 0), 0) };
}
