/**
 * Reading a whole segment: which blocks it holds and where, which candidates wait at its end, and
 * whether what follows the last whole record is a torn tail or damage.
 */
import type { Hash, Height } from '@daybook/core';
import { crc32c, encodeUtf8, equalBytes } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { LoggedTransaction } from './block-log.ts';
import type { FramedRecord } from './block-record.ts';
import {
  kindOf,
  MARK_BYTES,
  RECORD_CANDIDATE,
  RECORD_FINAL,
  RECORD_GROUP,
  RECORD_HEAD,
  RECORD_OVERHEAD,
  readCandidateHead,
  readFinalisation,
  recordAt,
} from './block-record.ts';
import type { GrowingIndex, IndexedBlock } from './segment-index.ts';
import { createGrowingIndex, latestValidUntil } from './segment-index.ts';

const SEGMENT_MAGIC = encodeUtf8('DBKBLOCKS\n\0\0\0\0\0\x02');
const MARK_END = SEGMENT_MAGIC.length + MARK_BYTES;
/** Bytes of a segment before its first record. */
export const SEGMENT_HEAD = MARK_END + 4;

/** The first bytes of a segment. */
export function segmentHead(mark: Uint8Array): Uint8Array {
  const head = new Uint8Array(SEGMENT_HEAD);
  head.set(SEGMENT_MAGIC);
  head.set(mark, SEGMENT_MAGIC.length);
  new DataView(head.buffer).setUint32(MARK_END, crc32c(head.subarray(0, MARK_END)));
  return head;
}

/** What every record of a segment begins with. */
export function markOf(segment: Uint8Array): Uint8Array {
  return segment.subarray(SEGMENT_MAGIC.length, MARK_END);
}

/** By a changed mark no record would be whole, and all of them one torn tail. */
function hasSoundHead(segment: Uint8Array): boolean {
  return equalBytes(segment.subarray(0, SEGMENT_HEAD), segmentHead(markOf(segment)));
}

/** What a segment holds. */
export interface Scan {
  readonly index: GrowingIndex;
  /** Where the last whole record begins, a group as one; `end` in an empty segment. */
  readonly last: number;
  /** Offset behind the last whole record. */
  readonly end: number;
  /** Candidates that follow the last final block. */
  readonly open: readonly {
    readonly blockHash: Hash;
    readonly offset: number;
    readonly size: number;
  }[];
}

export function damaged(path: string, offset: number, fact: string, height?: Height): StateError {
  const place = { path, offset, ...(height !== undefined && { height }) };
  return new StateError({ code: 'STATE_BLOCK_DAMAGED', fact, ...place });
}

interface PlacedRecord extends FramedRecord {
  readonly offset: number;
}

/** Whole records from an offset on, those of a group one by one; returns where the last lies. */
function* recordsFrom(
  bytes: Uint8Array,
  start: number,
  mark?: Uint8Array,
): Generator<PlacedRecord, Pick<Scan, 'last' | 'end'>> {
  let offset = start;
  let last = start;
  for (;;) {
    const found = recordAt(bytes, offset, mark);
    if (found === undefined) return { last, end: offset };
    if (found.type === RECORD_GROUP) {
      const inside = bytes.subarray(0, offset + found.size - (RECORD_OVERHEAD - RECORD_HEAD));
      yield* recordsFrom(inside, offset + RECORD_HEAD);
    } else {
      yield { ...found, offset };
    }
    last = offset;
    offset += found.size;
  }
}

/** Reads every record of a segment in order. */
export function scanSegment(path: string, bytes: Uint8Array, first: Height): Scan {
  if (!hasSoundHead(bytes)) {
    throw damaged(path, 0, 'it does not begin like a segment', first);
  }
  const index = createGrowingIndex(first);
  let open: { blockHash: Hash; offset: number; size: number }[] = [];
  const records = recordsFrom(bytes, SEGMENT_HEAD, markOf(bytes));
  for (let next = records.next(); ; next = records.next()) {
    if (next.done === true) return { index, ...next.value, open };
    const { offset, size } = next.value;
    const height = first + index.count();
    if (kindOf(next.value) === RECORD_CANDIDATE) {
      const head = readCandidateHead(next.value.payload);
      if (head?.height !== height) throw damaged(path, offset, 'a body of another height', height);
      open.push({ blockHash: head.blockHash, offset, size });
    } else {
      index.add(...finalOf(next.value, { path, offset, height, open }));
      open = [];
    }
  }
}

function finalOf(
  found: FramedRecord,
  at: {
    readonly path: string;
    readonly offset: number;
    readonly height: Height;
    readonly open: readonly { readonly blockHash: Hash; readonly offset: number }[];
  },
): [IndexedBlock, readonly LoggedTransaction[]] {
  const { path, offset, height, open } = at;
  const final = kindOf(found) === RECORD_FINAL ? readFinalisation(found.payload) : undefined;
  if (final?.height !== height)
    throw damaged(path, offset, 'a record of another height or kind', height);
  const body = open.find(({ blockHash }) => equalBytes(blockHash, final.blockHash));
  if (body === undefined) throw damaged(path, offset, 'a final block without its body', height);
  const { blockHash, timestampMs, transactions } = final;
  const places = { candidateOffset: body.offset, finalOffset: offset };
  const validUntilMaxMs = latestValidUntil(transactions);
  const block = { blockHash, timestampMs, validUntilMaxMs, ...places };
  return [block, transactions];
}

const OUTER_TYPES: readonly number[] = [RECORD_CANDIDATE, RECORD_FINAL, RECORD_GROUP];

/**
 * A record that is not whole, with a whole one anywhere behind it, is no torn tail: a record is
 * written only when those before it are durable. By the mark the search takes as long as the bytes
 * are many, whatever is in them.
 */
export function assertTorn(path: string, bytes: Uint8Array, end: number): void {
  const mark = markOf(bytes);
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = all.indexOf(mark, end + 1); at >= 0; at = all.indexOf(mark, at + 1)) {
    const found = recordAt(bytes, at);
    if (found !== undefined && OUTER_TYPES.includes(found.type)) {
      throw damaged(path, end, 'a damaged record with whole ones behind it');
    }
  }
}
