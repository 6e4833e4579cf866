/**
 * The index of records behind a check that LevelDB does not make: keys that vanish are noticed. The
 * first list of a set compares its index with the tree, whose nodes prove themselves: every entry
 * is looked up, and as many must be there as the tree has. Then the store knows what each group of
 * neighbouring keys holds, keeps that up with each block, and reads lists by whole groups only.
 */
import type { Height, RecordKey, RecordPlace, TreeRange } from '@daybook/core';
import { compareBytes, concatBytes, crc32c, treeKeyOf, treePrefixOf } from '@daybook/core';
import { StateError } from '../errors.ts';
import { EMPTY_CHILD } from '../tree/child.ts';
import { findValue } from '../tree/lookup.ts';
import type { NodeStore } from '../tree/node-store.ts';
import { readU32 } from '../tree/numbers.ts';
import { countIn } from '../tree/ranges.ts';
import type { Database } from './database.ts';
import type { GroupShape } from './index-groups.ts';
import { IndexGroups, isWhole } from './index-groups.ts';
import type { KeyRange } from './key-space.ts';
import { keyAfter, recordIndexKey, recordOfKey, recordRange } from './key-space.ts';
import { treeOf } from './root-record.ts';
import type { InTurn } from './turns.ts';
import type { Versions } from './versions.ts';

export interface RecordListsParts {
  readonly database: Database;
  readonly nodes: NodeStore;
  readonly versions: Versions;
  /** While work has its turn, nothing is committed. */
  readonly inTurn: InTurn;
}

/** A set whose index is followed. */
interface Followed {
  readonly groups: IndexGroups;
  /** Entries of records that the newest version has not: removed, or of blocks rolled back. */
  readonly strays: Set<string>;
  /** The version with which the index was compared. */
  readonly since: Height;
  /** Entries of records that exist, and records that the tree has. */
  entries: number;
  records: number;
  /** Up to where the index was walked; undefined when it was walked to its end. */
  next: Uint8Array | undefined;
}

/** Entries looked up at once: a few milliseconds in which no block is committed. */
const SLICE = 500;

export class RecordLists {
  readonly #parts: RecordListsParts;
  readonly #followed = new Map<number, Followed>();
  readonly #comparisons = new Map<number, Promise<Followed>>();
  /** Odd while a batch is written: what is read then belongs to no version. */
  #writes = 0;

  constructor(parts: RecordListsParts) {
    this.#parts = parts;
  }

  /**
   * Record keys of the index from a place on, group by group; some of records that are no more.
   * @throws StateError STATE_DAMAGED when the index does not have what it must
   */
  async *keys(place: RecordPlace, after?: RecordKey): AsyncGenerator<readonly RecordKey[]> {
    const { from, to } = recordRange(place);
    let next = after === undefined ? from : keyAfter(recordIndexKey(after));
    while (compareBytes(next, to) < 0) {
      const group = await this.#read(place.set, next);
      const wanted = group.keys.filter(
        (key) => compareBytes(key, next) >= 0 && compareBytes(key, to) < 0,
      );
      yield wanted.map(recordOfKey);
      next = group.to;
    }
  }

  /** The version with which the index of a set was first compared. @throws as `keys` */
  async since(set: number): Promise<Height> {
    return (await this.#follow(set)).since;
  }

  /** A block begins to change the index; what it changes is told before its batch is written. */
  changing(): void {
    this.#writes += 1;
  }

  /** @param sealed  the entry as it is stored: the checksum of its key */
  created({ set }: RecordKey, key: Uint8Array, sealed: Uint8Array): void {
    const followed = this.#followed.get(set);
    if (followed === undefined) return;
    followed.records += 1;
    if (!isWalked(followed, key)) return;
    followed.entries += 1;
    // Of a record that was removed lately the entry is still there.
    const { strays, groups } = followed;
    if (strays.size > 0 && strays.delete(nameOf(key))) return;
    groups.add(key, readU32(sealed, 0));
  }

  removed(record: RecordKey): void {
    const followed = this.#followed.get(record.set);
    if (followed === undefined) return;
    followed.records -= 1;
    const key = recordIndexKey(record);
    if (!isWalked(followed, key)) return;
    followed.entries -= 1;
    followed.strays.add(nameOf(key));
  }

  /** The entry of a record removed long ago leaves the index. */
  dropped({ set }: RecordKey, key: Uint8Array): void {
    const followed = this.#followed.get(set);
    if (followed?.strays.delete(nameOf(key))) followed.groups.delete(key);
  }

  /** The batch is written. */
  changed(): void {
    this.#writes += 1;
  }

  /** Forgets everything: after going back to an earlier version. */
  forget(): void {
    this.#followed.clear();
    this.#comparisons.clear();
  }

  /** Memory that it takes, about. */
  bytes(): number {
    let bytes = 0;
    for (const { groups, strays } of this.#followed.values()) {
      bytes += groups.bytes() + strays.size * STRAY_BYTES;
    }
    return bytes;
  }

  async #read(set: number, at: Uint8Array): Promise<KeyRange & { keys: readonly Uint8Array[] }> {
    const { groups } = await this.#follow(set);
    const writes = this.#writes;
    const quick = groups.at(at);
    const keys = await this.#entries(quick);
    if (writes % 2 === 0 && writes === this.#writes) return this.#checked(set, quick, keys, groups);
    return await this.#parts.inTurn(async () => {
      const group = groups.at(at);
      return this.#checked(set, group, await this.#entries(group), groups);
    });
  }

  #checked(
    set: number,
    group: GroupShape,
    keys: readonly Uint8Array[],
    groups: IndexGroups,
  ): KeyRange & { keys: readonly Uint8Array[] } {
    if (!isWhole(group, keys)) throw this.#damage(set, keys.length, group.count);
    groups.cut(group, keys);
    return { ...group, keys };
  }

  async #entries(range: KeyRange): Promise<readonly Uint8Array[]> {
    const keys: Uint8Array[] = [];
    for await (const [key] of this.#parts.database.entries(range)) keys.push(key);
    return keys;
  }

  async #follow(set: number): Promise<Followed> {
    const known = this.#comparisons.get(set);
    if (known !== undefined) return await known;
    const comparison = this.#compare(set);
    this.#comparisons.set(set, comparison);
    try {
      return await comparison;
    } catch (error) {
      // Damage stays named without another walk; a version that left meanwhile is tried again.
      const isDamage = error instanceof StateError && error.code === 'STATE_DAMAGED';
      if (!isDamage) this.#comparisons.delete(set);
      this.#followed.delete(set);
      throw error;
    }
  }

  /** Compares the index of a set with the tree, in slices between which blocks are committed. */
  async #compare(set: number): Promise<Followed> {
    const range = recordRange({ set });
    const followed = await this.#parts.inTurn(async () => this.#begin(set, range));
    const uncounted = slicesOf(treePrefixOf({ set }));
    while (followed.next !== undefined) {
      const from = followed.next;
      await this.#parts.inTurn(async () => {
        await this.#walk(followed, { from, to: range.to });
        this.#count(followed, uncounted.splice(0, 1));
      });
    }
    this.#count(followed, wholeOf(uncounted));
    if (followed.entries === followed.records) return followed;
    throw this.#damage(set, followed.entries, followed.records);
  }

  #begin(set: number, range: KeyRange): Followed {
    const newest = this.#parts.versions.newest();
    const followed: Followed = {
      groups: new IndexGroups(range),
      strays: new Set(),
      since: newest?.height ?? 0,
      entries: 0,
      records: 0,
      next: range.from,
    };
    this.#followed.set(set, followed);
    return followed;
  }

  /** Looks up the next entries, and notes what each says. */
  async #walk(followed: Followed, range: KeyRange): Promise<void> {
    const { database, nodes, versions } = this.#parts;
    const newest = versions.newest();
    const tree = newest === undefined ? EMPTY_CHILD : treeOf(newest);
    const keys = await database.firstKeys(range, SLICE);
    for (const key of keys) {
      followed.groups.add(key, crc32c(key));
      const isThere = findValue(tree, treeKeyOf(recordOfKey(key)), nodes) !== 0;
      if (isThere) followed.entries += 1;
      else followed.strays.add(nameOf(key));
    }
    nodes.trim();
    const last = keys.at(-1);
    followed.next = last === undefined || keys.length < SLICE ? undefined : keyAfter(last);
  }

  #count(followed: Followed, slices: readonly TreeRange[]): void {
    const { nodes, versions } = this.#parts;
    const tree = treeOf(versions.need(followed.since));
    for (const slice of slices) {
      followed.records += countIn(tree, slice, nodes);
      nodes.trim();
    }
  }

  #damage(set: number, found: number, expected: number): StateError {
    const record = `list of record set ${set}`;
    const fact = `the index has ${found} records of a part that has ${expected}`;
    const { path } = this.#parts.database;
    return new StateError({ code: 'STATE_DAMAGED', path, offset: 0, record, fact });
  }
}

/** Memory of the name of an entry without record. */
const STRAY_BYTES = 128;

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

/** Whether the walk has passed a key; what it has not passed it will see. */
function isWalked({ next }: Followed, key: Uint8Array): boolean {
  return next === undefined || compareBytes(key, next) < 0;
}

/** Neighbouring ranges as one, which is counted in one walk. */
function wholeOf(slices: readonly TreeRange[]): readonly TreeRange[] {
  const [first, last] = [slices[0], slices.at(-1)];
  return first === undefined || last === undefined ? [] : [{ from: first.from, to: last.to }];
}

/** The ranges of tree keys that follow a prefix, one for each byte. */
function slicesOf(prefix: Uint8Array): TreeRange[] {
  return Array.from({ length: 256 }, (_, byte) => {
    const from = concatBytes(prefix, Uint8Array.of(byte));
    return { from, to: from };
  });
}
