/**
 * A segment read as bytes from anywhere, with nothing believed: every record is checked, also those
 * that stand for nothing any more, and every final block comes with its place. A segment of an
 * archive ends with a whole record; a torn end is damage there, because nothing was being written.
 */
import type { Hash, Height } from '@daybook/core';
import { assert, equalBytes } from '@daybook/core';
import type { FinalBlock } from './block-log.ts';
import { CANDIDATE_HEAD, readFinalisation, recordAt } from './block-record.ts';
import { FILE_NAME, MOVED_NAME } from './segment-files.ts';
import type { GrowingIndex } from './segment-index.ts';
import { readIndex } from './segment-index.ts';
import type { Scan } from './segment-scan.ts';
import { assertTorn, damaged, scanSegment } from './segment-scan.ts';

/** A final block with where it was found. */
export interface PlacedBlock extends FinalBlock {
  readonly path: string;
  /** Byte of the segment at which the record of its body begins. */
  readonly bodyOffset: number;
  /** Byte at which the record begins that made it final. */
  readonly finalOffset: number;
}

/** What a segment holds, all its checksums verified. */
export interface ArchivedSegment {
  readonly path: string;
  readonly first: Height;
  /** Heights it makes final: `first`, `first + 1`, … */
  readonly count: number;
  /** Where its last final block ends: what follows are bodies that never became final. */
  readonly end: number;
  /** Bytes of the index that belongs beside it. */
  readonly index: Uint8Array;
  hashAt(height: Height): Hash | undefined;
  blocks(): Generator<PlacedBlock>;
}

/** First height of a segment, from the name of its file; undefined for other files. */
export function segmentHeight(name: string): Height | undefined {
  const first = FILE_NAME.exec(name)?.[1];
  return first === undefined ? undefined : Number(first);
}

/** What is known here of a segment that was moved away. */
export interface MovedSegment {
  readonly first: Height;
  readonly count: number;
  hashAt(height: Height): Hash | undefined;
}

/** First height of a segment that was moved, from the name of the index that stayed. */
export function movedHeight(name: string): Height | undefined {
  const first = MOVED_NAME.exec(name)?.[1];
  return first === undefined ? undefined : Number(first);
}

/** Reads the index that stayed of a segment. @throws StateError STATE_BLOCK_DAMAGED */
export function readMovedSegment(path: string, bytes: Uint8Array, first: Height): MovedSegment {
  const index = readIndex(bytes);
  if (index?.first !== first) throw damaged(path, 0, 'the index of a moved segment', first);
  return { first, count: index.count(), hashAt: (height) => index.at(height)?.blockHash };
}

/** Name of the index that belongs beside a segment. */
export function indexName(segment: string): string {
  return segment.replace(/\.log$/, '.idx');
}

/**
 * Reads a segment that nobody writes to.
 * @throws StateError STATE_BLOCK_DAMAGED with the path, byte and height of the first damage
 */
export function readSegment(path: string, bytes: Uint8Array, first: Height): ArchivedSegment {
  const scan = scanSegment(path, bytes, first);
  if (scan.end < bytes.length) {
    throw damaged(path, scan.end, 'a record is damaged or cut off', first + scan.index.count());
  }
  return archivedSegment(path, bytes, scan);
}

/**
 * Reads what is whole of the newest segment of a node, which may be writing to it: a record that is
 * cut off at the end is one under way.
 * @throws StateError STATE_BLOCK_DAMAGED when whole records follow a damaged one, or contradict
 *   themselves
 */
export function readGrowingSegment(
  path: string,
  bytes: Uint8Array,
  first: Height,
): ArchivedSegment {
  const scan = scanSegment(path, bytes, first);
  if (scan.end < bytes.length) assertTorn(path, bytes, scan.end);
  return archivedSegment(path, bytes, scan);
}

/**
 * What a segment holds before its first damage, for whoever keeps only that.
 * @throws StateError STATE_BLOCK_DAMAGED when records with good checksums contradict themselves
 */
export function readSoundPart(path: string, bytes: Uint8Array, first: Height): ArchivedSegment {
  return archivedSegment(path, bytes, scanSegment(path, bytes, first));
}

function archivedSegment(
  path: string,
  bytes: Uint8Array,
  { index, open, end }: Scan,
): ArchivedSegment {
  return {
    path,
    first: index.first,
    count: index.count(),
    // Bodies that wait at the end are records of their own, never inside a group.
    end: open[0]?.offset ?? end,
    index: index.encode(),
    hashAt: (height) => index.at(height)?.blockHash,
    blocks: () => blocksOf(path, bytes, index),
  };
}

function* blocksOf(path: string, bytes: Uint8Array, index: GrowingIndex): Generator<PlacedBlock> {
  for (let height = index.first; height < index.first + index.count(); height++) {
    const place = index.at(height);
    assert(place !== undefined, 'an index has every height it counts');
    const { candidateOffset: bodyOffset, finalOffset } = place;
    const body = recordAt(bytes, bodyOffset);
    const record = recordAt(bytes, finalOffset);
    const final = record && readFinalisation(record.payload);
    assert(body !== undefined && final !== undefined, 'a scanned record is read again');
    assert(equalBytes(final.blockHash, place.blockHash), 'the index names its record');
    yield { ...final, bytes: body.payload.slice(CANDIDATE_HEAD), path, bodyOffset, finalOffset };
  }
}
