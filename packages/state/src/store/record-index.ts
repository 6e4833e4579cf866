/**
 * The ordered index of records, which lists walk, and what it must remember of removed ones: their
 * entries stay while a version that can be read still has them, their history begins at the removal.
 */
import type { Height, RecordKey } from '@daybook/core';
import { treeKeyOf } from '@daybook/core';
import { findValue } from '../tree/lookup.ts';
import type { PendingValue } from '../tree/nodes.ts';
import type { Ref } from '../tree/record-form.ts';
import { placeOf, writeValue } from '../tree/values.ts';
import type { CommitParts } from './commit.ts';
import type { Changes } from './database.ts';
import type { Removal } from './history.ts';
import { addRemoval, decodeRemovals, encodeRemovals } from './history.ts';
import { decodeRecord, leavingKey, recordBytes, recordIndexKey, removalsKey } from './key-space.ts';
import { cacheName } from './read-cache.ts';
import type { Staged } from './staged.ts';

/**
 * Index entries of removed records stay longer than the versions that read them, so that going back
 * by some heights does not miss them.
 */
export const LEAVING_SLACK = 200;

/** What the database knows of removals that matter to a block. */
export interface FoundRemovals {
  /** Earlier removals of records that the block creates again or removes. */
  readonly earlier: ReadonlyMap<string, readonly Removal[]>;
  /** The height whose removals the index may forget with this block; undefined for none. */
  readonly due: Height | undefined;
  /** Records that it removed and no block removed again since. */
  readonly leaving: readonly RecordKey[];
}

export async function findRemovals(staged: Staged, parts: CommitParts): Promise<FoundRemovals> {
  const { database, versions } = parts;
  const sets = new Set(versions.newest()?.removingSets);
  const again = sets.size === 0 ? [] : createdIn(staged, sets);
  const keys = [...again, ...staged.stage.removed.map(({ recordKey }) => recordKey)];
  const earlier = new Map<string, readonly Removal[]>();
  for (const [key, removals] of await removalsOf(keys, staged.height, parts)) {
    if (removals.length > 0) earlier.set(cacheName(key), removals);
  }
  const due = versions.oldest(staged.height) - LEAVING_SLACK;
  if (due < 0) return { earlier, due: undefined, leaving: [] };
  const list = await database.get(leavingKey(due));
  const removed = list === undefined ? [] : decodeRecords(list);
  const found = await removalsOf(removed, staged.height, parts);
  const leaving = found.filter(([, removals]) => removals[0]?.height === due);
  return { earlier, due, leaving: leaving.map(([key]) => key) };
}

async function removalsOf(
  keys: readonly RecordKey[],
  height: Height,
  { database }: CommitParts,
): Promise<readonly (readonly [key: RecordKey, newestFirst: readonly Removal[]])[]> {
  const found = await database.getMany(keys.map(removalsKey));
  return keys.map((key, index) => {
    return [key, decodeRemovals(database.path, found[index], height - 1)];
  });
}

function createdIn(staged: Staged, sets: ReadonlySet<number>): readonly RecordKey[] {
  return staged.stage.created.map(({ key }) => key).filter(({ set }) => sets.has(set));
}

/** Records that exist again point to their removal. */
export function linkHistory(created: readonly PendingValue[], { earlier }: FoundRemovals): void {
  if (earlier.size === 0) return;
  for (const value of created) {
    const newest = earlier.get(cacheName(value.key))?.[0];
    if (newest !== undefined) value.previous = newest.ref;
  }
}

/** Adds to a batch what a block changes in the index; returns where its removals lie. */
export function indexRecords(
  staged: Staged,
  { earlier, due, leaving }: FoundRemovals,
  changes: Changes,
  { nodes, values, lists }: CommitParts,
): readonly Ref[] {
  const { stage, height, tree } = staged;
  const dropped = leaving.filter((key) => findValue(tree, treeKeyOf(key), nodes) === 0);
  const removed = stage.removed.map(({ recordKey }) => recordKey);
  lists.changing();
  if (due !== undefined) changes.delete(leavingKey(due));
  for (const key of dropped) {
    const indexKey = recordIndexKey(key);
    changes.delete(indexKey);
    lists.dropped(key, indexKey);
  }
  for (const { key } of stage.created) {
    const indexKey = recordIndexKey(key);
    lists.created(key, indexKey, changes.set(indexKey, NOTHING));
  }
  for (const key of removed) lists.removed(key);
  const tombstones: Ref[] = [];
  for (const { recordKey: key, previous } of stage.removed) {
    const tombstone = { height, previous: placeOf(previous), key, value: undefined };
    const ref = writeValue(values, tombstone);
    tombstones.push(ref);
    const list = addRemoval(earlier.get(cacheName(key)) ?? [], { height, ref });
    changes.set(removalsKey(key), encodeRemovals(list));
  }
  if (stage.removed.length > 0) {
    changes.set(leavingKey(height), encodeRecords(removed));
  }
  return tombstones;
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
export function decodeRecords(bytes: Uint8Array): readonly RecordKey[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const keys: RecordKey[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = view.getUint32(at);
    keys.push(decodeRecord(bytes.subarray(at + 4, at + 4 + size)));
    at += 4 + size;
  }
  return keys;
}
