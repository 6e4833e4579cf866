/**
 * Values of the newest version that were read lately: the officers, roles and accounts that nearly
 * every transaction asks for. Two generations bound it: what was not read during one of them is
 * forgotten with it.
 */
import type { RecordKey } from '@daybook/core';

/** A record with the value it has from now on. */
export interface Change {
  readonly recordKey: RecordKey;
  readonly value: Uint8Array | undefined;
}

const ENTRY_BYTES = 200;

export class ReadCache {
  #young = new Map<string, Uint8Array>();
  #old = new Map<string, Uint8Array>();
  #youngBytes = 0;
  readonly #generationBytes: number;

  constructor(bytesMax: number) {
    this.#generationBytes = bytesMax / 2;
  }

  get(name: string): Uint8Array | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.put(name, old);
    return old;
  }

  put(name: string, value: Uint8Array): void {
    this.#young.set(name, value);
    this.#youngBytes += value.length + ENTRY_BYTES;
    if (this.#youngBytes < this.#generationBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** A newer version has other values, or none; what nobody read is not taken up. */
  changeAll(writes: readonly Change[]): void {
    if (this.#young.size + this.#old.size === 0) return;
    for (const { recordKey, value } of writes) {
      const name = cacheName(recordKey);
      const isKnown = this.#young.delete(name) || this.#old.has(name);
      this.#old.delete(name);
      if (isKnown && value !== undefined) this.put(name, value);
    }
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
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
