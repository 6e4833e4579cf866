/**
 * Where a record lives (architecture: record key). Every record set is one subtree of the state tree
 * and a partition of a set is a subtree of it, so that a list can be proven whole.
 */

import { assert } from '../codec/assert.ts';
import type { BinaryWriter } from '../codec/binary.ts';
import { createWriter } from '../codec/binary.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';

export interface RecordKey {
  /** Record set: contract number << 16 | record number, u32. */
  readonly set: number;
  /** Leading bytes of `key`: the fields that form a subtree, for records that declare one. */
  readonly partition?: Uint8Array;
  /** The key fields in order, encoded so that the order of bytes is the order of fields (S-1). */
  readonly key: Uint8Array;
}

/** Leading bytes of a partition's hash inside a tree key. */
export const PARTITION_SIZE = 16;
/** Bytes of a tree key without and with a partition. */
export const TREE_KEY_SIZES = { plain: 4 + 32, partitioned: 4 + PARTITION_SIZE + 32 } as const;

/** Whether bytes are as long as a tree key. */
export function isTreeKey({ length }: Uint8Array): boolean {
  return length === TREE_KEY_SIZES.plain || length === TREE_KEY_SIZES.partitioned;
}

const RECORD_NUMBER_MAX = 0xffff;

/** The record set of record `recordNumber` of contract `contractNumber`, both below 2^16. */
export function recordSetOf(contractNumber: number, recordNumber: number): number {
  assert(contractNumber >= 0 && contractNumber <= RECORD_NUMBER_MAX, 'a contract number is a u16');
  assert(recordNumber >= 0 && recordNumber <= RECORD_NUMBER_MAX, 'a record number is a u16');
  return contractNumber * 0x1_0000 + recordNumber;
}

/** A record set, or one partition of it. */
export type RecordPlace = Pick<RecordKey, 'set' | 'partition'>;

/** What the tree keys of a record set, or of a partition of it, begin with: 4 or 20 bytes. */
export function treePrefixOf(place: RecordPlace): Uint8Array {
  const writer = createWriter();
  writePrefix(writer, place);
  return writer.finish();
}

/** set u32 ‖ [first 16 bytes of the partition's hash] ‖ hash of the key: 36 or 52 bytes. */
export function treeKeyOf(record: RecordKey): Uint8Array {
  const writer = createWriter();
  writePrefix(writer, record);
  writer.raw(hashTagged(TAGS.KEY, record.key));
  return writer.finish();
}

function writePrefix(writer: BinaryWriter, { set, partition }: RecordPlace): void {
  writer.u32(set);
  if (partition === undefined) return;
  writer.raw(hashTagged(TAGS.KEY, partition).subarray(0, PARTITION_SIZE));
}

/** Hash of a stored value: what a leaf of the state tree and a result leaf commit to. */
export function valueHashOf(value: Uint8Array): ReturnType<typeof hashTagged> {
  return hashTagged(TAGS.VALUE, value);
}
