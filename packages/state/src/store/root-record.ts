/**
 * What the database keeps of one version: where its tree starts, where the logs ended, and how much
 * of each segment was in use. Everything else about a version follows from these.
 *
 *   ROOT = oldest height u64 | history from u64 | hash 32 | count u8 | ref u64 | node end u64 |
 *          value end u64 | records u64 | segments of the nodes | segments of the values |
 *          set count u32 x set u32
 *   segments = count u32 x (segment u32, written u32, current u32, empty since u64; 0 is not empty)
 */
import type { BinaryReader, BinaryWriter, Hash, Height } from '@daybook/core';
import { asHash, createWriter, decodeBinary } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { Child } from '../tree/child.ts';
import type { Ref } from '../tree/record-form.ts';
import type { SegmentUse } from '../tree/space.ts';

/** One version of the state. */
export interface Version {
  readonly height: Height;
  /** The lowest height of the run of versions when this one was stored. */
  readonly oldest: Height;
  /** Every value that was in force at this height or later is still there. */
  readonly historyFrom: Height;
  readonly root: Hash;
  readonly count: number;
  readonly ref: Ref;
  /** Global end of the node log when this version was complete. */
  readonly nodeEnd: number;
  readonly valueEnd: number;
  /** Records in the tree. */
  readonly records: number;
  readonly nodeSegments: readonly SegmentUse[];
  readonly valueSegments: readonly SegmentUse[];
  /** Record sets in which a record was ever removed. */
  readonly removingSets: readonly number[];
}

/** The tree of a version, as a stage starts from it. */
export function treeOf({ count, ref, root }: Version): Child {
  return { count, ref, node: undefined, hashBytes: root, hashAt: 0 };
}

export function encodeVersion(version: Version): Uint8Array {
  const writer = createWriter();
  writer.u64(version.oldest);
  writer.u64(version.historyFrom);
  writer.raw(version.root);
  writer.u8(version.count);
  writer.u64(version.ref);
  writer.u64(version.nodeEnd);
  writer.u64(version.valueEnd);
  writer.u64(version.records);
  writeSegments(writer, version.nodeSegments);
  writeSegments(writer, version.valueSegments);
  writer.u32(version.removingSets.length);
  for (const set of version.removingSets) writer.u32(set);
  return writer.finish();
}

function writeSegments(writer: BinaryWriter, segments: readonly SegmentUse[]): void {
  writer.u32(segments.length);
  for (const { segment, written, current, emptySince } of segments) {
    writer.u32(segment);
    writer.u32(written);
    writer.u32(current);
    // Nothing is superseded at height 0, so 0 is free to say that there is something current.
    writer.u64(emptySince ?? 0);
  }
}

/** @throws StateError STATE_DAMAGED although its checksum was right: written by other software */
export function decodeVersion(path: string, height: Height, bytes: Uint8Array): Version {
  const decoded = decodeBinary(bytes, 'root record', (reader) => ({
    height,
    oldest: reader.u64(),
    historyFrom: reader.u64(),
    root: asHash(reader.raw(32)),
    count: reader.u8(),
    ref: reader.u64(),
    nodeEnd: reader.u64(),
    valueEnd: reader.u64(),
    records: reader.u64(),
    nodeSegments: readSegments(reader),
    valueSegments: readSegments(reader),
    removingSets: readEach(reader, () => reader.u32()),
  }));
  if (decoded.ok) return decoded.value;
  const record = `root record of height ${height}`;
  throw new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact: 'malformed' });
}

function readSegments(reader: BinaryReader): readonly SegmentUse[] {
  return readEach(reader, () => {
    const segment = reader.u32();
    const written = reader.u32();
    const current = reader.u32();
    const emptySince = reader.u64();
    return { segment, written, current, emptySince: emptySince === 0 ? undefined : emptySince };
  });
}

/** As many as a count says that is not believed before they are there: nothing is reserved for it. */
function readEach<T>(reader: BinaryReader, read: () => T): readonly T[] {
  const items: T[] = [];
  for (let left = reader.u32(); left > 0; left--) items.push(read());
  return items;
}
