/**
 * What the database keeps of one version: where its tree starts, where the logs ended, and how much
 * of each segment was in use. Everything else about a version follows from these.
 *
 *   ROOT = oldest height u64 | hash 32 | count u8 | ref u64 | node end u64 | value end u64 | retired ref u64 |
 *          records u64 | segment count u32 x (segment u32, current u32, held u32, both / 8) |
 *          set count u32 x set u32
 */
import type { Hash, Height } from '@daybook/core';
import { asHash, createWriter, decodeBinary } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { Child } from '../tree/child.ts';
import type { Ref } from '../tree/record-log.ts';
import type { SegmentSpace } from '../tree/space.ts';

/** One version of the state. */
export interface Version {
  readonly height: Height;
  /** The lowest height of the run of versions when this one was stored. */
  readonly oldest: Height;
  readonly root: Hash;
  readonly count: number;
  readonly ref: Ref;
  /** Global end of the node log when this version was complete. */
  readonly nodeEnd: number;
  readonly valueEnd: number;
  /** Last record of the places that this version retired; 0 when there are none. */
  readonly retired: Ref;
  /** Records in the tree. */
  readonly records: number;
  readonly segments: readonly SegmentSpace[];
  /** Record sets in which a record was ever removed. */
  readonly removingSets: readonly number[];
}

const UNIT = 8;

/** The tree of a version, as a stage starts from it. */
export function treeOf({ count, ref, root }: Version): Child {
  return { count, ref, node: undefined, hashBytes: root, hashAt: 0 };
}

export function encodeVersion(version: Version): Uint8Array {
  const writer = createWriter();
  writer.u64(version.oldest);
  writer.raw(version.root);
  writer.u8(version.count);
  writer.u64(version.ref);
  writer.u64(version.nodeEnd);
  writer.u64(version.valueEnd);
  writer.u64(version.retired);
  writer.u64(version.records);
  writer.u32(version.segments.length);
  for (const { segment, current, held } of version.segments) {
    writer.u32(segment);
    writer.u32(current / UNIT);
    writer.u32(held / UNIT);
  }
  writer.u32(version.removingSets.length);
  for (const set of version.removingSets) writer.u32(set);
  return writer.finish();
}

/** @throws StateError STATE_DAMAGED although its checksum was right: written by other software */
export function decodeVersion(path: string, height: Height, bytes: Uint8Array): Version {
  const decoded = decodeBinary(bytes, 'root record', (reader) => ({
    height,
    oldest: reader.u64(),
    root: asHash(reader.raw(32)),
    count: reader.u8(),
    ref: reader.u64(),
    nodeEnd: reader.u64(),
    valueEnd: reader.u64(),
    retired: reader.u64(),
    records: reader.u64(),
    segments: Array.from({ length: reader.u32() }, () => ({
      segment: reader.u32(),
      current: reader.u32() * UNIT,
      held: reader.u32() * UNIT,
    })),
    removingSets: Array.from({ length: reader.u32() }, () => reader.u32()),
  }));
  if (decoded.ok) return decoded.value;
  const record = `root record of height ${height}`;
  throw new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact: 'malformed' });
}
