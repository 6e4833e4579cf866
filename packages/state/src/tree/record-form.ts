/**
 * The form of one record of a log, by which it is written, found again and checked.
 *
 *   record = kind u8 | body length u24 | body | crc32 u32 | zeros to a multiple of 8 bytes
 */
import { crc32 } from 'node:zlib';
import { isPlanted } from '@daybook/core';
import { readU32 } from './numbers.ts';

/** Global byte offset / 8; 0 is no record, because every segment starts with a header. */
export type Ref = number;

export const RECORD_HEADER_SIZE = 4;
export const CHECKSUM_SIZE = 4;
export const ALIGNMENT = 8;

/** Where the body of a record is in memory; valid until the next read. */
export interface RecordBody {
  readonly kind: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly size: number;
}

/** One record of a scan. */
export interface FoundRecord extends PassedRecord {
  readonly kind: number;
  /** Valid until the next read. */
  readonly body: Uint8Array;
}

/** A record that a scan went over without a look at it. */
export interface PassedRecord {
  readonly ref: Ref;
  /** Bytes with header, checksum and padding. */
  readonly size: number;
}

/** A place of a scan that holds no whole record. */
export interface DamagedRecord extends PassedRecord {
  /** What is wrong. */
  readonly damage: string;
}

/** Where a log is, and how it goes on. */
export interface RecordLogOptions {
  readonly directory: string;
  /** First part of the file names. */
  readonly name: string;
  /** Size of every segment, fixed for the life of the log: references are computed with it. */
  readonly segmentBytes: number;
  /** Where to go on: global byte offset, 0 for a new log. */
  readonly end: number;
}

/** How many records went to a segment. */
export interface SegmentRecords {
  readonly segment: number;
  readonly count: number;
}

/** A record in a chunk of a segment, as its header describes it. */
export interface RawRecord {
  readonly ref: Ref;
  readonly size: number;
  readonly chunk: Uint8Array;
  readonly at: number;
  readonly bodySize: number;
}

/** Bytes that a record with a body of this length takes. */
export function recordSize(bodySize: number): number {
  const size = RECORD_HEADER_SIZE + bodySize + CHECKSUM_SIZE;
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

/** The length of the body of the record at a place; undefined where none begins. */
export function sizeAt(chunk: Uint8Array, at: number): number | undefined {
  // A kind is never 0, so zeros are the unused end of a segment.
  if (at + RECORD_HEADER_SIZE > chunk.length || chunk[at] === 0) return undefined;
  return ((chunk[at + 1] ?? 0) << 16) | ((chunk[at + 2] ?? 0) << 8) | (chunk[at + 3] ?? 0);
}

/** The place is part of the checksum: a record read from elsewhere is not taken for this one. */
export function checksumOf(bytes: Uint8Array, ref: Ref): number {
  return crc32(bytes, ref % 0x1_0000_0000);
}

/** Whether the checksum at `end` is that of the bytes before it. */
export function isChecked(bytes: Uint8Array, end: number, ref: Ref): boolean {
  return hasChecksum(bytes.subarray(0, end), bytes, ref);
}

/** The same for who has a view of the bytes before the checksum. */
export function hasChecksum(checked: Uint8Array, bytes: Uint8Array, ref: Ref): boolean {
  if (isPlanted('checksum-unchecked')) return true;
  return checksumOf(checked, ref) === readU32(bytes, checked.length);
}

/** A record as its checksum says that it was written; undefined when it is not. */
export function checkedRecord(raw: RawRecord): FoundRecord | undefined {
  const { ref, size, chunk, at, bodySize } = raw;
  const bytes = chunk.subarray(at);
  const end = RECORD_HEADER_SIZE + bodySize;
  if (bytes.length < end + CHECKSUM_SIZE || !isChecked(bytes, end, ref)) return undefined;
  return { ref, kind: bytes[0] ?? 0, body: bytes.subarray(RECORD_HEADER_SIZE, end), size };
}
