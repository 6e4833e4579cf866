/**
 * Whether the database has what it must remember of removed records. LevelDB loses keys without a
 * word where a byte of its files flipped; then a removed record has no history any more, and its
 * entry stays in the index for ever. The value log tells each removal a second time.
 */
import type { Height, RecordKey } from '@daybook/core';
import { treeKeyOf } from '@daybook/core';
import { StateError } from '../errors.ts';
import { findValue } from '../tree/lookup.ts';
import type { FoundRecord } from '../tree/record-form.ts';
import type { RecordLog } from '../tree/record-log.ts';
import { decodeValue, describeRecord } from '../tree/values.ts';
import type { CommitParts } from './commit.ts';
import type { Removal } from './history.ts';
import { decodeRemovals } from './history.ts';
import { leavingKey, recordIndexKey, removalsKey } from './key-space.ts';
import { cacheName } from './read-cache.ts';
import { decodeRecords, LEAVING_SLACK } from './record-index.ts';
import type { Version } from './root-record.ts';
import { treeOf } from './root-record.ts';

type CheckParts = Pick<CommitParts, 'database' | 'nodes' | 'values' | 'versions'>;

/** A record with its newest removal that the log still has. */
interface Removed extends Removal {
  readonly key: RecordKey;
}

/** Entries looked up at once. */
const SLICE = 500;

/**
 * Reads the whole value log, unless no record was ever removed.
 * @throws StateError STATE_DAMAGED naming the record
 */
export async function checkRemovals(parts: CheckParts): Promise<void> {
  const newest = parts.versions.newest();
  if (newest === undefined || newest.removingSets.length === 0) return;
  const removed = [...newestRemovals(newest, parts.values).values()];
  for (let at = 0; at < removed.length; at += SLICE) {
    await checkRemembered(removed.slice(at, at + SLICE), newest, parts);
  }
  // Older ones have left the index, and the lists of them are gone.
  const since = parts.versions.oldest(newest.height) - LEAVING_SLACK;
  await checkLeaving(
    removed.filter(({ height }) => height > since),
    newest,
    parts,
  );
}

function newestRemovals(newest: Version, values: RecordLog): ReadonlyMap<string, Removed> {
  const found = new Map<string, Removed>();
  for (const { ref, body } of recordsOf(newest, values)) {
    const { key, height, value } = decodeValue(body);
    if (value === undefined) found.set(cacheName(key), { key, height, ref });
  }
  return found;
}

/** The records of all segments that are still there, oldest first. */
function* recordsOf(
  { valueSegments, valueEnd }: Version,
  values: RecordLog,
): Generator<FoundRecord> {
  const tail = values.tail();
  const before = valueSegments.map(({ segment }) => segment).filter((one) => one < tail);
  for (const segment of before.toSorted((a, b) => a - b)) {
    for (const found of values.scanSegment(segment, () => false)) {
      if ('body' in found) yield found;
    }
  }
  yield* values.scan(tail * values.segmentBytes, valueEnd);
}

async function checkRemembered(
  removed: readonly Removed[],
  { height: newest }: Version,
  { database }: CheckParts,
): Promise<void> {
  const stored = await database.getMany(removed.map(({ key }) => removalsKey(key)));
  for (const [index, { key, height, ref }] of removed.entries()) {
    const [last] = decodeRemovals(database.path, stored[index], newest);
    // Where the log has lost the newest one with its segment, the database may know of it.
    const isKnown = last !== undefined && (last.height > height || last.ref === ref);
    if (!isKnown) throw damage(database.path, key, `lost its removal at height ${height}`);
  }
}

/** What the index of records still has of them is in the list that it leaves by. */
async function checkLeaving(
  removed: readonly Removed[],
  newest: Version,
  { database, nodes }: CheckParts,
): Promise<void> {
  const tree = treeOf(newest);
  const lists = new Map<Height, ReadonlySet<string>>();
  for (const { key, height } of removed) {
    const isBack = findValue(tree, treeKeyOf(key), nodes) !== 0;
    nodes.trim();
    if (isBack || (await database.get(recordIndexKey(key))) === undefined) continue;
    const list = lists.get(height) ?? (await leavingAt(height, database));
    lists.set(height, list);
    if (list.has(cacheName(key))) continue;
    throw damage(database.path, key, `is not in the list of what height ${height} removed`);
  }
}

async function leavingAt(
  height: Height,
  database: CheckParts['database'],
): Promise<ReadonlySet<string>> {
  const list = await database.get(leavingKey(height));
  return new Set(list === undefined ? [] : decodeRecords(list).map(cacheName));
}

function damage(path: string, key: RecordKey, fact: string): StateError {
  const record = describeRecord(key);
  return new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact });
}
