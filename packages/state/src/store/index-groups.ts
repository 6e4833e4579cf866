/**
 * What the index of one record set must hold, in a few bytes a record: its keys in order, cut into
 * groups of which count and sum of checksums are known. A group that was read and has them is whole;
 * LevelDB loses keys without a word where a byte of its files flipped, and then it has not.
 */
import { compareBytes, crc32c } from '@daybook/core';
import type { KeyRange } from './key-space.ts';

/** Keys of a group when it is made; a page of a list reads the groups that it touches. */
const GROUP_KEYS = 256;
/** A group that has become larger is cut when it is read next. */
const CUT_ABOVE = 2 * GROUP_KEYS;
/** Memory of a group: its first key and its numbers. */
const GROUP_BYTES = 256;
const SUM_MODULUS = 2 ** 52;

interface Group {
  /** Everything from here up to the next group is in this one. */
  readonly from: Uint8Array;
  count: number;
  /** Sum of the checksums of the keys, modulo 2^52. */
  sum: number;
}

/** What a group has at a moment. */
export interface GroupShape extends KeyRange {
  readonly count: number;
  readonly sum: number;
}

/** First bytes of the keys of groups, behind what all of them share, as numbers that ascend. */
interface Numbers {
  readonly shared: number;
  /** As many as there are groups, and room for more. */
  readonly values: Float64Array;
}

/** A number holds so many bytes exactly. */
const NUMBER_BYTES = 6;

export class IndexGroups {
  readonly #range: KeyRange;
  #groups: Group[];
  /** Made when it is needed; a block looks for a thousand groups, and changes few. */
  #numbers: Numbers | undefined;
  /** The highest key that was ever in: most sets grow behind it. */
  #highest: Uint8Array;

  /** @param range  index keys of the whole set */
  constructor(range: KeyRange) {
    this.#range = range;
    this.#groups = [{ from: range.from, count: 0, sum: 0 }];
    this.#highest = range.from;
  }

  /** @param checksum  its CRC-32C */
  add(key: Uint8Array, checksum: number): void {
    if (compareBytes(key, this.#highest) <= 0) {
      change(this.#groups[this.#indexOf(key)], checksum, 1);
      return;
    }
    this.#highest = key;
    const last = this.#groups[this.#groups.length - 1];
    if (last !== undefined && last.count < GROUP_KEYS) change(last, checksum, 1);
    else this.#append({ from: key, count: 1, sum: checksum });
  }

  delete(key: Uint8Array): void {
    change(this.#groups[this.#indexOf(key)], crc32c(key), -1);
  }

  /** The group in which a key lies or would lie. */
  at(key: Uint8Array): GroupShape {
    const index = this.#indexOf(key);
    const group = this.#groups[index] ?? groupOf([]);
    return { ...group, to: this.#groups[index + 1]?.from ?? this.#range.to };
  }

  /** Cuts a group that has grown, now that all its keys are known. */
  cut({ from, count }: GroupShape, keys: readonly Uint8Array[]): void {
    const index = this.#indexOf(from);
    if (count <= CUT_ABOVE || this.#groups[index]?.count !== keys.length) return;
    const parts: Group[] = [];
    for (let at = 0; at < keys.length; at += GROUP_KEYS) {
      const part = groupOf(keys.slice(at, at + GROUP_KEYS));
      parts.push(at === 0 ? { ...part, from } : part);
    }
    this.#groups = this.#groups.toSpliced(index, 1, ...parts);
    this.#numbers = undefined;
  }

  /** Memory that it takes, about. */
  bytes(): number {
    return this.#groups.length * GROUP_BYTES;
  }

  /** Behind all others; a set that grows there would otherwise number its groups again and again. */
  #append(group: Group): void {
    const index = this.#groups.push(group) - 1;
    if (this.#numbers === undefined) return;
    const { shared, values } = this.#numbers;
    const isAlike = comparePrefix(group.from, this.#groups[1]?.from ?? group.from, shared) === 0;
    if (index > 1 && isAlike && index < values.length) values[index] = numberAt(group.from, shared);
    else this.#numbers = undefined;
  }

  #indexOf(key: Uint8Array): number {
    this.#numbers ??= numbersOf(this.#groups);
    const { shared, values } = this.#numbers;
    const last = this.#groups.length - 1;
    const order = comparePrefix(key, this.#groups[last]?.from ?? key, shared);
    if (order !== 0) return order < 0 ? 0 : last;
    const number = numberAt(key, shared);
    // The groups whose numbers are equal, and the one before, are told apart by the whole keys.
    let low = Math.max(0, lowest(values, number) - 1);
    let high = low;
    while ((values[high + 1] ?? Number.POSITIVE_INFINITY) <= number) high += 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      const from = this.#groups[middle]?.from ?? this.#range.to;
      if (compareBytes(from, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The first index whose value is not below a number. */
function lowest(values: Float64Array, number: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first group begins before every key, so that its own bytes say nothing. */
function numbersOf(groups: readonly Group[]): Numbers {
  const first = groups[1]?.from ?? new Uint8Array();
  const last = groups.at(-1)?.from ?? first;
  let shared = 0;
  while (shared < first.length && first[shared] === last[shared]) shared += 1;
  const values = new Float64Array(2 * groups.length).fill(Number.POSITIVE_INFINITY);
  for (const [index, { from }] of groups.entries()) values[index] = numberAt(from, shared);
  values[0] = Number.NEGATIVE_INFINITY;
  return { shared, values };
}

function comparePrefix(a: Uint8Array, b: Uint8Array, length: number): number {
  for (let at = 0; at < length; at++) {
    const difference = (a[at] ?? -1) - (b[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numberAt(key: Uint8Array, from: number): number {
  let number = 0;
  for (let at = from; at < from + NUMBER_BYTES; at++) number = number * 256 + (key[at] ?? 0);
  return number;
}

/** Whether keys that were read are those of a group; they ascend. */
export function isWhole({ count, sum }: GroupShape, keys: readonly Uint8Array[]): boolean {
  const isAscending = keys.every(
    (key, at) => at === 0 || compareBytes(keys[at - 1] ?? key, key) < 0,
  );
  return isAscending && keys.length === count && groupOf(keys).sum === sum;
}

function groupOf(keys: readonly Uint8Array[]): Group {
  const group = { from: keys[0] ?? new Uint8Array(), count: 0, sum: 0 };
  for (const key of keys) change(group, crc32c(key), 1);
  return group;
}

function change(group: Group | undefined, checksum: number, by: 1 | -1): void {
  if (group === undefined) return;
  group.count += by;
  group.sum += by * checksum;
  // A remainder of doubles would cost more than the rest together.
  if (group.sum < 0) group.sum += SUM_MODULUS;
  else if (group.sum >= SUM_MODULUS) group.sum -= SUM_MODULUS;
}
