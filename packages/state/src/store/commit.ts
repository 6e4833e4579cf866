/**
 * Storing a staged state: its records first, then one batch that makes them the newest version. What
 * the version retires is listed, and what no version reads any more is freed.
 */
import type { Height, RecordKey } from '@daybook/core';
import type { Child } from '../tree/child.ts';
import type { NodeStore } from '../tree/node-store.ts';
import type { PendingValue, Places } from '../tree/nodes.ts';
import type { RecordLog } from '../tree/record-log.ts';
import type { Space } from '../tree/space.ts';
import { encodePlaces, placesSize, readRetired, writeRetired } from '../tree/space.ts';
import type { Sweep } from '../tree/sweep.ts';
import { persistStage } from '../tree/tree-persist.ts';
import { writeValue } from '../tree/values.ts';
import type { Database } from './database.ts';
import { Changes } from './database.ts';
import type { Removal } from './history.ts';
import { addRemoval, decodeRemovals, encodeRemovals } from './history.ts';
import {
  decodeRecord,
  heldKey,
  leavingKey,
  recordBytes,
  recordIndexKey,
  removalsKey,
  rootKey,
} from './key-space.ts';
import { cacheName } from './read-cache.ts';
import type { Version } from './root-record.ts';
import { encodeVersion } from './root-record.ts';
import type { Staged, StagedSet } from './staged.ts';
import type { Versions } from './versions.ts';

export interface CommitParts {
  readonly database: Database;
  readonly nodes: NodeStore;
  readonly values: RecordLog;
  readonly space: Space;
  readonly sweep: Sweep;
  readonly versions: Versions;
  readonly staged: StagedSet;
}

/**
 * Index entries of removed records stay longer than the versions that read them, so that going back
 * by some heights does not miss them.
 */
const LEAVING_SLACK = 200;
const SWEEP_BYTES_MIN = 64 * 1024;
/** Mean size of a node's record. */
const NODE_BYTES = 400;

/** What has to be known from the database before anything is written. */
export interface Prefetched {
  /** Earlier removals of records that the block creates again or removes. */
  readonly removals: ReadonlyMap<string, readonly Removal[]>;
  /** Records removed so long ago that the index may forget them. */
  readonly leaving: readonly RecordKey[];
}

export async function prefetch(staged: Staged, parts: CommitParts): Promise<Prefetched> {
  const { database, versions } = parts;
  const sets = new Set(versions.newest()?.removingSets);
  const again = sets.size === 0 ? [] : createdIn(staged, sets);
  const keys = [...again, ...staged.stage.removed.map(({ recordKey }) => recordKey)];
  const found = await database.getMany(keys.map(removalsKey));
  const removals = new Map<string, readonly Removal[]>();
  for (const [index, key] of keys.entries()) {
    const list = decodeRemovals(database.path, found[index], staged.height - 1);
    if (list.length > 0) removals.set(cacheName(key), list);
  }
  const due = versions.oldest(staged.height) - LEAVING_SLACK;
  const leaving = due < 0 ? undefined : await database.get(leavingKey(due));
  return { removals, leaving: leaving === undefined ? [] : decodeRecords(leaving) };
}

function createdIn(staged: Staged, sets: ReadonlySet<number>): readonly RecordKey[] {
  return staged.stage.created.map(({ key }) => key).filter(({ set }) => sets.has(set));
}

/** Writes the records of a state, and returns its version with the batch that makes it the newest. */
export function writeState(staged: Staged, found: Prefetched, parts: CommitParts): Written {
  const { nodes, values, space, versions } = parts;
  const { stage, height } = staged;
  const changes = new Changes();
  if (found.removals.size > 0) {
    for (const created of stage.created) linkHistory(created, found);
  }

  const tree = sweepInto(staged, parts);
  staged.tree = tree;
  const stored = persistStage(tree, stage, { nodes, values });
  indexRecords(staged, found, changes, parts);
  parts.staged.commit(staged, stored);

  const retired = writeRetired(nodes.log, stage.dead);
  space.append(nodes.log.takeAppended());
  space.retire(stage.dead, nodes.log);
  freeOldest(height, { retired, places: stage.dead }, changes, parts);
  nodes.log.flush();
  values.flush();
  nodes.trim();

  const tail = Math.floor(nodes.log.end() / nodes.log.segmentBytes);
  const doomed = space.takeEmpty(tail);
  const version = versionOf(staged, stored, retired, parts);
  changes.set(rootKey(height), encodeVersion(version));
  const left = versions.oldest(height) - LEAVING_SLACK;
  if (left >= 0) changes.delete(leavingKey(left));
  return { version, changes, doomed };
}

export interface Written {
  readonly version: Version;
  readonly changes: Changes;
  /** Segments that nothing needs once the batch is durable. */
  readonly doomed: readonly number[];
}

/** A record that exists again points to its removal. */
function linkHistory(created: PendingValue, { removals }: Prefetched): void {
  const newest = removals.get(cacheName(created.key))?.[0];
  if (newest !== undefined) created.previous = newest.ref;
}

function sweepInto(staged: Staged, { sweep, staged: all, nodes }: CommitParts): Child {
  // A state built on this one already shares nodes whose places would change.
  if (all.hasChildren(staged)) return staged.tree;
  // As much as the block will write, roughly: what is swept keeps pace with what is written.
  const budget = SWEEP_BYTES_MIN + (staged.stage.dead.length / 3) * NODE_BYTES;
  const tree = sweep.run(staged.tree, staged.stage, budget);
  nodes.trim();
  return tree;
}

function indexRecords(
  { stage, height }: Staged,
  found: Prefetched,
  changes: Changes,
  { values }: CommitParts,
): void {
  for (const key of found.leaving) changes.delete(recordIndexKey(key));
  for (const { key } of stage.created) changes.set(recordIndexKey(key), NOTHING);
  for (const { recordKey, previous } of stage.removed) {
    const before = typeof previous === 'number' ? previous : previous.ref;
    const tombstone = { height, previous: before, key: recordKey, value: undefined };
    const ref = writeValue(values, tombstone);
    const list = addRemoval(found.removals.get(cacheName(recordKey)) ?? [], { height, ref });
    changes.set(removalsKey(recordKey), encodeRemovals(list));
  }
  if (stage.removed.length > 0) {
    changes.set(leavingKey(height), encodeRecords(stage.removed.map(({ recordKey }) => recordKey)));
  }
}

/** When a height leaves the run: its version goes, and what only it and older ones read. */
function freeOldest(
  height: Height,
  own: { readonly retired: number; readonly places: Places },
  changes: Changes,
  { nodes, space, versions }: CommitParts,
): void {
  const leaving = versions.leaving(height);
  if (leaving !== undefined) changes.delete(rootKey(leaving));
  const oldest = versions.oldest(height);
  if (oldest === 0) return;
  const last = oldest === height ? own.retired : (versions.get(oldest)?.retired ?? 0);
  const { retired, own: lists } = readRetired(nodes.log, last);
  space.retire(lists, nodes.log);
  space.free(lists, nodes.log);
  if (versions.pins().size === 0) {
    space.free(retired, nodes.log);
    return;
  }
  const held = new Map<Height, Places>();
  const freed: Places = [];
  for (let at = 0; at < retired.length; at += 3) {
    const place = retired.slice(at, at + 3);
    const pin = versions.pinWithin(place[2] ?? 0, oldest);
    if (pin === undefined) freed.push(...place);
    else held.set(pin, [...(held.get(pin) ?? []), ...place]);
  }
  space.free(freed, nodes.log);
  for (const [pin, places] of held) {
    const bytes = new Uint8Array(placesSize(places));
    encodePlaces(places, bytes, 0);
    changes.set(heldKey(pin, oldest), bytes);
  }
}

function versionOf(staged: Staged, stored: Child, retired: number, parts: CommitParts): Version {
  const { nodes, values, space, versions } = parts;
  const removing = new Set(versions.newest()?.removingSets);
  for (const { recordKey } of staged.stage.removed) removing.add(recordKey.set);
  const run = versions.newest()?.oldest ?? staged.height;
  return {
    height: staged.height,
    oldest: Math.max(run, versions.oldest(staged.height)),
    root: staged.root,
    count: stored.count,
    ref: stored.ref,
    nodeEnd: nodes.log.end(),
    valueEnd: values.end(),
    retired,
    records: staged.records,
    segments: space.table(),
    removingSets: [...removing],
  };
}

const NOTHING = new Uint8Array();

function encodeRecords(keys: readonly RecordKey[]): Uint8Array {
  const parts = keys.map(recordBytes);
  const bytes = new Uint8Array(parts.reduce((size, part) => size + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** The inverse of `encodeRecords`, for bytes that passed a checksum. */
function decodeRecords(bytes: Uint8Array): readonly RecordKey[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const keys: RecordKey[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = view.getUint32(at);
    keys.push(decodeRecord(bytes.subarray(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return keys;
}
