/**
 * Which bytes of the node log are still needed, by segment. A record is *current* while the newest
 * version uses it and *held* while any version that can be read does; a segment without held bytes
 * is deleted, one with few current bytes is swept: what is current in it is written again at the end
 * of the log. The figures belong to a version: they are stored with its root and rolled back with it.
 */
import { assert } from '@daybook/core';
import { RECORD_KINDS } from './inner.ts';
import type { Places } from './nodes.ts';
import { readU16, readU48, U48_SIZE, writeU16, writeU48 } from './numbers.ts';
import type { RecordLog, Ref, SegmentBytes } from './record-log.ts';
import { recordSize } from './record-log.ts';

export interface SegmentSpace {
  readonly segment: number;
  readonly current: number;
  readonly held: number;
}

/** A segment is worth sweeping when less than this part of it is current. */
const SWEEP_FRACTION = 1 / 5;

export class Space {
  readonly #current = new Map<number, number>();
  readonly #held = new Map<number, number>();

  /** Takes over the figures of a version. */
  restore(table: readonly SegmentSpace[]): void {
    this.#current.clear();
    this.#held.clear();
    for (const { segment, current, held } of table) {
      this.#current.set(segment, current);
      this.#held.set(segment, held);
    }
  }

  table(): readonly SegmentSpace[] {
    return [...this.#held].map(([segment, held]) => {
      return { segment, current: this.#current.get(segment) ?? 0, held };
    });
  }

  append(appended: readonly SegmentBytes[]): void {
    for (const { segment, bytes } of appended) {
      this.#current.set(segment, (this.#current.get(segment) ?? 0) + bytes);
      this.#held.set(segment, (this.#held.get(segment) ?? 0) + bytes);
    }
  }

  /** The newest version no longer uses these places. */
  retire(places: Places, log: RecordLog): void {
    subtract(this.#current, places, log);
  }

  /** No version that can be read uses these places. */
  free(places: Places, log: RecordLog): void {
    subtract(this.#held, places, log);
  }

  /** Segments that nothing needs any more, but for the one that is being written; forgets them. */
  takeEmpty(tail: number): readonly number[] {
    const empty = [...this.#held].filter(([segment, held]) => held === 0 && segment !== tail);
    for (const [segment] of empty) {
      this.#held.delete(segment);
      this.#current.delete(segment);
    }
    return empty.map(([segment]) => segment);
  }

  /** The segment that is most worth sweeping, if any is. */
  sweepable(tail: number, segmentBytes: number, swept: ReadonlySet<number>): number | undefined {
    let best: number | undefined;
    let least = segmentBytes * SWEEP_FRACTION;
    for (const [segment, current] of this.#current) {
      if (segment === tail || swept.has(segment) || current === 0 || current >= least) continue;
      best = segment;
      least = current;
    }
    return best;
  }

  bytes(): number {
    return [...this.#held.values()].reduce((sum, held) => sum + held, 0);
  }

  count(): number {
    return this.#held.size;
  }
}

function subtract(figures: Map<number, number>, places: Places, log: RecordLog): void {
  for (let at = 0; at < places.length; at += 3) {
    const segment = log.segmentOf(places[at] ?? 0);
    const left = (figures.get(segment) ?? 0) - (places[at + 1] ?? 0);
    assert(left >= 0, 'a segment never has fewer than no bytes in use');
    figures.set(segment, left);
  }
}

// --- lists of retired places ---------------------------------------------------------------

const PLACE_SIZE = U48_SIZE + 2 + U48_SIZE;
const PLACES_PER_RECORD = 2000;

/**
 * Appends the places that a version retired, as a chain of records, and returns the last of them; 0
 * when there are none.
 *
 *   STALE = previous ref u48 | places x (ref u48, size u16, born u48)
 */
export function writeRetired(log: RecordLog, places: Places): Ref {
  let previous: Ref = 0;
  const step = 3 * PLACES_PER_RECORD;
  for (let from = 0; from < places.length; from += step) {
    const run = places.slice(from, from + step);
    const size = U48_SIZE + (run.length / 3) * PLACE_SIZE;
    const start = log.begin(size);
    writeU48(log.buffer, start, previous);
    encodePlaces(run, log.buffer, start + U48_SIZE);
    previous = log.finish(RECORD_KINDS.stale, size);
  }
  return previous;
}

/** The places of a chain, and those of the chain's own records. @throws StateError STATE_DAMAGED */
export function readRetired(log: RecordLog, last: Ref): { retired: Places; own: Places } {
  const retired: Places = [];
  const own: Places = [];
  for (let ref = last; ref !== 0; ) {
    const body = log.read(ref, RECORD_KINDS.stale);
    own.push(ref, recordSize(body.length), 0);
    retired.push(...decodePlaces(body.subarray(U48_SIZE)));
    ref = readU48(body, 0);
  }
  return { retired, own };
}

/** Places as bytes; `target` has room from `at` on. */
export function encodePlaces(places: Places, target: Uint8Array, at: number): void {
  for (let index = 0; index < places.length; index += 3) {
    const to = at + (index / 3) * PLACE_SIZE;
    const size = places[index + 1] ?? 0;
    assert(size <= 0xffff, 'a node is smaller than 64 KiB');
    writeU48(target, to, places[index] ?? 0);
    writeU16(target, to + U48_SIZE, size);
    writeU48(target, to + U48_SIZE + 2, places[index + 2] ?? 0);
  }
}

export function decodePlaces(bytes: Uint8Array): Places {
  const places: Places = [];
  for (let at = 0; at + PLACE_SIZE <= bytes.length; at += PLACE_SIZE) {
    const bornAt = at + U48_SIZE + 2;
    places.push(readU48(bytes, at), readU16(bytes, at + U48_SIZE), readU48(bytes, bornAt));
  }
  return places;
}

/** Bytes of so many places. */
export function placesSize(places: Places): number {
  return (places.length / 3) * PLACE_SIZE;
}
