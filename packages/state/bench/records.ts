/** The records that benchmarks of the state store write: numbered, spread evenly over one set. */
import type { RecordKey } from '@daybook/core';
import { sha256, treeKeyOf, valueHashOf } from '@daybook/core';
import type { StateWrite } from '../src/index.ts';
import { writeU32 } from '../src/tree/numbers.ts';

const VALUE_SIZE = 150;
const ID_MAX = 2 ** 24;

/** A generator of integers from 0 to below its argument, the same for the same seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * The key of a numbered record: 20 bytes. Keys and values are parts of larger pieces of memory, as
 * those of a decoded block are: whoever makes them should not be measured.
 */
export function keyOf(id: number): RecordKey {
  const key = Buffer.allocUnsafe(20).fill(0);
  writeU32(key, 0, id);
  const digest = sha256(key.subarray(0, 4));
  for (let at = 0; at < 12; at++) key[8 + at] = digest[at] ?? 0;
  return { set: 0x0002_0001, key };
}

/** The numbers of so many records, fewer than 2^24, in the order of their tree keys. */
export function inTreeOrder(count: number): Float64Array {
  const ids = Float64Array.from({ length: count }, (_, id) => {
    const treeKey = treeKeyOf(keyOf(id));
    const beginning = new DataView(treeKey.buffer, treeKey.byteOffset).getUint32(4) >>> 3;
    return beginning * ID_MAX + id;
  });
  return ids.sort().map((number) => number % ID_MAX);
}

/** The write of a numbered record at a height, with 150 bytes of value. */
export function writeOf(id: number, height: number): StateWrite {
  const value = Buffer.allocUnsafe(VALUE_SIZE).fill(height & 255);
  writeU32(value, 0, id);
  writeU32(value, 4, height);
  const recordKey = keyOf(id);
  return { recordKey, treeKey: treeKeyOf(recordKey), value, valueHash: valueHashOf(value) };
}
