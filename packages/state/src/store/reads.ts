/**
 * Reading stored and staged versions: single records, proofs, lists and histories. Nothing here
 * writes; every value is checked against the record it was asked for.
 */
import type { Height, RecordKey, RecordPlace, TreePlace } from '@daybook/core';
import {
  assert,
  compareBytes,
  keyBefore,
  treeKeyOf,
  treePrefixOf,
  valueHashOf,
} from '@daybook/core';
import type { Child } from '../tree/child.ts';
import { findValue, proveKey } from '../tree/lookup.ts';
import type { NodeStore } from '../tree/node-store.ts';
import { proveRange, recordsIn, subtreeAt } from '../tree/ranges.ts';
import type { RecordLog } from '../tree/record-log.ts';
import { describeRecord, isSameRecord, placeOf, readValue } from '../tree/values.ts';
import type { Database } from './database.ts';
import { decodeRemovals, walkHistory } from './history.ts';
import type { KeptHistory } from './kept-history.ts';
import { removalsKey } from './key-space.ts';
import type { CachedRecord, Change } from './read-cache.ts';
import { ReadCache } from './read-cache.ts';
import type { ReclaimParts } from './reclaim.ts';
import type { RecordLists } from './record-lists.ts';
import { treeOf } from './root-record.ts';
import type { Staged } from './staged.ts';
import type {
  HistoryOptions,
  ListOptions,
  ProvenRange,
  ProvenRecord,
  RangeOptions,
  RecordVersion,
  ShownSubtree,
  StateReader,
  StoredRecord,
} from './state-store.ts';
import { listFromTree } from './tree-list.ts';
import type { Versions } from './versions.ts';

export interface ReadParts {
  readonly database: Database;
  readonly nodes: NodeStore;
  readonly values: RecordLog;
  readonly versions: Versions;
  readonly kept: KeptHistory;
  readonly reclaim: Pick<ReclaimParts, 'valueSpace'>;
  readonly lists: Pick<RecordLists, 'keys' | 'since'>;
}

const PAGE_MAX = 1000;
const CACHE_BYTES = 4 * 1024 * 1024;

/** Whether a staged state has of this record what the newest version has. */
function isUnchanged(state: Staged, treeKey: Uint8Array, newest: Height): boolean {
  const mayBeWritten = state.mayHaveWritten(treeKey);
  for (let at: Staged | undefined = state; at !== undefined; at = at.parent) {
    if (at.phase !== 'staged') return at.height === newest;
    if (mayBeWritten && at.hasWritten(treeKey)) return false;
    if (at.parent === undefined) return at.height === newest + 1;
  }
  return false;
}

export class Reads {
  readonly #parts: ReadParts;
  readonly #cache = new ReadCache(CACHE_BYTES);

  constructor(parts: ReadParts) {
    this.#parts = parts;
  }

  /** A reader of a stored version, the newest by default. @throws StateError STATE_VERSION_PRUNED */
  view(height?: Height): StateReader {
    const { versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    if (version === undefined) return { get: () => undefined };
    const tree = treeOf(version);
    return { get: (key) => this.#getCached(tree, key, version.height) };
  }

  /** A value of a staged state: before, while and after it is committed. */
  getStaged(state: Staged, key: RecordKey): Uint8Array | undefined {
    state.assertUsable();
    const newest = this.#parts.versions.newest()?.height ?? -1;
    // A committed state is a version from the moment its batch is written.
    if (state.phase === 'committed' && state.height <= newest) {
      this.#parts.versions.need(state.height);
    }
    const version = this.#parts.versions.newest();
    if (version === undefined) return this.#get(state.tree, key);
    const { treeKey, value } = this.#newest(treeOf(version), key);
    return isUnchanged(state, treeKey, version.height)
      ? value
      : this.#get(state.tree, key, treeKey);
  }

  /** @throws StateError STATE_VERSION_PRUNED, STATE_DAMAGED */
  prove(key: RecordKey, height?: Height): ProvenRecord {
    const { nodes, values, versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    assert(version !== undefined, 'a proof needs a state');
    const tree = treeOf(version);
    const proof = proveKey(tree, treeKeyOf(key), nodes, values);
    return { height: version.height, root: version.root, value: this.#get(tree, key), proof };
  }

  /** @throws StateError STATE_VERSION_PRUNED, STATE_DAMAGED */
  proveRange(
    place: RecordPlace | 'all',
    { from, limit, bytesMax, height }: RangeOptions,
  ): ProvenRange {
    assert(limit >= 1 && limit <= PAGE_MAX, 'a range has 1 to 1000 records');
    const { nodes, values, versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    assert(version !== undefined, 'a proof needs a state');
    const tree = treeOf(version);
    const prefix = place === 'all' ? new Uint8Array() : treePrefixOf(place);
    const whole = { from: from ?? prefix, to: prefix };
    const records: StoredRecord[] = [];
    let bytes = 0;
    let next: Uint8Array | undefined;
    for (const { treeKey, ref } of recordsIn(tree, whole, nodes)) {
      if (records.length === limit || bytes >= bytesMax) {
        next = treeKey;
        break;
      }
      const { key, value } = readValue(values, ref);
      if (value === undefined || compareBytes(treeKeyOf(key), treeKey) !== 0) {
        throw values.damage(ref, 'a value of another record than its leaf');
      }
      records.push({ key, value });
      bytes += value.length;
    }
    // Ranges stand side by side: the rest begins right behind this one.
    const range = next === undefined ? whole : { ...whole, to: keyBefore(next) };
    const proof = proveRange(tree, range, { nodes, values });
    nodes.trim();
    return { height: version.height, root: version.root, range, records, proof, next };
  }

  /** @throws StateError STATE_VERSION_PRUNED, STATE_DAMAGED */
  subtree(place: TreePlace, height?: Height): ShownSubtree {
    const { nodes, values, versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    assert(version !== undefined, 'a tree needs a state');
    const found = subtreeAt(treeOf(version), place, nodes);
    nodes.trim();
    const { height: at, root } = version;
    if (found.kind !== 'bucket') return { height: at, root, part: found };
    const records = found.records.map(({ ref }) => {
      const { key, value } = readValue(values, ref);
      if (value === undefined) throw values.damage(ref, 'a removal where a value was expected');
      return { key, valueHash: valueHashOf(value) };
    });
    return { height: at, root, part: { kind: 'bucket', records } };
  }

  async list(range: RecordPlace, options: ListOptions): Promise<readonly StoredRecord[]> {
    const { limit, after, height } = options;
    assert(limit >= 1 && limit <= PAGE_MAX, 'a page has 1 to 1000 records');
    const { versions, lists } = this.#parts;
    const isRemoving = versions.newest()?.removingSets.includes(range.set) === true;
    const since = isRemoving ? await lists.since(range.set) : 0;
    const newest = versions.newest();
    if (newest === undefined) return [];
    const version = height === undefined ? newest : versions.need(height);
    // What was removed since may have left the index, or was never compared.
    const isIndexed = version.height >= Math.max(since, versions.oldest(newest.height));
    if (isRemoving && !isIndexed) {
      return listFromTree(treeOf(version), range, { after, limit }, this.#parts);
    }
    const reader = this.view(version.height);
    const records: StoredRecord[] = [];
    for await (const keys of lists.keys(range, after)) {
      for (const key of keys) {
        const value = reader.get(key);
        if (value !== undefined) records.push({ key, value });
        if (records.length === limit) return records;
      }
    }
    return records;
  }

  async history(key: RecordKey, options: HistoryOptions): Promise<readonly RecordVersion[]> {
    assert(options.limit >= 1 && options.limit <= PAGE_MAX, 'a page has 1 to 1000 versions');
    const { database, values, nodes, versions, kept, reclaim } = this.#parts;
    const newest = versions.newest();
    if (newest === undefined) return [];
    if (kept.has(key)) {
      const before = Math.min(options.before ?? newest.height + 1, newest.height + 1);
      return kept.versions(key, { ...options, before });
    }
    const found = findValue(treeOf(newest), treeKeyOf(key), nodes);
    nodes.trim();
    let start = placeOf(found);
    if (start === 0) {
      const removals = await database.get(removalsKey(key));
      start = decodeRemovals(database.path, removals, newest.height)[0]?.ref ?? 0;
    }
    return await walkHistory({ values, space: reclaim.valueSpace }, start, key, options);
  }

  /** Tells that a newer version has other values. */
  changed(changes: readonly Change[]): void {
    this.#cache.changeAll(changes);
  }

  /** Forgets everything: after going back to an earlier version. */
  forget(): void {
    this.#cache.clear();
  }

  #getCached(tree: Child, key: RecordKey, height: Height): Uint8Array | undefined {
    const { versions } = this.#parts;
    versions.need(height);
    return height === versions.newest()?.height
      ? this.#newest(tree, key).value
      : this.#get(tree, key);
  }

  /** @param tree  of the newest version */
  #newest(tree: Child, key: RecordKey): CachedRecord {
    return this.#cache.get(key, (treeKey) => this.#get(tree, key, treeKey));
  }

  #get(tree: Child, key: RecordKey, treeKey = treeKeyOf(key)): Uint8Array | undefined {
    const { nodes, values } = this.#parts;
    const found = findValue(tree, treeKey, nodes);
    nodes.trim();
    if (found === 0) return undefined;
    if (typeof found !== 'number') return found.value;
    const stored = readValue(values, found);
    if (isSameRecord(stored.key, key)) return stored.value;
    throw values.damage(found, `a value of another record than ${describeRecord(key)}`);
  }
}
