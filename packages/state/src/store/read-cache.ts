/**
 * Records of the newest version that were read lately, absent ones too: the officers, roles,
 * accounts and parameters that nearly every transaction or block asks for.
 */
import type { RecordKey } from '@daybook/core';
import { treeKeyOf } from '@daybook/core';
import { RecentBytes } from '../tree/recent-bytes.ts';
import { KeyMarks } from './key-marks.ts';

/** A record with the value it has from now on. */
export interface Change {
  readonly recordKey: RecordKey;
  readonly treeKey: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** What was read of a record. Its tree key is a hash, and costs more than finding it here. */
export interface CachedRecord {
  readonly treeKey: Uint8Array;
  /** Undefined while the record is absent. */
  readonly value: Uint8Array | undefined;
  /** Bytes of both. */
  readonly length: number;
}

/** Four megabytes hold some ten thousand records: two or three of a hundred others pass for known. */
const MARKS = 2 ** 19;
/** Records that were put until marks of those that have gone are given up. */
const PUTS_MAX = 16_384;

export class ReadCache {
  readonly #records: RecentBytes<string, CachedRecord>;
  /** Records that are here: a block changes thousands of which nobody asked for most. */
  readonly #marks = new KeyMarks(MARKS);
  #puts = 0;

  constructor(bytesMax: number) {
    this.#records = new RecentBytes(bytesMax);
  }

  /** The record as the newest version has it, by `read` at first sight. */
  get(key: RecordKey, read: (treeKey: Uint8Array) => Uint8Array | undefined): CachedRecord {
    const name = cacheName(key);
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const treeKey = treeKeyOf(key);
    return this.#put(name, treeKey, read(treeKey));
  }

  #put(name: string, treeKey: Uint8Array, value: Uint8Array | undefined): CachedRecord {
    const record = { treeKey, value, length: treeKey.length + (value?.length ?? 0) };
    this.#records.put(name, record);
    this.#mark(treeKey);
    return record;
  }

  /** A newer version has other values, or none; what nobody read is not taken up. */
  changeAll(changes: readonly Change[]): void {
    if (this.#records.isEmpty()) return;
    for (const { recordKey, treeKey, value } of changes) {
      if (!this.#marks.mayHave(treeKey)) continue;
      const name = cacheName(recordKey);
      const known = this.#records.get(name);
      if (known === undefined) continue;
      this.#records.delete(name);
      // One that was absent is new: transactions look for it before they make it, and seldom again.
      if (known.value !== undefined) this.#put(name, known.treeKey, value);
    }
  }

  clear(): void {
    this.#records.clear();
    this.#marks.clear();
    this.#puts = 0;
  }

  #mark(treeKey: Uint8Array): void {
    this.#marks.add(treeKey);
    this.#puts += 1;
    if (this.#puts < PUTS_MAX) return;
    this.#puts = 0;
    this.#marks.clear();
    for (const known of this.#records.values()) this.#marks.add(known.treeKey);
  }
}

/** The same text for the same record, and another one for every other. */
export function cacheName({ set, partition, key }: RecordKey): string {
  const text = latin1(key);
  return partition === undefined
    ? `${set}:${text}`
    : `${set}/${partition.length}:${latin1(partition)}${text}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
