/** A state store as simple as its definition: a map per height. What the real one is compared with. */
import type { Hash, RecordKey } from '@daybook/core';
import { compareBytes, toHex, treeKeyOf, treeRootOf, valueHashOf } from '@daybook/core';
import type { StateWrite } from '../../src/index.ts';

export interface ModelRecord {
  readonly key: RecordKey;
  readonly value: Uint8Array;
}

export type ModelState = ReadonlyMap<string, ModelRecord>;

export const nameOf = (key: RecordKey): string => toHex(treeKeyOf(key));

export function applyWrites(state: ModelState, writes: readonly StateWrite[]): ModelState {
  const next = new Map(state);
  for (const { recordKey, value } of writes) {
    if (value === undefined) next.delete(nameOf(recordKey));
    else next.set(nameOf(recordKey), { key: recordKey, value });
  }
  return next;
}

export function rootOf(state: ModelState): Hash {
  const leaves = [...state.values()].map(({ key, value }) => ({
    treeKey: treeKeyOf(key),
    valueHash: valueHashOf(value),
  }));
  return treeRootOf(leaves.toSorted((a, b) => compareBytes(a.treeKey, b.treeKey)));
}

/** Records of a set and partition in key order. */
export function recordsOf(state: ModelState, set: number, partition?: Uint8Array): ModelRecord[] {
  const inPartition = (key: RecordKey): boolean =>
    partition === undefined ||
    (key.partition !== undefined && !compareBytes(key.partition, partition));
  return [...state.values()]
    .filter(({ key }) => key.set === set && inPartition(key))
    .toSorted((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(a: RecordKey, b: RecordKey): number {
  const partitions = compareBytes(a.partition ?? new Uint8Array(), b.partition ?? new Uint8Array());
  return partitions === 0 ? compareBytes(a.key, b.key) : partitions;
}

/** Record number `id` of a small world: sets 1 and 2 are plain, set 3 has partitions. */
export function keyOf(id: number): RecordKey {
  const set = 1 + (id % 3);
  const key = Uint8Array.of(0x81, id >> 8, id & 255);
  return set === 3 ? { set, key, partition: Uint8Array.of(0x61, id % 4) } : { set, key };
}

export function write(id: number, text: string | undefined): StateWrite {
  const recordKey = keyOf(id);
  const value = text === undefined ? undefined : new TextEncoder().encode(text);
  return { recordKey, treeKey: treeKeyOf(recordKey), value };
}
