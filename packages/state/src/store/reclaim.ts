/**
 * Giving back what old versions used: what is still current moves out of segments that are mostly
 * stale, and segments that no version reads are named for removal. The work of one block is bounded
 * by what the block itself writes.
 */
import type { Height } from '@daybook/core';
import type { StateError } from '../errors.ts';
import type { Child } from '../tree/child.ts';
import { DeadRecords } from '../tree/dead-records.ts';
import type { NodeStore } from '../tree/node-store.ts';
import type { Ref } from '../tree/record-form.ts';
import type { RecordLog } from '../tree/record-log.ts';
import type { SegmentUse } from '../tree/space.ts';
import { Space } from '../tree/space.ts';
import { Sweep } from '../tree/sweep.ts';
import { placeOf } from '../tree/values.ts';
import type { CommitParts } from './commit.ts';
import type { Version } from './root-record.ts';
import type { Staged } from './staged.ts';
import type { HistoryRule } from './state-store.ts';

/** How a store keeps what versions outside the window used. */
export interface ReclaimParts {
  readonly nodeSpace: Space;
  readonly nodeSweep: Sweep;
  readonly deadNodes: DeadRecords;
  readonly valueSpace: Space;
  /** Absent where all values are kept. */
  readonly valueSweep: Sweep | undefined;
  readonly deadValues: DeadRecords;
}

/** A segment that nothing needs once the batch that says so is durable. */
export interface Doomed {
  readonly log: RecordLog;
  readonly segment: number;
}

/** A segment of nodes is worth sweeping when less than this part of it is current. */
const NODE_PART_MAX = 1 / 5;
/** Of values less: moving one costs writing its bucket again, four times as much as the value. */
const VALUE_PART_MAX = 1 / 8;
/** A difference at the root of which the only slot became empty. */
const NODE_BYTES_MIN = 24;
/** A value of no bytes under a key of one. */
const VALUE_BYTES_MIN = 32;
const SWEEP_BYTES_MIN = 64 * 1024;
/** Mean size of a node's record. */
const NODE_BYTES = 400;
/** A value that is moved costs a bucket, so there are few. */
const VALUE_LOOKUPS_MIN = 32;
const WRITES_PER_LOOKUP = 8;
const VALUE_BYTES_PER_WRITE = 512;

export interface ReclaimOptions {
  readonly history: HistoryRule;
  readonly onDamage: (damage: StateError) => void;
}

export function createReclaim(
  nodes: NodeStore,
  values: RecordLog,
  { history, onDamage }: ReclaimOptions,
): ReclaimParts {
  const nodeSpace = new Space();
  const valueSpace = new Space();
  const deadNodes = new DeadRecords(nodes.log, NODE_BYTES_MIN);
  const deadValues = new DeadRecords(values, VALUE_BYTES_MIN);
  const both = { nodes, onDamage };
  const ofNodes = { ...both, log: nodes.log, space: nodeSpace, partMax: NODE_PART_MAX };
  const ofValues = { ...both, log: values, space: valueSpace, partMax: VALUE_PART_MAX };
  const nodeSweep = new Sweep({ ...ofNodes, dead: deadNodes });
  const valueSweep = history === 'all' ? undefined : new Sweep({ ...ofValues, dead: deadValues });
  return { nodeSpace, nodeSweep, deadNodes, valueSpace, valueSweep, deadValues };
}

/** Takes over the figures of the newest version: after opening, and after going back. */
export function restoreUse({ nodes, values, reclaim, versions }: CommitParts): void {
  const newest = versions.newest();
  reclaim.nodeSpace.restore(present(newest?.nodeSegments ?? [], nodes.log));
  reclaim.valueSpace.restore(present(newest?.valueSegments ?? [], values));
  reclaim.nodeSweep.reset();
  reclaim.valueSweep?.reset();
  reclaim.deadNodes.clear();
  reclaim.deadValues.clear();
}

/** A version that was gone back to may name empty segments that a later one has removed. */
function present(uses: readonly SegmentUse[], log: RecordLog): readonly SegmentUse[] {
  const files = new Set(log.segments());
  return uses.filter(({ segment, emptySince }) => emptySince === undefined || files.has(segment));
}

/** The tree of a state that is about to be stored, with what is swept into it. */
export function sweepInto(staged: Staged, parts: CommitParts): Child {
  const { reclaim, staged: all, nodes } = parts;
  // A state built on this one already shares nodes whose places would change.
  if (all.hasChildren(staged)) return staged.tree;
  const { stage, writes } = staged;
  // As much as the block will write, roughly: what is swept keeps pace with what is written.
  const bytes = SWEEP_BYTES_MIN + stage.dead.length * NODE_BYTES;
  let tree = reclaim.nodeSweep.run(staged.tree, stage, { bytes, lookups: bytes });
  if (reclaim.valueSweep !== undefined) {
    tree = reclaim.valueSweep.run(tree, stage, {
      bytes: SWEEP_BYTES_MIN + writes.length * VALUE_BYTES_PER_WRITE,
      lookups: VALUE_LOOKUPS_MIN + Math.floor(writes.length / WRITES_PER_LOOKUP),
    });
  }
  nodes.trim();
  return tree;
}

/** Counts what a stored state added and what it made superfluous. */
export function countUse(staged: Staged, tombstones: readonly Ref[], parts: CommitParts): void {
  const { nodes, values, reclaim } = parts;
  const { stage, height } = staged;
  const { nodeSpace, deadNodes, valueSpace, valueSweep, deadValues } = reclaim;
  nodeSpace.change(nodes.log.takeAppended(), stage.dead, { log: nodes.log, height });
  deadNodes.mark(stage.dead);
  const dead = [...stage.deadValues.map(placeOf), ...tombstones];
  valueSpace.change(values.takeAppended(), dead, { log: values, height });
  if (valueSweep !== undefined) deadValues.mark(dead);
}

/** What can go with the block at `height`, and from which height on history is then complete. */
export function takeUnread(
  height: Height,
  { nodes, values, reclaim, versions }: CommitParts,
): { readonly doomed: readonly Doomed[]; readonly historyFrom: Height } {
  const { nodeSpace, deadNodes, valueSpace, valueSweep, deadValues } = reclaim;
  const take = (space: Space, log: RecordLog, endOf: (version: Version) => number) =>
    space.takeUnread(log.tail(), ({ segment, emptySince = Number.POSITIVE_INFINITY }) => {
      const start = segment * log.segmentBytes;
      return versions.isRead(emptySince, (version) => start < endOf(version), height);
    });
  const doomed = take(nodeSpace, nodes.log, ({ nodeEnd }) => nodeEnd);
  const gone = valueSweep === undefined ? [] : take(valueSpace, values, ({ valueEnd }) => valueEnd);
  for (const { segment } of doomed) deadNodes.forget(segment);
  for (const { segment } of gone) deadValues.forget(segment);
  const before = versions.newest()?.historyFrom ?? 0;
  return {
    doomed: [
      ...doomed.map(({ segment }) => ({ log: nodes.log, segment })),
      ...gone.map(({ segment }) => ({ log: values, segment })),
    ],
    historyFrom: gone.reduce((from, { emptySince = 0 }) => Math.max(from, emptySince), before),
  };
}
