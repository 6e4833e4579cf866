/**
 * Where the states of two nodes differ: from the root down, into subtrees whose hashes differ and no
 * others, so that one record among millions is found in a few requests. Each part must hash to what
 * the part above it says: a node that shows other parts than those of its root could hide a
 * difference behind them.
 */
import type { Hash, Height, RecordKey, TreePlace } from '@daybook/core';
import {
  compareBytes,
  equalBytes,
  nodeLabel,
  placeOfSlot,
  placeOfText,
  placeToText,
  ROOT_PLACE,
  sharedNibbles,
  slotsRoot,
  TREE_WIDTH,
  treeKeyOf,
  treePairHash,
  treeRootOf,
  ZERO_HASH,
} from '@daybook/core';
import { ClientError } from '../errors.ts';
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

/**
 * Reads parts of one node's state.
 * @param expected  hash of the part in the slot above it; of the root it is the state root told
 *                  with it, and any other part is taken as it comes, when left out
 * @throws          ClientError CLIENT_STATE_UNPROVEN if the part has another hash
 */
export type SubtreeReader = (
  place: TreePlace,
  height?: Height,
  expected?: Hash,
) => Promise<StateSide>;

/** One of the two that are compared. */
export interface ComparedState {
  /** What everything that it shows must lead to. */
  readonly stateRoot: Hash;
  readonly subtree: SubtreeReader;
}

const SET_MAX = 0xffff_ffff;

const recordSet: Decoder<number> = (value, at) => {
  const set = integer(value, at);
  return set >= 0 && set <= SET_MAX ? set : wrong(at, 'the number of a record set');
};

const decodeAnswer = object({
  height: integer,
  stateRoot: hash,
  place: optional(text),
  slots: optional(list(hash)),
  records: optional(
    list(object({ set: recordSet, partition: optional(bytes), key: bytes, valueHash: hash })),
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
  return async (place, height, expected) => {
    const asked = placeToText(place);
    const query = { place: asked, height };
    const decoder: Decoder<StateSide> = (value, at) => {
      const side = decodeSide(value, at);
      if (height !== undefined && side.height !== height) return wrong(at, `height ${height}`);
      // A node that stood above what was asked for would lead round in circles.
      return isBelow(side.part, place) ? side : wrong(at, `a part below ${asked}`);
    };
    const side = await requester.json({ path: '/v1/state', query }, decoder);
    const hash = expected ?? (place.depth === 0 ? side.stateRoot : undefined);
    if (hash === undefined || isPartOf(side.part, hash)) return side;
    const url = requester.urls.join(', ');
    throw new ClientError({
      code: 'CLIENT_STATE_UNPROVEN',
      url,
      height: side.height,
      place: asked,
    });
  };
}

function isBelow(part: Part, place: TreePlace): boolean {
  if (part.kind === 'node') return placeToText(part.place).startsWith(placeToText(place));
  return part.records.every(({ treeKey }) => sharedNibbles(treeKey, place.prefix) >= place.depth);
}

function isPartOf(part: Part, hash: Hash): boolean {
  const found = part.kind === 'node' ? nodeHash(part) : bucketHash(part.records);
  return found !== undefined && equalBytes(found, hash);
}

function nodeHash({ place, slots }: Extract<Part, { readonly kind: 'node' }>): Hash | undefined {
  // What stood behind the last slot would not be hashed.
  if (slots.length !== TREE_WIDTH) return undefined;
  return treePairHash(slotsRoot(slots), nodeLabel(place.depth, place.prefix));
}

/** @param records  in the order of tree keys */
function bucketHash(records: readonly HashedRecord[]): Hash | undefined {
  return records.length <= TREE_WIDTH ? treeRootOf(records) : undefined;
}

/**
 * Records that differ between two states of one height, in the order of tree keys.
 * @throws ClientError CLIENT_STATE_UNPROVEN if a side shows what does not lead to its root
 */
export async function* diffStates(
  left: ComparedState,
  right: ComparedState,
  height: Height,
): AsyncGenerator<StateDifference, void, void> {
  const pair = { left: left.subtree, right: right.subtree, height };
  yield* diffBelow({ place: ROOT_PLACE, hashes: [left.stateRoot, right.stateRoot] }, pair);
}

interface Pair {
  readonly left: SubtreeReader;
  readonly right: SubtreeReader;
  readonly height: Height;
}

/** A place at which both have a part, with the hashes of these. */
interface Fork {
  readonly place: TreePlace;
  readonly hashes: readonly [Hash, Hash];
}

async function* diffBelow({ place, hashes }: Fork, pair: Pair): AsyncGenerator<StateDifference> {
  const { left, right, height } = pair;
  const [a, b] = await Promise.all([
    left(place, height, hashes[0]),
    right(place, height, hashes[1]),
  ]);
  if (isSameNode(a.part, b.part)) {
    const { place: node, slots } = a.part;
    for (const [slot, hash] of slots.entries()) {
      const other = b.part.kind === 'node' ? b.part.slots[slot] : undefined;
      if (other === undefined || equalBytes(hash, other)) continue;
      yield* diffBelow({ place: placeOfSlot(node, slot), hashes: [hash, other] }, pair);
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
    if (equalBytes(hash, ZERO_HASH)) continue;
    const child = await read(placeOfSlot(part.place, slot), height, hash);
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
