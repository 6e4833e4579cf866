/**
 * Whole histories of the record sets that a node cannot do without, the validator sets of the past
 * among them: each version is in the database as well, whatever becomes of old values. Every entry
 * names the one before it, so that a lost one is noticed.
 *
 *   KEPT = height of the version before + 1, u64, 0 when there is none | flags u8 (1 = removed) | value
 */
import type { Height, RecordKey } from '@daybook/core';
import { createWriter, decodeBinary } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { TreeWrite } from '../tree/child.ts';
import { describeRecord } from '../tree/values.ts';
import type { Changes, Database } from './database.ts';
import { heightOfKey, keptKey, keptRange } from './key-space.ts';
import type { HistoryOptions, RecordVersion } from './state-store.ts';

/** A write whose version will be kept. */
export interface KeptWrite {
  readonly write: Pick<TreeWrite, 'recordKey' | 'value'>;
  /** Height of the version before it. */
  readonly before: Height | undefined;
}

interface KeptVersion extends RecordVersion {
  readonly before: Height | undefined;
}

const FLAG_REMOVED = 1;

export class KeptHistory {
  readonly #database: Database;
  readonly #sets: ReadonlySet<number>;

  constructor(database: Database, sets: ReadonlySet<number>) {
    this.#database = database;
    this.#sets = sets;
  }

  has(key: RecordKey): boolean {
    return this.#sets.has(key.set);
  }

  /** Looks up what the kept versions of a block follow. */
  async prepare(writes: readonly TreeWrite[], height: Height): Promise<readonly KeptWrite[]> {
    if (this.#sets.size === 0) return [];
    const prepared: KeptWrite[] = [];
    for (const write of writes) {
      if (!this.has(write.recordKey)) continue;
      const [newest] = await this.#read(write.recordKey, { limit: 1, before: height });
      prepared.push({ write, before: newest?.height });
    }
    return prepared;
  }

  record(writes: readonly KeptWrite[], height: Height, changes: Changes): void {
    for (const { write, before } of writes) {
      const writer = createWriter();
      writer.u64(before === undefined ? 0 : before + 1);
      writer.u8(write.value === undefined ? FLAG_REMOVED : 0);
      writer.raw(write.value ?? new Uint8Array());
      changes.set(keptKey(write.recordKey, height), writer.finish());
    }
  }

  /**
   * Versions of a kept record, newest first.
   * @param options.before  at most the newest height + 1: what was rolled back may still be there
   * @throws StateError STATE_DAMAGED when one is missing
   */
  async versions(
    key: RecordKey,
    options: HistoryOptions & { readonly before: Height },
  ): Promise<readonly RecordVersion[]> {
    const found = await this.#read(key, options);
    for (const [index, { before }] of found.entries()) {
      const next = found[index + 1];
      const isLast = next === undefined && found.length === options.limit;
      if (!isLast && before !== next?.height) throw this.#missing(key, before);
    }
    return found.map(({ height, value }) => ({ height, value }));
  }

  async #read(
    key: RecordKey,
    { limit, before }: { readonly limit: number; readonly before: Height },
  ): Promise<readonly KeptVersion[]> {
    const range = keptRange(key, before);
    const entries = await this.#database.newest(range, limit);
    return entries.map(([entryKey, bytes]) => {
      return { height: heightOfKey(entryKey), ...this.#decode(key, bytes) };
    });
  }

  #decode(key: RecordKey, bytes: Uint8Array): Omit<KeptVersion, 'height'> {
    const decoded = decodeBinary(bytes, 'kept version', (reader) => ({
      before: reader.u64(),
      flags: reader.u8(),
      value: reader.raw(bytes.length - 9),
    }));
    if (!decoded.ok) throw this.#damage(key, 'malformed kept version');
    const { before, flags, value } = decoded.value;
    return {
      before: before === 0 ? undefined : before - 1,
      value: (flags & FLAG_REMOVED) === 0 ? value : undefined,
    };
  }

  #missing(key: RecordKey, height: Height | undefined): StateError {
    return this.#damage(key, height === undefined ? 'a version too many' : `lost height ${height}`);
  }

  #damage(key: RecordKey, fact: string): StateError {
    const record = describeRecord(key);
    const { path } = this.#database;
    return new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact });
  }
}
