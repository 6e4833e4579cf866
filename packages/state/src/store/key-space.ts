/**
 * Every key of the state database, in one table. Prefixes are never reused; `h` was used once.
 *
 *   f                          format of the logs, written once
 *   s                          height of the last synced batch u64
 *   r | height u64             root record of a version; their run tells lost batches
 *   p | height u64             pin, with a bit for each owner
 *   k | record                 a record that exists or did within the retained window
 *   d | record                 newest removals of a record: up to 4 x (height u48, ref u48)
 *   q | height u64             records that a version removed, to leave `k` later
 *   v | record | height u64    version of a record whose whole history is kept
 *   i                          how far an import is, or was when it ended
 *
 *   record = set u32 | flags u8 (1 = partition) | [partition size u16 | partition] | key
 */
import type { Height, RecordKey, RecordPlace } from '@daybook/core';
import { concatBytes, createWriter } from '@daybook/core';
import { writeU16, writeU32 } from '../tree/numbers.ts';

const PREFIX = { format: 'f', synced: 's', root: 'r', pin: 'p', record: 'k' } as const;
const MORE = { removals: 'd', leaving: 'q', kept: 'v', import: 'i' } as const;
const HAS_PARTITION = 1;

const keyed = (prefix: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(Uint8Array.of(prefix.charCodeAt(0)), ...parts);

const RECORD_PREFIX = keyed(PREFIX.record);
const REMOVALS_PREFIX = keyed(MORE.removals);
const KEPT_PREFIX = keyed(MORE.kept);
export const FORMAT_KEY = keyed(PREFIX.format);
export const SYNCED_KEY = keyed(PREFIX.synced);
export const IMPORT_KEY = keyed(MORE.import);

export function rootKey(height: Height): Uint8Array {
  return keyed(PREFIX.root, heightBytes(height));
}

export function pinKey(height: Height): Uint8Array {
  return keyed(PREFIX.pin, heightBytes(height));
}

export function leavingKey(height: Height): Uint8Array {
  return keyed(MORE.leaving, heightBytes(height));
}

export function keptKey(key: RecordKey, height: Height): Uint8Array {
  return concatBytes(recordBehind(KEPT_PREFIX, key), heightBytes(height));
}

export function recordIndexKey(key: RecordKey): Uint8Array {
  return recordBehind(RECORD_PREFIX, key);
}

export function removalsKey(key: RecordKey): Uint8Array {
  return recordBehind(REMOVALS_PREFIX, key);
}

/** Height at the end of a key. */
export function heightOfKey(key: Uint8Array): Height {
  const view = new DataView(key.buffer, key.byteOffset + key.length - 8, 8);
  return view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
}

/** The record that an index key names. */
export function recordOfKey(key: Uint8Array): RecordKey {
  return decodeRecord(key.subarray(1));
}

/** A record key in the form that database keys and removal lists use. */
export function recordBytes(record: RecordKey): Uint8Array {
  return recordBehind(new Uint8Array(), record);
}

/** A record key behind a prefix, in one array: a block makes thousands of them. */
function recordBehind(prefix: Uint8Array, { set, partition, key }: RecordKey): Uint8Array {
  const at = prefix.length;
  const partitionSize = partition === undefined ? 0 : 2 + partition.length;
  const bytes = new Uint8Array(at + 5 + partitionSize + key.length);
  bytes.set(prefix);
  writeU32(bytes, at, set);
  if (partition !== undefined) {
    bytes[at + 4] = HAS_PARTITION;
    writeU16(bytes, at + 5, partition.length);
    bytes.set(partition, at + 7);
  }
  bytes.set(key, at + 5 + partitionSize);
  return bytes;
}

/** The inverse of `recordBytes`, for bytes that passed a checksum. */
export function decodeRecord(bytes: Uint8Array): RecordKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const set = view.getUint32(0);
  if (bytes[4] !== HAS_PARTITION) return { set, key: bytes.slice(5) };
  const size = view.getUint16(5);
  return { set, partition: bytes.slice(7, 7 + size), key: bytes.slice(7 + size) };
}

/** First and last key of everything with a prefix. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

export function rootRange(): KeyRange {
  return rangeBelow(keyed(PREFIX.root));
}

export function pinRange(): KeyRange {
  return rangeBelow(keyed(PREFIX.pin));
}

/** Kept versions of a record from before a height. */
export function keptRange(key: RecordKey, before: Height): KeyRange {
  return { from: keptKey(key, 0), to: keptKey(key, before) };
}

/** Index keys of a record set or of one of its partitions. */
export function recordRange({ set, partition }: RecordPlace): KeyRange {
  const writer = createWriter();
  writer.u32(set);
  if (partition !== undefined) {
    writer.u8(HAS_PARTITION);
    writer.u16(partition.length);
    writer.raw(partition);
  }
  return rangeBelow(keyed(PREFIX.record, writer.finish()));
}

/** The smallest key after another. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return concatBytes(key, Uint8Array.of(0));
}

function rangeBelow(prefix: Uint8Array): KeyRange {
  const to = prefix.slice();
  for (let at = to.length - 1; at >= 0; at--) {
    const next = (to[at] ?? 0) + 1;
    if (next < 256) {
      to[at] = next;
      return { from: prefix, to: to.slice(0, at + 1) };
    }
  }
  return { from: prefix, to: new Uint8Array(prefix.length + 1).fill(0xff) };
}

function heightBytes(height: Height): Uint8Array {
  const writer = createWriter();
  writer.u64(height);
  return writer.finish();
}
