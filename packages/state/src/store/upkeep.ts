/** What is done beside commits: ending pins, going back to an earlier version, and tidying up. */
import type { Height } from '@daybook/core';
import type { RecordLog } from '../tree/record-log.ts';
import type { SegmentUse } from '../tree/space.ts';
import type { CommitParts } from './commit.ts';
import { Changes } from './database.ts';
import { pinKey, rootKey } from './key-space.ts';
import type { PinOwner } from './pins.ts';
import type { Version } from './root-record.ts';
import { encodeVersion } from './root-record.ts';

/**
 * The batch that ends the pin of one owner; undefined when there is no such pin. What only the last
 * one held goes with the next block.
 */
export function changesToUnpin(
  height: Height,
  owner: PinOwner,
  { versions }: CommitParts,
): Changes | undefined {
  const newest = versions.newest();
  if (newest === undefined || !versions.pins.has(height, owner)) return undefined;
  const left = versions.pins.without(height, owner);
  versions.pins.set(height, left);
  const changes = new Changes();
  if (left !== undefined) {
    changes.set(pinKey(height), left);
    return changes;
  }
  changes.delete(pinKey(height));
  if (height < versions.oldest(newest.height)) {
    changes.delete(rootKey(height));
    versions.forget(height);
  }
  return changes;
}

/** The batch that drops all versions above a height, and the version to go on from. */
export async function changesToRollBack(
  height: Height,
  { database, versions }: CommitParts,
): Promise<{ readonly changes: Changes; readonly version: Version }> {
  versions.need(height);
  const stored = await database.version(height);
  const newest = versions.newest() ?? stored;
  const version = {
    ...stored,
    oldest: Math.max(stored.oldest, newest.oldest),
    historyFrom: Math.max(stored.historyFrom, newest.historyFrom),
  };
  const changes = new Changes();
  for (const above of versions.above(height)) changes.delete(rootKey(above));
  changes.set(rootKey(height), encodeVersion(version));
  return { changes, version };
}

/** Removes segments that the newest version does not know: deleted or abandoned before a crash. */
export function removeLeftovers({ nodes, values, versions }: CommitParts): void {
  const newest = versions.newest();
  if (newest === undefined) return;
  removeUnknown(nodes.log, newest.nodeSegments);
  removeUnknown(values, newest.valueSegments);
}

function removeUnknown(log: RecordLog, uses: readonly SegmentUse[]): void {
  const known = new Set(uses.map(({ segment }) => segment));
  for (const segment of log.segments()) {
    if (segment < log.tail() && !known.has(segment)) log.removeSegment(segment);
  }
}
