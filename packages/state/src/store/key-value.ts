/**
 * An ordered map of byte strings with atomic batches: what the state store asks of a database, and
 * a form of it in memory for tests and the simulator. Every value is stored behind
 * crc32c(key | value) and checked when read, because LevelDB does not notice flipped bytes
 * (protocol §12).
 */
import { compareBytes, crc32c, isPlanted } from '@daybook/core';
import { StateError } from '../errors.ts';
import { readU32, writeU32 } from '../tree/numbers.ts';

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** Changes that happen together or not at all. */
export interface Batch {
  readonly put: readonly Entry[];
  readonly remove: readonly Uint8Array[];
}

/** Keys from `from`, up to but without `to`, in ascending order unless `isReverse`. */
export interface Scan {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly isReverse?: boolean;
}

/** Every method throws `StateError` STATE_DATABASE_FAILED when the database does. */
export interface KeyValue {
  /** Where it is, for messages. */
  readonly path: string;
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  scan(range: Scan): Promise<readonly Entry[]>;
  /** `isSynced`: durable when it resolves; otherwise the newest batches may be lost together. */
  write(batch: Batch, isSynced: boolean): Promise<void>;
  close(): Promise<void>;
}

const CHECKSUM_SIZE = 4;

/** A value in the form it is stored in. */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(CHECKSUM_SIZE + value.length);
  sealed.set(value, CHECKSUM_SIZE);
  writeU32(sealed, 0, crc32c(value, crc32c(key)));
  return sealed;
}

/**
 * The value behind its checksum.
 * @throws StateError STATE_DAMAGED
 */
export function openValue(path: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const value = sealed.subarray(CHECKSUM_SIZE);
  const isWhole =
    sealed.length >= CHECKSUM_SIZE && readU32(sealed, 0) === crc32c(value, crc32c(key));
  if (isWhole || isPlanted('checksum-unchecked')) return value;
  const record = `key ${Buffer.from(key).toString('hex')}`;
  throw new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact: 'bad checksum' });
}

export interface MemoryKeyValue extends KeyValue {
  /** Power loss: the newest unsynced batches beyond the first `kept` are gone. */
  crash(kept?: number): void;
  /** The stored entry of a key, not a copy: writing to it is damage that no check has seen. */
  stored(key: Uint8Array): Uint8Array | undefined;
}

/** An empty database in memory. */
export function createMemoryKeyValue(path = 'memory'): MemoryKeyValue {
  let current = new Map<string, Entry>();
  let durable = new Map<string, Entry>();
  let unsynced: Batch[] = [];
  const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');
  const apply = (entries: Map<string, Entry>, { put, remove }: Batch): void => {
    for (const [key, value] of put) entries.set(nameOf(key), [key.slice(), value.slice()]);
    for (const key of remove) entries.delete(nameOf(key));
  };
  return {
    path,
    getMany: async (keys) => keys.map((key) => current.get(nameOf(key))?.[1]),
    scan: async ({ from, to, limit, isReverse }) => {
      const found = [...current.values()]
        .filter(([key]) => compareBytes(key, from) >= 0 && compareBytes(key, to) < 0)
        .sort(([a], [b]) => compareBytes(a, b));
      return (isReverse ? found.reverse() : found).slice(0, limit);
    },
    write: async (batch, isSynced) => {
      apply(current, batch);
      unsynced.push(batch);
      if (!isSynced) return;
      for (const one of unsynced) apply(durable, one);
      unsynced = [];
    },
    close: async () => undefined,
    crash: (kept = 0) => {
      for (const one of unsynced.slice(0, kept)) apply(durable, one);
      unsynced = [];
      current = new Map(durable);
      durable = new Map(durable);
    },
    stored: (key) => current.get(nameOf(key))?.[1],
  };
}
