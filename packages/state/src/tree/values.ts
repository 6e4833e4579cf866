/**
 * Stored values: an append-only log in the order of writing, each pointing to the version before,
 * so that a record's history needs no index and writing a value costs a copy. A value names its
 * record, which lets a reader notice a wrong one and lets everything else be rebuilt from the log.
 *
 *   VALUE = height u48 | previous ref u48 | flags u8 (1 = removed, 2 = partition) | set u32 |
 *           [partition size u16 | partition] | key size u16 | key | value
 */
import type { Height, RecordKey } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { RECORD_KINDS } from './inner.ts';
import type { PendingValue } from './nodes.ts';
import { copyBytes, readU48, writeU48 } from './numbers.ts';
import type { Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

export interface StoredValue {
  readonly height: Height;
  /** The version before; 0 when there is none. */
  readonly previous: Ref;
  readonly key: RecordKey;
  /** undefined when this version is a removal. */
  readonly value: Uint8Array | undefined;
}

const HEAD_SIZE = 6 + 6 + 1 + 4;
/** Most values are shorter. */
const VALUE_HINT = 500;
const FLAG_REMOVED = 1;
const FLAG_PARTITION = 2;

/** Appends a staged value and sets its place, unless it has one. */
export function writePending(log: RecordLog, pending: PendingValue, height: Height): Ref {
  if (pending.ref === 0) {
    const { previous, key, value, writtenAt = height } = pending;
    const before = placeOf(previous);
    pending.ref = writeValue(log, { height: writtenAt, previous: before, key, value });
  }
  return pending.ref;
}

/** Where a value lies that is stored by now. */
export function placeOf(value: Ref | PendingValue): Ref {
  return typeof value === 'number' ? value : value.ref;
}

/** Appends one version of a record. */
export function writeValue(log: RecordLog, stored: StoredValue): Ref {
  const { key, value } = stored;
  const size = HEAD_SIZE + 4 + (key.partition?.length ?? 0) + key.key.length + (value?.length ?? 0);
  const start = log.begin(size);
  const { buffer } = log;
  writeU48(buffer, start, stored.height);
  writeU48(buffer, start + 6, stored.previous);
  const removed = value === undefined ? FLAG_REMOVED : 0;
  buffer[start + 12] = removed | (key.partition === undefined ? 0 : FLAG_PARTITION);
  buffer[start + 13] = key.set >>> 24;
  buffer[start + 14] = (key.set >>> 16) & 0xff;
  buffer[start + 15] = (key.set >>> 8) & 0xff;
  buffer[start + 16] = key.set & 0xff;
  let at = start + HEAD_SIZE;
  if (key.partition !== undefined) at = writeSized(buffer, at, key.partition);
  at = writeSized(buffer, at, key.key);
  if (value !== undefined) {
    buffer.set(value, at);
    at += value.length;
  }
  return log.finish(RECORD_KINDS.value, at - start);
}

/** One version of a record. @throws StateError STATE_DAMAGED */
export function readValue(log: RecordLog, ref: Ref): StoredValue {
  const { bytes, at: bodyAt, size } = log.readInPlace(ref, RECORD_KINDS.value, VALUE_HINT);
  return decodeValue(bytes.subarray(bodyAt, bodyAt + size));
}

/** The body of a record that passed its checksum; nothing of it is shared. */
export function decodeValue(body: Uint8Array): StoredValue {
  const flags = body[12] ?? 0;
  const set =
    (body[13] ?? 0) * 0x100_0000 +
    (((body[14] ?? 0) << 16) | ((body[15] ?? 0) << 8) | (body[16] ?? 0));
  let at = HEAD_SIZE;
  let partition: Uint8Array | undefined;
  if ((flags & FLAG_PARTITION) !== 0) {
    partition = sizedAt(body, at);
    at += 2 + partition.length;
  }
  const key = sizedAt(body, at);
  at += 2 + key.length;
  return {
    height: readU48(body, 0),
    previous: readU48(body, 6),
    key: { set, key, ...(partition && { partition }) },
    value: (flags & FLAG_REMOVED) !== 0 ? undefined : body.slice(at),
  };
}

/** Whether two record keys name the same record. */
export function isSameRecord(a: RecordKey, b: RecordKey): boolean {
  const samePartition =
    a.partition === undefined || b.partition === undefined
      ? a.partition === b.partition
      : equalBytes(a.partition, b.partition);
  return a.set === b.set && samePartition && equalBytes(a.key, b.key);
}

/** A record key for messages: set, partition and key in hex. */
export function describeRecord({ set, partition, key }: RecordKey): string {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return `record ${set}${partition ? `/${hex(partition)}` : ''}/${hex(key)}`;
}

function writeSized(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  buffer[at] = bytes.length >>> 8;
  buffer[at + 1] = bytes.length & 0xff;
  copyBytes(bytes, 0, buffer, at + 2, bytes.length);
  return at + 2 + bytes.length;
}

function sizedAt(body: Uint8Array, at: number): Uint8Array {
  const size = ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
  return body.slice(at + 2, at + 2 + size);
}
