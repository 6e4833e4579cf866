/**
 * The database of the state store behind checksums: every value goes through `sealValue`, every read
 * through `openValue`, and nothing else touches the key-value port.
 */
import type { Height } from '@daybook/core';
import { createWriter, decodeBinary } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { KeyRange } from './key-space.ts';
import {
  FORMAT_KEY,
  heightOfKey,
  keyAfter,
  pinRange,
  rootKey,
  rootRange,
  SYNCED_KEY,
} from './key-space.ts';
import type { Entry, KeyValue } from './key-value.ts';
import { openValue, sealValue } from './key-value.ts';
import type { Version } from './root-record.ts';
import { decodeVersion } from './root-record.ts';

const PAGE = 1000;
const FORMAT_VERSION = 2;

/** Changes that are written together. */
export class Changes {
  readonly put: Entry[] = [];
  readonly remove: Uint8Array[] = [];

  /** @returns the value behind its checksum */
  set(key: Uint8Array, value: Uint8Array): Uint8Array {
    const sealed = sealValue(key, value);
    this.put.push([key, sealed]);
    return sealed;
  }

  delete(key: Uint8Array): void {
    this.remove.push(key);
  }
}

export class Database {
  readonly #store: KeyValue;

  constructor(store: KeyValue) {
    this.#store = store;
  }

  get path(): string {
    return this.#store.path;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.getMany([key]))[0];
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const found = await this.#store.getMany(keys);
    return keys.map((key, index) => {
      const sealed = found[index];
      return sealed && openValue(this.path, key, sealed);
    });
  }

  /** All entries of a range, page by page. */
  async *entries(range: KeyRange, limit = PAGE): AsyncGenerator<Entry> {
    let { from } = range;
    while (true) {
      const page = await this.#store.scan({ from, to: range.to, limit });
      for (const [key, sealed] of page) yield [key, openValue(this.path, key, sealed)];
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return;
      from = keyAfter(last[0]);
    }
  }

  /** The first keys of a range; at most `limit`. */
  async firstKeys({ from, to }: KeyRange, limit: number): Promise<readonly Uint8Array[]> {
    const found = await this.#store.scan({ from, to, limit });
    for (const [key, sealed] of found) openValue(this.path, key, sealed);
    return found.map(([key]) => key);
  }

  /** The last entries of a range, the highest key first; at most `limit`. */
  async newest(range: KeyRange, limit: number): Promise<readonly Entry[]> {
    const found = await this.#store.scan({ ...range, limit, isReverse: true });
    return found.map(([key, sealed]) => [key, openValue(this.path, key, sealed)]);
  }

  write(changes: Changes, isSynced: boolean): Promise<void> {
    return this.#store.write(changes, isSynced);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The height of the last synced batch. */
  async syncedHeight(): Promise<Height | undefined> {
    const value = await this.get(SYNCED_KEY);
    return value && this.#numberIn(value);
  }

  /** All stored versions, ascending. */
  async versions(): Promise<Version[]> {
    const versions: Version[] = [];
    for await (const [key, value] of this.entries(rootRange())) {
      versions.push(decodeVersion(this.path, heightOfKey(key), value));
    }
    return versions;
  }

  /** One stored version with the figures of its segments. @throws StateError STATE_DAMAGED */
  async version(height: Height): Promise<Version> {
    const value = await this.get(rootKey(height));
    if (value !== undefined) return decodeVersion(this.path, height, value);
    const record = `root record of height ${height}`;
    const fact = 'is missing';
    throw new StateError({ code: 'STATE_DAMAGED', path: this.path, offset: 0, record, fact });
  }

  /** Heights with what is stored of their owners. */
  async pins(): Promise<Map<Height, Uint8Array>> {
    const pins = new Map<Height, Uint8Array>();
    for await (const [key, value] of this.entries(pinRange())) pins.set(heightOfKey(key), value);
    return pins;
  }

  /**
   * The segment size with which the logs of this database were begun.
   * @throws StateError STATE_FORMAT_UNKNOWN
   */
  async format(segmentBytes: number): Promise<number> {
    const value = await this.get(FORMAT_KEY);
    if (value === undefined) {
      const changes = new Changes();
      changes.set(FORMAT_KEY, formatBytes(segmentBytes));
      await this.write(changes, true);
      return segmentBytes;
    }
    const decoded = decodeBinary(value, 'format', (reader) => {
      return { version: reader.u16(), segmentBytes: reader.u64() };
    });
    // The first format was the size alone.
    const version = decoded.ok ? decoded.value.version : 1;
    if (decoded.ok && version === FORMAT_VERSION) return decoded.value.segmentBytes;
    const found = `state format ${version}`;
    const supported = `state format ${FORMAT_VERSION}`;
    throw new StateError({ code: 'STATE_FORMAT_UNKNOWN', path: this.path, found, supported });
  }

  #numberIn(value: Uint8Array): number {
    const decoded = decodeBinary(value, 'number', (reader) => reader.u64());
    if (decoded.ok) return decoded.value;
    throw new StateError({ code: 'STATE_DAMAGED', path: this.path, offset: 0, fact: 'no number' });
  }
}

function formatBytes(segmentBytes: number): Uint8Array {
  const writer = createWriter();
  writer.u16(FORMAT_VERSION);
  writer.u64(segmentBytes);
  return writer.finish();
}

export function numberBytes(value: number): Uint8Array {
  const writer = createWriter();
  writer.u64(value);
  return writer.finish();
}
