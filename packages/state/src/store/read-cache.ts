/**
 * Values of the newest version that were read lately: the officers, roles and accounts that nearly
 * every transaction asks for.
 */
import type { RecordKey } from '@daybook/core';
import { RecentBytes } from '../tree/recent-bytes.ts';

/** A record with the value it has from now on. */
export interface Change {
  readonly recordKey: RecordKey;
  readonly value: Uint8Array | undefined;
}

export class ReadCache {
  readonly #values: RecentBytes<string>;

  constructor(bytesMax: number) {
    this.#values = new RecentBytes(bytesMax);
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name);
  }

  put(name: string, value: Uint8Array): void {
    this.#values.put(name, value);
  }

  /** A newer version has other values, or none; what nobody read is not taken up. */
  changeAll(writes: readonly Change[]): void {
    if (this.#values.isEmpty()) return;
    for (const { recordKey, value } of writes) {
      const name = cacheName(recordKey);
      const isKnown = this.#values.delete(name);
      if (isKnown && value !== undefined) this.put(name, value);
    }
  }

  clear(): void {
    this.#values.clear();
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
