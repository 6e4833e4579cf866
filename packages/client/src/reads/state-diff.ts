/**
 * Where the states of two nodes differ: from the root down, into subtrees whose hashes differ and no
 * others, so that one record among millions is found in a few requests.
 */
import type { Hash, Height, RecordKey, TreePlace } from '@daybook/core';
import {
  compareBytes,
  equalBytes,
  placeOfSlot,
  placeOfText,
  placeToText,
  ROOT_PLACE,
  treeKeyOf,
} from '@daybook/core';
import type { Requester } from '../transport/requester.ts';
import type { Decoder } from '../wire/decode.ts';
import { bytes, hash, integer, list, object, optional, text, wrong } from '../wire/decode.ts';

/** A record of a state, as its hash. */
interface HashedRecord {
  readonly key: RecordKey;
  readonly treeKey: Uint8Array;
  readonly valueHash: Hash;
}

/** A record that is not the same on both sides; a side without hash does not hold it. */
export interface StateDifference {
  readonly key: RecordKey;
  readonly left?: Hash;
  readonly right?: Hash;
}

export interface StateSide {
  readonly height: Height;
  readonly stateRoot: Hash;
  readonly part: Part;
}

type Part =
  | { readonly kind: 'bucket'; readonly records: readonly HashedRecord[] }
  | { readonly kind: 'node'; readonly place: TreePlace; readonly slots: readonly Hash[] };

/** Reads parts of one node's state. */
export type SubtreeReader = (place: TreePlace, height?: Height) => Promise<StateSide>;

const decodeAnswer = object({
  height: integer,
  stateRoot: hash,
  place: optional(text),
  slots: optional(list(hash)),
  records: optional(
    list(object({ set: integer, partition: optional(bytes), key: bytes, valueHash: hash })),
  ),
});

const decodeSide: Decoder<StateSide> = (value, at) => {
  const { height, stateRoot, place, slots, records = [] } = decodeAnswer(value, at);
  const node = place === undefined ? undefined : placeOfText(place);
  if (node !== undefined && slots !== undefined) {
    return { height, stateRoot, part: { kind: 'node', place: node, slots } };
  }
  const hashed = records.map(({ set, partition, key: bare, valueHash }) => {
    const key = { set, key: bare, ...(partition && { partition }) };
    return { key, treeKey: treeKeyOf(key), valueHash };
  });
  hashed.sort((a, b) => compareBytes(a.treeKey, b.treeKey));
  return { height, stateRoot, part: { kind: 'bucket', records: hashed } };
};

export function createSubtreeReader(requester: Requester): SubtreeReader {
  return async (place, height) => {
    const asked = placeToText(place);
    const query = { place: asked, height };
    // A node that stood above what was asked for would lead round in circles.
    const decoder: Decoder<StateSide> = (value, at) => {
      const side = decodeSide(value, at);
      const isBelow = side.part.kind === 'bucket' || placeToText(side.part.place).startsWith(asked);
      return isBelow ? side : wrong(at, `a part below ${asked}`);
    };
    return await requester.json({ path: '/v1/state', query }, decoder);
  };
}

/** Records that differ between two states of one height, in the order of tree keys. */
export async function* diffStates(
  left: SubtreeReader,
  right: SubtreeReader,
  height: Height,
): AsyncGenerator<StateDifference, void, void> {
  yield* diffBelow(ROOT_PLACE, { left, right, height });
}

interface Pair {
  readonly left: SubtreeReader;
  readonly right: SubtreeReader;
  readonly height: Height;
}

async function* diffBelow(place: TreePlace, pair: Pair): AsyncGenerator<StateDifference> {
  const { left, right, height } = pair;
  const [a, b] = await Promise.all([left(place, height), right(place, height)]);
  if (isSameNode(a.part, b.part)) {
    const { place: node, slots } = a.part;
    for (const [slot, hash] of slots.entries()) {
      const other = b.part.kind === 'node' ? b.part.slots[slot] : undefined;
      if (other === undefined || equalBytes(hash, other)) continue;
      yield* diffBelow(placeOfSlot(node, slot), pair);
    }
    return;
  }
  yield* diffRecords(recordsOf(a.part, left, height), recordsOf(b.part, right, height));
}

function isSameNode(a: Part, b: Part): a is Extract<Part, { readonly kind: 'node' }> {
  return a.kind === 'node' && b.kind === 'node' && placeToText(a.place) === placeToText(b.place);
}

/** All records of a part, in the order of tree keys. */
async function* recordsOf(
  part: Part,
  read: SubtreeReader,
  height: Height,
): AsyncGenerator<HashedRecord, undefined> {
  if (part.kind === 'bucket') {
    yield* part.records;
    return undefined;
  }
  for (const [slot, hash] of part.slots.entries()) {
    if (hash.every((byte) => byte === 0)) continue;
    const child = await read(placeOfSlot(part.place, slot), height);
    yield* recordsOf(child.part, read, height);
  }
  return undefined;
}

/** Goes through two rows of records side by side. */
async function* diffRecords(
  left: AsyncGenerator<HashedRecord, undefined>,
  right: AsyncGenerator<HashedRecord, undefined>,
): AsyncGenerator<StateDifference> {
  let a = (await left.next()).value;
  let b = (await right.next()).value;
  while (a !== undefined || b !== undefined) {
    const order = orderOf(a, b);
    const difference = differenceOf(order > 0 ? undefined : a, order < 0 ? undefined : b);
    if (difference !== undefined) yield difference;
    if (order <= 0) a = (await left.next()).value;
    if (order >= 0) b = (await right.next()).value;
  }
}

/** What two sides say of one key; undefined when they say the same. */
function differenceOf(
  left: HashedRecord | undefined,
  right: HashedRecord | undefined,
): StateDifference | undefined {
  const key = left?.key ?? right?.key;
  if (key === undefined) return undefined;
  if (left !== undefined && right !== undefined && equalBytes(left.valueHash, right.valueHash)) {
    return undefined;
  }
  return {
    key,
    ...(left && { left: left.valueHash }),
    ...(right && { right: right.valueHash }),
  };
}

function orderOf(a: HashedRecord | undefined, b: HashedRecord | undefined): number {
  if (a === undefined) return 1;
  return b === undefined ? -1 : compareBytes(a.treeKey, b.treeKey);
}
