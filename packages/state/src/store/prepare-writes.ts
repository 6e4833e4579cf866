/** The writes of a block as the tree takes them: in key order, each key once, with leaf hashes. */
import { assert, compareBytes, valueHashOf } from '@daybook/core';
import type { TreeWrite } from '../tree/child.ts';
import { writeLeafHash } from '../tree/tree-hash.ts';
import type { StateWrite } from './state-store.ts';

/** Indices take 13 of the 53 bits of a number, the beginning of a key 40. */
const FAST_COUNT_MAX = 8192;
const PREFIX_BYTES = 5;

/** Sorts, keeps the last write of each key, and hashes the leaves. */
export function prepareWrites(writes: readonly StateWrite[]): readonly TreeWrite[] {
  const order = orderOf(writes);
  const hashBytes = new Uint8Array(32 * order.length);
  const prepared: TreeWrite[] = [];
  for (let index = 0; index < order.length; index++) {
    const { recordKey, treeKey, value, valueHash } = writeAt(writes, order[index]);
    const next = writes[order[index + 1] ?? writes.length];
    if (next !== undefined && compareBytes(treeKey, next.treeKey) === 0) continue;
    const hashAt = 32 * index;
    if (value !== undefined) {
      writeLeafHash(treeKey, valueHash ?? valueHashOf(value), hashBytes, hashAt);
    }
    prepared.push({ recordKey, treeKey, value, hashBytes, hashAt });
  }
  return prepared;
}

/**
 * Indices of the writes in key order; writes of one key stay in their order. Native sorting of
 * numbers made of the first bytes that differ and the index takes a third of the time of comparing
 * keys (measured).
 */
function orderOf(writes: readonly StateWrite[]): Uint32Array {
  const inOrder = (a: number, b: number): number =>
    compareBytes(writeAt(writes, a).treeKey, writeAt(writes, b).treeKey) || a - b;
  if (writes.length > FAST_COUNT_MAX) return Uint32Array.from(writes.keys()).sort(inOrder);
  const numbers = sortedNumbers(writes);
  const order = new Uint32Array(numbers.length);
  let runStart = 0;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? 0;
    order[index] = number % FAST_COUNT_MAX;
    const prefix = number - (number % FAST_COUNT_MAX);
    const hasEnded = (numbers[index + 1] ?? Number.POSITIVE_INFINITY) >= prefix + FAST_COUNT_MAX;
    if (!hasEnded) continue;
    // Keys of which the first bytes are equal are compared as a whole.
    if (index > runStart) order.subarray(runStart, index + 1).sort(inOrder);
    runStart = index + 1;
  }
  return order;
}

/** Of each write the first bytes of its key that differ from others, and its index, ascending. */
function sortedNumbers(writes: readonly StateWrite[]): Float64Array {
  const from = sharedBytesOf(writes);
  const numbers = new Float64Array(writes.length);
  for (let index = 0; index < numbers.length; index++) {
    const { treeKey } = writeAt(writes, index);
    let prefix = 0;
    for (let at = 0; at < PREFIX_BYTES; at++) prefix = prefix * 256 + (treeKey[from + at] ?? 0);
    numbers[index] = prefix * FAST_COUNT_MAX + index;
  }
  return numbers.sort();
}

function writeAt(writes: readonly StateWrite[], index: number | undefined): StateWrite {
  const write = index === undefined ? undefined : writes[index];
  assert(write !== undefined, 'an index of a write is in range');
  return write;
}

function sharedBytesOf(writes: readonly StateWrite[]): number {
  const first = writes[0]?.treeKey;
  if (first === undefined) return 0;
  let shared = first.length;
  for (const { treeKey } of writes) {
    let at = 0;
    while (at < shared && treeKey[at] === first[at]) at++;
    shared = at;
  }
  return shared;
}
