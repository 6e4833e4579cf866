/**
 * What happens beside blocks: pins that end, going back to an earlier version, and segments that an
 * earlier process left behind.
 */
import type { Height } from '@daybook/core';
import { compareBytes } from '@daybook/core';
import { decodePlaces, encodePlaces, placesSize } from '../tree/space.ts';
import type { CommitParts } from './commit.ts';
import { Changes } from './database.ts';
import { heightOfKey, heldKey, heldRange, pinKey, rootKey } from './key-space.ts';
import type { Version } from './root-record.ts';
import { encodeVersion } from './root-record.ts';

/**
 * The batch that ends a pin: what only it held is freed, the rest goes to the pins that still read
 * it. Returns undefined when there is no such pin.
 */
export async function changesToUnpin(
  height: Height,
  { database, nodes, space, versions }: CommitParts,
): Promise<Changes | undefined> {
  const newest = versions.newest();
  if (newest === undefined || !versions.pins().has(height)) return undefined;
  versions.unpin(height);
  const changes = new Changes();
  changes.delete(pinKey(height));
  const handedOver = new HeldPlaces();
  for await (const [key, bytes] of database.entries(heldRange(height))) {
    changes.delete(key);
    const died = heightOfKey(key);
    const places = decodePlaces(bytes);
    for (let at = 0; at < places.length; at += 3) {
      const place = places.slice(at, at + 3);
      const other = versions.pinWithin(place[2] ?? 0, died);
      if (other === undefined) space.free(place, nodes.log);
      else handedOver.add(heldKey(other, died), place);
    }
  }
  for (const [key, places] of handedOver.lists()) {
    const before = await database.get(key);
    changes.set(key, placesBytes([...(before ? decodePlaces(before) : []), ...places]));
  }
  if (height < versions.oldest(newest.height)) {
    changes.delete(rootKey(height));
    versions.forget(height);
  }
  const changed: Version = { ...newest, segments: space.table() };
  changes.set(rootKey(newest.height), encodeVersion(changed));
  versions.add(changed);
  return changes;
}

/** The batch that drops all versions above a height, and the version to go on from. */
export async function changesToRollBack(
  height: Height,
  { database, versions }: CommitParts,
): Promise<{ readonly changes: Changes; readonly version: Version }> {
  versions.need(height);
  const stored = await database.version(height);
  const oldest = versions.newest()?.oldest ?? stored.oldest;
  const version = { ...stored, oldest: Math.max(stored.oldest, oldest) };
  const changes = new Changes();
  for (const above of versions.above(height)) changes.delete(rootKey(above));
  changes.set(rootKey(height), encodeVersion(version));
  return { changes, version };
}

/** Removes segments that the newest version does not know: deleted or abandoned before a crash. */
export function removeLeftovers({ nodes, versions }: CommitParts): void {
  const newest = versions.newest();
  if (newest === undefined) return;
  const known = new Set(newest.segments.map(({ segment }) => segment));
  const tail = Math.floor(newest.nodeEnd / nodes.log.segmentBytes);
  for (const segment of nodes.log.segments()) {
    if (segment < tail && !known.has(segment)) nodes.log.removeSegment(segment);
  }
}

/** Places by the key of the list they belong to. */
class HeldPlaces {
  readonly #lists: [key: Uint8Array, places: number[]][] = [];

  add(key: Uint8Array, place: readonly number[]): void {
    const list = this.#lists.find(([other]) => compareBytes(other, key) === 0);
    if (list === undefined) this.#lists.push([key, [...place]]);
    else list[1].push(...place);
  }

  lists(): readonly (readonly [key: Uint8Array, places: readonly number[]])[] {
    return this.#lists;
  }
}

function placesBytes(places: number[]): Uint8Array {
  const bytes = new Uint8Array(placesSize(places));
  encodePlaces(places, bytes, 0);
  return bytes;
}
