/**
 * The state store: one object that ties the tree, the value log, the database and the retained
 * versions together. Reads and staging are synchronous; commits are done one after another.
 */
import type { asHash, Height, RecordKey } from '@daybook/core';
import { assert, compareBytes, treeKeyOf } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { Child } from '../tree/child.ts';
import { EMPTY_CHILD } from '../tree/child.ts';
import { findValue, proveKey } from '../tree/lookup.ts';
import { NodeStore } from '../tree/node-store.ts';
import type { Ref } from '../tree/record-log.ts';
import { RecordLog } from '../tree/record-log.ts';
import { decodePlaces, encodePlaces, placesSize, Space } from '../tree/space.ts';
import { Sweep } from '../tree/sweep.ts';
import { hashStage } from '../tree/tree-hash.ts';
import { TreeStage } from '../tree/tree-stage.ts';
import { describeRecord, isSameRecord, readValue } from '../tree/values.ts';
import type { CommitParts } from './commit.ts';
import { prefetch, writeState } from './commit.ts';
import { Changes, Database, numberBytes } from './database.ts';
import { decodeRemovals, walkHistory } from './history.ts';
import {
  heightOfKey,
  heldKey,
  heldRange,
  keyAfter,
  pinKey,
  recordIndexKey,
  recordOfKey,
  recordRange,
  removalsKey,
  rootKey,
  SYNCED_KEY,
} from './key-space.ts';
import type { KeyValue } from './key-value.ts';
import { prepareWrites } from './prepare-writes.ts';
import { cacheName, ReadCache } from './read-cache.ts';
import { recover } from './recovery.ts';
import type { Version } from './root-record.ts';
import { encodeVersion, treeOf } from './root-record.ts';
import { Staged, StagedSet } from './staged.ts';
import type {
  HistoryOptions,
  ListOptions,
  ProvenRecord,
  RecordRange,
  RecordVersion,
  StagedState,
  StageRequest,
  StateFigures,
  StateReader,
  StateRecovery,
  StateStore,
  StoredRecord,
} from './state-store.ts';
import { Versions } from './versions.ts';

/** Where a store is and how much it keeps. */
export interface StateStoreOptions {
  readonly directory: string;
  /** Bound of the cache of tree nodes. */
  readonly cacheBytes?: number;
  /** Heights that stay readable, the newest included. */
  readonly retainedHeights?: number;
  /** Size of the log segments; a store keeps the size it was begun with. */
  readonly segmentBytes?: number;
}

/** What a store is built on. */
export interface StateStoreParts {
  readonly disk: Disk;
  /** Opens the database in a directory; `openLevel` in production. */
  readonly openKeyValue: (path: string) => Promise<KeyValue>;
}

/** Enough for the inner nodes of about 500,000 records; each node is 1.1 KB. */
const CACHE_BYTES = 32 * 1024 * 1024;
const RETAINED_HEIGHTS = 1000;
const SEGMENT_BYTES = 32 * 1024 * 1024;
/** Heights between syncs at most: what a start may have to execute again. */
const SYNC_INTERVAL_MAX = 100;
const PAGE_MAX = 1000;
const READ_CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Opens a store and rolls back what was not stored whole; see `recovery` for the height from which
 * to execute again.
 * @throws StateError STATE_DAMAGED, STATE_NOT_CONTIGUOUS, STATE_DATABASE_FAILED, STATE_DISK_FAILED
 */
export async function openStateStore(
  options: StateStoreOptions,
  { disk, openKeyValue }: StateStoreParts,
): Promise<StateStore> {
  const { directory } = options;
  disk.makeDirectory(directory);
  const database = new Database(await openKeyValue(joinPath(directory, 'index')));
  try {
    const segmentBytes = await database.format(options.segmentBytes ?? SEGMENT_BYTES);
    const log = (name: string): RecordLog =>
      new RecordLog({ directory, name, segmentBytes, end: 0 }, disk);
    const nodes = log('nodes');
    const values = log('values');
    const recovered = await recover({ database, nodes, values });
    const versions = new Versions(options.retainedHeights ?? RETAINED_HEIGHTS);
    for (const version of recovered.versions) versions.add(version);
    for (const pin of recovered.pins) versions.pin(pin);
    const store = new NodeStore(nodes, options.cacheBytes ?? CACHE_BYTES);
    const space = new Space();
    space.restore(versions.newest()?.segments ?? []);
    const sweep = new Sweep(store, space);
    const staged = new StagedSet(store);
    const parts = { database, nodes: store, values, space, sweep, versions, staged };
    return new Store(parts, recovered.rolledBack, versions.syncInterval(SYNC_INTERVAL_MAX));
  } catch (error) {
    await database.close();
    throw error;
  }
}

class Store implements StateStore {
  readonly recovery: StateRecovery;
  readonly #parts: CommitParts;
  #stages = 0;
  readonly #syncInterval: number;
  #synced: Height | undefined;
  readonly #doomed: number[] = [];
  readonly #reads = new ReadCache(READ_CACHE_BYTES);
  #isBroken = false;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: CommitParts, rolledBack: number, syncInterval: number) {
    this.#parts = parts;
    this.#syncInterval = syncInterval;
    this.#synced = parts.versions.newest()?.height;
    this.recovery = { appliedHeight: this.appliedHeight(), rolledBack };
    this.#removeLeftovers();
  }

  appliedHeight(): Height | undefined {
    return this.#parts.versions.newest()?.height;
  }

  rootAt(height: Height): ReturnType<typeof asHash> | undefined {
    return this.#parts.versions.get(height)?.root;
  }

  view(height?: Height): StateReader {
    const { versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    if (version === undefined) return { get: () => undefined };
    const tree = treeOf(version);
    return { get: (key) => this.#readCached(tree, key, version.height) };
  }

  stage({ height, parent, writes }: StageRequest): StagedState {
    assert(!this.#isClosed, 'a closed store is not used');
    const { nodes, staged } = this.#parts;
    const base = this.#baseOf(height, parent);
    this.#stages += 1;
    const stage = new TreeStage(nodes, this.#stages, height);
    const sorted = prepareWrites(writes);
    const applied = stage.apply(base.tree, sorted);
    const root = hashStage(applied, stage);
    const tree = { ...applied, hashBytes: root, hashAt: 0 };
    const records = base.records + stage.created.length - stage.removed.length;
    const fields = { height, root, parent: base.parent, stage, records, tree, writes: sorted };
    const result = new Staged(
      fields,
      (state, key) => this.#readStaged(state, key),
      (state) => staged.discard(state),
    );
    staged.add(result);
    nodes.trim();
    return result;
  }

  commit(state: StagedState): Promise<void> {
    assert(state instanceof Staged, 'a state is committed by the store that staged it');
    return this.#inTurn(() => this.#commit(state));
  }

  prove(key: RecordKey, height?: Height): ProvenRecord {
    const { nodes, values, versions } = this.#parts;
    const version = height === undefined ? versions.newest() : versions.need(height);
    assert(version !== undefined, 'a proof needs a state');
    const tree = treeOf(version);
    const proof = proveKey(tree, treeKeyOf(key), nodes, values);
    const value = this.#read(tree, key, version.height);
    return { height: version.height, root: version.root, value, proof };
  }

  async list(range: RecordRange, options: ListOptions): Promise<readonly StoredRecord[]> {
    const { limit, after, height } = options;
    assert(limit >= 1 && limit <= PAGE_MAX, 'a page has 1 to 1000 records');
    const reader = this.view(height ?? this.appliedHeight());
    const { from, to } = recordRange(range);
    const start = after === undefined ? from : keyAfter(recordIndexKey(after));
    const records: StoredRecord[] = [];
    for await (const [indexKey] of this.#parts.database.entries({ from: start, to }, limit)) {
      const key = recordOfKey(indexKey);
      const value = reader.get(key);
      if (value !== undefined) records.push({ key, value });
      if (records.length === limit) break;
    }
    return records;
  }

  async history(key: RecordKey, options: HistoryOptions): Promise<readonly RecordVersion[]> {
    assert(options.limit >= 1 && options.limit <= PAGE_MAX, 'a page has 1 to 1000 versions');
    const { database, values, nodes, versions } = this.#parts;
    const newest = versions.newest();
    if (newest === undefined) return [];
    const found = findValue(treeOf(newest), treeKeyOf(key), nodes);
    let start: Ref = typeof found === 'number' ? found : found.ref;
    if (start === 0) {
      const removals = await database.get(removalsKey(key));
      start = decodeRemovals(database.path, removals, newest.height)[0]?.ref ?? 0;
    }
    nodes.trim();
    return walkHistory(values, start, key, options);
  }

  pin(height: Height): Promise<void> {
    return this.#inTurn(async () => {
      const { database, versions } = this.#parts;
      versions.need(height);
      const changes = new Changes();
      changes.set(pinKey(height), new Uint8Array());
      await database.write(changes, true);
      versions.pin(height);
    });
  }

  unpin(height: Height): Promise<void> {
    return this.#inTurn(() => this.#unpin(height));
  }

  rollBack(height: Height): Promise<void> {
    return this.#inTurn(() => this.#rollBack(height));
  }

  figures(): StateFigures {
    const { nodes, space, values, versions } = this.#parts;
    return {
      records: versions.newest()?.records ?? 0,
      treeBytes: space.bytes(),
      treeBytesWritten: nodes.log.end(),
      valueBytes: values.end(),
      cacheBytes: nodes.cacheBytes(),
      segments: space.count(),
    };
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      const { database, nodes, values, staged, versions } = this.#parts;
      const newest = versions.newest();
      const isDirty = !this.#isBroken && newest !== undefined && newest.height !== this.#synced;
      if (isDirty) await this.#write(new Changes(), newest.height, true);
      staged.discardAll();
      nodes.log.close();
      values.close();
      await database.close();
    });
  }

  // --- reading -----------------------------------------------------------------------------

  #read(tree: Child, key: RecordKey, height: Height): Uint8Array | undefined {
    const { nodes, values, versions } = this.#parts;
    versions.need(height);
    const found = findValue(tree, treeKeyOf(key), nodes);
    nodes.trim();
    if (found === 0) return undefined;
    if (typeof found !== 'number') return found.value;
    const stored = readValue(values, found);
    if (isSameRecord(stored.key, key)) return stored.value;
    throw values.damage(found, `a value of another record than ${describeRecord(key)}`);
  }

  #readCached(tree: Child, key: RecordKey, height: Height): Uint8Array | undefined {
    if (height !== this.#parts.versions.newest()?.height) return this.#read(tree, key, height);
    const name = cacheName(key);
    const cached = this.#reads.get(name);
    if (cached !== undefined) return cached;
    const value = this.#read(tree, key, height);
    if (value !== undefined) this.#reads.put(name, value);
    return value;
  }

  #readStaged(state: Staged, key: RecordKey): Uint8Array | undefined {
    state.assertUsable();
    if (state.phase === 'committed' && this.#isStored(state)) {
      return this.#read(state.tree, key, state.height);
    }
    const { nodes, values } = this.#parts;
    const found = findValue(state.tree, treeKeyOf(key), nodes);
    nodes.trim();
    if (found === 0) return undefined;
    return typeof found === 'number' ? readValue(values, found).value : found.value;
  }

  /** A committed state becomes a version when its batch is written. */
  #isStored({ height }: Staged): boolean {
    const applied = this.appliedHeight();
    return applied !== undefined && height <= applied;
  }

  // --- writing -----------------------------------------------------------------------------

  #baseOf(height: Height, parent: StagedState | undefined): Base {
    if (parent !== undefined) {
      assert(parent instanceof Staged, 'a state is staged by the store of its parent');
      parent.assertUsable();
      assert(height === parent.height + 1, 'a state follows its parent');
      return { tree: parent.tree, records: parent.records, parent };
    }
    const newest = this.#parts.versions.newest();
    assert(height === (newest?.height ?? -1) + 1, 'a state follows the newest committed one');
    if (newest === undefined) return { tree: EMPTY_CHILD, records: 0, parent: undefined };
    return { tree: treeOf(newest), records: newest.records, parent: undefined };
  }

  async #commit(state: Staged): Promise<void> {
    state.assertUsable();
    const { versions } = this.#parts;
    assert(
      state.height === (versions.newest()?.height ?? -1) + 1,
      'heights are committed in order',
    );
    assert(state.parent?.phase !== 'staged', 'a parent is committed before its child');
    const found = await prefetch(state, this.#parts);
    state.assertUsable();
    const { version, changes, doomed } = this.#guarded(() => writeState(state, found, this.#parts));
    this.#doomed.push(...doomed);
    const isSynced = state.height % this.#syncInterval === 0;
    await this.#write(changes, state.height, isSynced);
    const leaving = versions.leaving(state.height);
    if (leaving !== undefined) versions.forget(leaving);
    versions.add(version);
    this.#reads.changeAll(state.writes);
  }

  /** Writes a batch; synced ones make the records durable before, and free segments after. */
  async #write(changes: Changes, height: Height, isSynced: boolean): Promise<void> {
    const { database, nodes, values } = this.#parts;
    await this.#guardedAsync(async () => {
      if (isSynced) {
        await nodes.log.sync();
        await values.sync();
        changes.set(SYNCED_KEY, numberBytes(height));
      }
      await database.write(changes, isSynced);
    });
    if (!isSynced) return;
    this.#synced = height;
    for (const segment of this.#doomed.splice(0)) nodes.log.removeSegment(segment);
  }

  async #unpin(height: Height): Promise<void> {
    const { database, nodes, space, versions } = this.#parts;
    const newest = versions.newest();
    if (newest === undefined || !versions.pins().has(height)) return;
    versions.unpin(height);
    const changes = new Changes();
    changes.delete(pinKey(height));
    for await (const [key, bytes] of database.entries(heldRange(height))) {
      changes.delete(key);
      const died = heightOfKey(key);
      const places = decodePlaces(bytes);
      for (let at = 0; at < places.length; at += 3) {
        const place = places.slice(at, at + 3);
        const other = versions.pinWithin(place[2] ?? 0, died);
        if (other === undefined) space.free(place, nodes.log);
        else await this.#holdFor(other, died, place, changes);
      }
    }
    if (height < versions.oldest(newest.height)) {
      changes.delete(rootKey(height));
      versions.forget(height);
    }
    const changed: Version = { ...newest, segments: space.table() };
    changes.set(rootKey(newest.height), encodeVersion(changed));
    versions.add(changed);
    await this.#write(changes, newest.height, true);
  }

  /** Hands a place over to another pin that still reads it. */
  async #holdFor(pin: Height, died: Height, place: number[], changes: Changes): Promise<void> {
    const key = heldKey(pin, died);
    const earlier = changes.put.findLast(([other]) => compareBytes(other, key) === 0);
    const stored = earlier?.[1].subarray(4) ?? (await this.#parts.database.get(key));
    const places = [...(stored === undefined ? [] : decodePlaces(stored)), ...place];
    const bytes = new Uint8Array(placesSize(places));
    encodePlaces(places, bytes, 0);
    changes.set(key, bytes);
  }

  async #rollBack(height: Height): Promise<void> {
    const { database, nodes, values, space, sweep, staged, versions } = this.#parts;
    versions.need(height);
    const stored = await database.version(height);
    const oldest = versions.newest()?.oldest ?? stored.oldest;
    const version = { ...stored, oldest: Math.max(stored.oldest, oldest) };
    staged.discardAll();
    const changes = new Changes();
    for (const above of versions.above(height)) changes.delete(rootKey(above));
    changes.set(rootKey(height), encodeVersion(version));
    await this.#write(changes, height, true);
    nodes.clear();
    this.#reads.clear();
    nodes.log.rewind(version.nodeEnd);
    values.rewind(version.valueEnd);
    space.restore(version.segments);
    sweep.reset();
    versions.rewind(version);
  }

  /** Segments of an earlier process that the newest version does not know: deleted or abandoned. */
  #removeLeftovers(): void {
    const { nodes, versions } = this.#parts;
    const newest = versions.newest();
    if (newest === undefined) return;
    const known = new Set(newest.segments.map(({ segment }) => segment));
    const tail = Math.floor(newest.nodeEnd / nodes.log.segmentBytes);
    for (const segment of nodes.log.segments()) {
      if (segment < tail && !known.has(segment)) nodes.log.removeSegment(segment);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** After a failed write nothing is certain any more: the store must be opened again. */
  #guarded<T>(work: () => T): T {
    this.#assertWhole();
    try {
      return work();
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async #guardedAsync(work: () => Promise<void>): Promise<void> {
    this.#assertWhole();
    try {
      await work();
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  #assertWhole(): void {
    const { path } = this.#parts.database;
    if (this.#isBroken) throw new StateError({ code: 'STATE_LOG_BROKEN', path });
  }
}

interface Base {
  readonly tree: Child;
  readonly records: number;
  readonly parent: Staged | undefined;
}
