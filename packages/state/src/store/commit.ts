/**
 * Storing a staged state: its records first, then one batch that makes them the newest version. What
 * no version reads any more is named, to be removed once the batch is durable.
 */
import type { Child } from '../tree/child.ts';
import type { NodeStore } from '../tree/node-store.ts';
import type { RecordLog } from '../tree/record-log.ts';
import { persistStage } from '../tree/tree-persist.ts';
import type { Database } from './database.ts';
import { Changes } from './database.ts';
import type { KeptHistory, KeptWrite } from './kept-history.ts';
import { rootKey } from './key-space.ts';
import type { Doomed, ReclaimParts } from './reclaim.ts';
import { countUse, sweepInto, takeUnread } from './reclaim.ts';
import type { FoundRemovals } from './record-index.ts';
import { findRemovals, indexRecords, linkHistory } from './record-index.ts';
import type { RecordLists } from './record-lists.ts';
import type { Version } from './root-record.ts';
import { encodeVersion } from './root-record.ts';
import type { Staged, StagedSet } from './staged.ts';
import type { InTurn } from './turns.ts';
import type { Versions } from './versions.ts';

export interface CommitParts {
  readonly database: Database;
  readonly nodes: NodeStore;
  readonly values: RecordLog;
  readonly reclaim: ReclaimParts;
  readonly kept: KeptHistory;
  readonly versions: Versions;
  readonly staged: StagedSet;
  readonly lists: RecordLists;
  readonly inTurn: InTurn;
}

/** What has to be known from the database before anything is written. */
export interface Prefetched {
  readonly removals: FoundRemovals;
  readonly kept: readonly KeptWrite[];
}

export async function prefetch(staged: Staged, parts: CommitParts): Promise<Prefetched> {
  const removals = await findRemovals(staged, parts);
  return { removals, kept: await parts.kept.prepare(staged.writes, staged.height) };
}

/** What a stored state has become. */
export interface Written {
  readonly version: Version;
  /** The batch that makes it the newest version. */
  readonly changes: Changes;
  readonly doomed: readonly Doomed[];
}

/** Writes the records of a state, and returns its version with the batch that makes it the newest. */
export function writeState(staged: Staged, found: Prefetched, parts: CommitParts): Written {
  const { nodes, values } = parts;
  const { stage, height } = staged;
  const changes = new Changes();
  linkHistory(stage.created, found.removals);
  staged.tree = sweepInto(staged, parts);
  const stored = persistStage(staged.tree, stage, { nodes, values, height });
  const tombstones = indexRecords(staged, found.removals, changes, parts);
  parts.kept.record(found.kept, height, changes);
  parts.staged.commit(staged, stored);
  countUse(staged, tombstones, parts);
  nodes.log.flush();
  values.flush();
  nodes.trim();

  const { doomed, historyFrom } = takeUnread(height, parts);
  const leaving = parts.versions.leaving(height);
  if (leaving !== undefined) changes.delete(rootKey(leaving));
  const version = { ...versionOf(staged, stored, parts), historyFrom };
  changes.set(rootKey(height), encodeVersion(version));
  return { version, changes, doomed };
}

function versionOf(
  staged: Staged,
  stored: Child,
  { nodes, values, reclaim, versions }: CommitParts,
): Omit<Version, 'historyFrom'> {
  const newest = versions.newest();
  const removing = new Set(newest?.removingSets);
  for (const { recordKey } of staged.stage.removed) removing.add(recordKey.set);
  return {
    height: staged.height,
    oldest: Math.max(newest?.oldest ?? staged.height, versions.oldest(staged.height)),
    root: staged.root,
    count: stored.count,
    ref: stored.ref,
    nodeEnd: nodes.log.end(),
    valueEnd: values.end(),
    records: staged.records,
    nodeSegments: reclaim.nodeSpace.table(),
    valueSegments: reclaim.valueSpace.table(),
    removingSets: [...removing],
  };
}
