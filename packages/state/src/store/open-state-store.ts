/**
 * The state store: one object that ties the tree, the value log, the database and the retained
 * versions together. Reads and staging are synchronous; commits are done one after another.
 */
import type { Hash, Height, RecordKey, RecordPlace, TreePlace } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { Child } from '../tree/child.ts';
import { EMPTY_CHILD } from '../tree/child.ts';
import { NodeStore } from '../tree/node-store.ts';
import { RecordLog } from '../tree/record-log.ts';
import type { Space } from '../tree/space.ts';
import { hashStage } from '../tree/tree-hash.ts';
import { TreeStage } from '../tree/tree-stage.ts';
import type { CommitParts } from './commit.ts';
import { prefetch, writeState } from './commit.ts';
import { Changes, Database, numberBytes } from './database.ts';
import { KeptHistory } from './kept-history.ts';
import { pinKey, SYNCED_KEY } from './key-space.ts';
import type { KeyValue } from './key-value.ts';
import type { PinOwner } from './pins.ts';
import { prepareWrites } from './prepare-writes.ts';
import { Reads } from './reads.ts';
import type { Doomed } from './reclaim.ts';
import { createReclaim, restoreUse } from './reclaim.ts';
import { RecordLists } from './record-lists.ts';
import { recover } from './recovery.ts';
import { checkRemovals } from './removals-check.ts';
import { treeOf } from './root-record.ts';
import { Staged, StagedSet } from './staged.ts';
import type {
  HistoryOptions,
  HistoryRule,
  ListOptions,
  ProvenRange,
  ProvenRecord,
  RangeOptions,
  RecordVersion,
  ShownSubtree,
  StagedState,
  StageRequest,
  StateFigures,
  StateReader,
  StateRecovery,
  StateStore,
  StoredRecord,
} from './state-store.ts';
import { createTurns } from './turns.ts';
import { changesToRollBack, changesToUnpin, removeLeftovers } from './upkeep.ts';
import { Versions } from './versions.ts';

/** Where a store is and how much it keeps. */
export interface StateStoreOptions {
  readonly directory: string;
  /** Bound of the cache of tree nodes. */
  readonly cacheBytes?: number;
  /** Heights that stay readable, the newest included; it may differ from one opening to the next. */
  readonly retainedHeights?: number;
  /** What becomes of the values of older versions; `all` by default: their history stays whole. */
  readonly history?: HistoryRule;
  /** Record sets of which every version is kept, whatever `history` says. */
  readonly keptSets?: ReadonlySet<number>;
  /** Size of the log segments; a store keeps the size it was begun with. */
  readonly segmentBytes?: number;
}

/** What a store is built on. */
export interface StateStoreParts {
  readonly disk: Disk;
  /** Opens the database in a directory; `openLevel` in production. */
  readonly openKeyValue: (path: string) => Promise<KeyValue>;
  /**
   * Told of damage that tidying meets, one place at a time: blocks are stored all the same, and who
   * reads what is lost is refused. The same place may be told more than once.
   */
  readonly onDamage?: (damage: StateError) => void;
}

/** Enough for the inner nodes of about 500,000 records; each node is 1.1 KB. */
const CACHE_BYTES = 32 * 1024 * 1024;
const RETAINED_HEIGHTS = 1000;
const SEGMENT_BYTES = 32 * 1024 * 1024;
/** Heights between syncs at most: what a start may have to execute again. */
const SYNC_INTERVAL_MAX = 100;
const REMOVALS_PER_BLOCK = 2;

/**
 * Opens a store and rolls back what was not stored whole; see `recovery` for the height from which
 * to execute again.
 * @throws StateError STATE_DAMAGED, STATE_NOT_CONTIGUOUS, STATE_DATABASE_FAILED, STATE_DISK_FAILED
 */
export async function openStateStore(
  options: StateStoreOptions,
  { disk, openKeyValue, onDamage = () => undefined }: StateStoreParts,
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
    for (const [height, owners] of recovered.pins) versions.pins.restore(height, owners);
    const store = new NodeStore(nodes, options.cacheBytes ?? CACHE_BYTES);
    const reclaim = createReclaim(store, values, {
      history: options.history ?? 'all',
      onDamage,
    });
    const kept = new KeptHistory(database, options.keptSets ?? new Set());
    const staged = new StagedSet(store);
    const inTurn = createTurns();
    const lists = new RecordLists({ database, nodes: store, versions, inTurn });
    const logs = { database, nodes: store, values };
    const parts = { ...logs, reclaim, kept, versions, staged, lists, inTurn };
    restoreUse(parts);
    return new Store(parts, recovered.rolledBack, versions.syncInterval(SYNC_INTERVAL_MAX));
  } catch (error) {
    await database.close();
    throw error;
  }
}

class Store implements StateStore {
  readonly recovery: StateRecovery;
  readonly #parts: CommitParts;
  readonly #reads: Reads;
  #stages = 0;
  readonly #syncInterval: number;
  #synced: Height | undefined;
  /** Segments that nothing needs, once what says so is durable; and those of which it is. */
  readonly #doomed: Doomed[] = [];
  readonly #removable: Doomed[] = [];
  #removed = 0;
  #isBroken = false;
  #isClosed = false;

  constructor(parts: CommitParts, rolledBack: number, syncInterval: number) {
    this.#parts = parts;
    this.#reads = new Reads(parts);
    this.#syncInterval = syncInterval;
    this.#synced = parts.versions.newest()?.height;
    this.recovery = { appliedHeight: this.appliedHeight(), rolledBack };
    removeLeftovers(parts);
  }

  appliedHeight(): Height | undefined {
    return this.#parts.versions.newest()?.height;
  }

  oldestHeight(): Height | undefined {
    return this.#parts.versions.newest()?.oldest;
  }

  rootAt(height: Height): Hash | undefined {
    return this.#parts.versions.get(height)?.root;
  }

  view(height?: Height): StateReader {
    return this.#reads.view(height);
  }

  stage({ height, parent, writes }: StageRequest): StagedState {
    assert(!this.#isClosed, 'a closed store is not used');
    const { nodes, staged } = this.#parts;
    const base = this.#baseOf(height, parent);
    this.#stages += 1;
    const stage = new TreeStage(nodes, this.#stages);
    const sorted = prepareWrites(writes);
    const applied = stage.apply(base.tree, sorted);
    const root = hashStage(applied, stage);
    const tree = { ...applied, hashBytes: root, hashAt: 0 };
    const records = base.records + stage.created.length - stage.removed.length;
    const fields = { height, root, parent: base.parent, stage, records, tree, writes: sorted };
    const result = new Staged(
      fields,
      (state, key) => this.#reads.getStaged(state, key),
      (state) => staged.discard(state),
    );
    staged.add(result);
    nodes.trim();
    return result;
  }

  commit(state: StagedState): Promise<void> {
    assert(state instanceof Staged, 'a state is committed by the store that staged it');
    return this.#parts.inTurn(() => this.#commit(state));
  }

  prove(key: RecordKey, height?: Height): ProvenRecord {
    return this.#reads.prove(key, height);
  }

  proveRange(range: RecordPlace | 'all', options: RangeOptions): ProvenRange {
    return this.#reads.proveRange(range, options);
  }

  subtree(place: TreePlace, height?: Height): ShownSubtree {
    return this.#reads.subtree(place, height);
  }

  list(range: RecordPlace, options: ListOptions): Promise<readonly StoredRecord[]> {
    return this.#reads.list(range, options);
  }

  history(key: RecordKey, options: HistoryOptions): Promise<readonly RecordVersion[]> {
    return this.#reads.history(key, options);
  }

  checkRemovals(): Promise<void> {
    return this.#parts.inTurn(() => checkRemovals(this.#parts));
  }

  historyFrom(): Height {
    return this.#parts.versions.newest()?.historyFrom ?? 0;
  }

  pin(height: Height, owner: PinOwner): Promise<void> {
    return this.#parts.inTurn(async () => {
      const { database, versions } = this.#parts;
      versions.need(height);
      const changes = new Changes();
      const owners = versions.pins.with(height, owner);
      changes.set(pinKey(height), owners);
      await database.write(changes, true);
      versions.pins.set(height, owners);
    });
  }

  unpin(height: Height, owner: PinOwner): Promise<void> {
    return this.#parts.inTurn(async () => {
      const changes = changesToUnpin(height, owner, this.#parts);
      const newest = this.appliedHeight();
      if (changes !== undefined && newest !== undefined) await this.#write(changes, newest, true);
    });
  }

  pins(owner?: PinOwner): readonly Height[] {
    return this.#parts.versions.pins.heights(owner);
  }

  rollBack(height: Height): Promise<void> {
    return this.#parts.inTurn(() => this.#rollBack(height));
  }

  figures(): StateFigures {
    const { nodes, values, versions, reclaim } = this.#parts;
    const { nodeSpace, valueSpace } = reclaim;
    return {
      records: versions.newest()?.records ?? 0,
      treeBytes: bytesOf(nodes.log, nodeSpace),
      treeBytesWritten: nodes.log.end(),
      valueBytes: bytesOf(values, valueSpace),
      valueBytesWritten: values.end(),
      cacheBytes: nodes.cacheBytes(),
      segments: nodeSpace.count() + valueSpace.count(),
      segmentsRemoved: this.#removed,
    };
  }

  close(): Promise<void> {
    return this.#parts.inTurn(async () => {
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
    this.#parts.lists.changed();
    const leaving = versions.leaving(state.height);
    if (leaving !== undefined) versions.forget(leaving);
    versions.add(version);
    this.#reads.changed(state.writes);
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
    if (isSynced) {
      this.#synced = height;
      this.#removable.push(...this.#doomed.splice(0));
    }
    // Few at a time: the system takes some milliseconds for each file.
    this.#removeSegments(REMOVALS_PER_BLOCK);
  }

  #removeSegments(countMax: number): void {
    for (const { log, segment } of this.#removable.splice(0, countMax)) {
      log.removeSegment(segment);
      this.#removed += 1;
    }
  }

  async #rollBack(height: Height): Promise<void> {
    const { nodes, values, staged, versions, lists } = this.#parts;
    const { changes, version } = await changesToRollBack(height, this.#parts);
    staged.discardAll();
    await this.#write(changes, height, true);
    this.#removeSegments(this.#removable.length);
    nodes.clear();
    this.#reads.forget();
    lists.forget();
    nodes.log.rewind(version.nodeEnd);
    values.rewind(version.valueEnd);
    versions.rewind(version);
    restoreUse(this.#parts);
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

/** Bytes of the segments of a log, but for what the last one has not used yet. */
function bytesOf(log: RecordLog, space: Space): number {
  const unused = log.segmentBytes - (log.end() % log.segmentBytes);
  return Math.max(0, space.count() * log.segmentBytes - unused);
}

interface Base {
  readonly tree: Child;
  readonly records: number;
  readonly parent: Staged | undefined;
}
