/**
 * A state store that is filled from outside, range after range, instead of by blocks: how a node
 * joins by a snapshot. Every range is one durable step; after a crash it goes on where the last one
 * ended. What comes in is for the caller to verify; when all is there, the directory is an ordinary
 * store that begins with one version.
 */
import type { Hash, Height } from '@daybook/core';
import { assert, createWriter, decodeBinary, ZERO_HASH } from '@daybook/core';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import { EMPTY_CHILD } from '../tree/child.ts';
import { NodeStore } from '../tree/node-store.ts';
import { RecordLog } from '../tree/record-log.ts';
import { Space } from '../tree/space.ts';
import { hashStage } from '../tree/tree-hash.ts';
import { persistStage, releaseStage } from '../tree/tree-persist.ts';
import { TreeStage } from '../tree/tree-stage.ts';
import { writeValue } from '../tree/values.ts';
import { Changes, Database, numberBytes } from './database.ts';
import { KeptHistory } from './kept-history.ts';
import { IMPORT_KEY, recordIndexKey, rootKey, SYNCED_KEY } from './key-space.ts';
import type { StateStoreParts } from './open-state-store.ts';
import { prepareWrites } from './prepare-writes.ts';
import { recover } from './recovery.ts';
import type { Version } from './root-record.ts';
import { encodeVersion, treeOf } from './root-record.ts';
import type { StateWrite } from './state-store.ts';

/** A record as it comes in. */
export interface ImportedRecord extends StateWrite {
  readonly value: Uint8Array;
  /** The block that wrote it. */
  readonly writtenAt: Height;
}

/** How far an import is. */
export interface ImportProgress {
  readonly height: Height;
  readonly records: number;
  /** Tree key at which the next range begins, empty at first; undefined when all is there. */
  readonly next: Uint8Array | undefined;
}

export interface StateImport {
  progress(): ImportProgress;
  /** The root of the records that are there. */
  root(): Hash;
  /**
   * Takes a range over, durably: when it resolves, `progress` has moved and stays so.
   * @param records  none of them is there yet; at most some ten thousand at a time
   * @param next     where the rest begins; undefined behind the last record
   */
  add(records: readonly ImportedRecord[], next: Uint8Array | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface StateImportOptions {
  readonly directory: string;
  /** Of the version that is taken over. */
  readonly height: Height;
  readonly cacheBytes?: number;
  /** As for `openStateStore`. */
  readonly keptSets?: ReadonlySet<number>;
}

const CACHE_BYTES = 32 * 1024 * 1024;
const SEGMENT_BYTES = 32 * 1024 * 1024;
const KEY_BYTES_MAX = 64;

/**
 * Begins an import, or goes on with one of the same height.
 * @throws StateError STATE_IMPORT_OTHER when the directory holds something else; as `openStateStore`
 */
export async function openStateImport(
  { directory, height, cacheBytes = CACHE_BYTES, keptSets = new Set() }: StateImportOptions,
  { disk, openKeyValue }: StateStoreParts,
): Promise<StateImport> {
  disk.makeDirectory(directory);
  const database = new Database(await openKeyValue(joinPath(directory, 'index')));
  try {
    const segmentBytes = await database.format(SEGMENT_BYTES);
    const log = (name: string): RecordLog =>
      new RecordLog({ directory, name, segmentBytes, end: 0 }, disk);
    const [nodes, values] = [log('nodes'), log('values')];
    const { versions } = await recover({ database, nodes, values });
    const stored = await database.get(IMPORT_KEY);
    const progress = stored === undefined ? undefined : decodeProgress(stored);
    const version = versions.at(-1);
    if ((progress ?? version) !== undefined && progress?.height !== height) {
      throw new StateError({ code: 'STATE_IMPORT_OTHER', path: directory, height });
    }
    const store = new NodeStore(nodes, cacheBytes);
    const begin = progress ?? { height, records: 0, next: new Uint8Array() };
    const kept = new KeptHistory(database, keptSets);
    return new Import({ database, nodes: store, values, kept }, begin, version);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** height u64 | records u64 | whether there is more u8 | key sized. */
function encodeProgress({ height, records, next }: ImportProgress): Uint8Array {
  const writer = createWriter();
  writer.u64(height);
  writer.u64(records);
  writer.u8(next === undefined ? 0 : 1);
  writer.sized(next ?? new Uint8Array());
  return writer.finish();
}

function decodeProgress(bytes: Uint8Array): ImportProgress | undefined {
  const decoded = decodeBinary(bytes, 'import progress', (reader) => {
    const [height, records, more] = [reader.u64(), reader.u64(), reader.u8()];
    const next = reader.sized(KEY_BYTES_MAX);
    return { height, records, next: more === 0 ? undefined : next };
  });
  return decoded.ok ? decoded.value : undefined;
}

interface ImportParts {
  readonly database: Database;
  readonly nodes: NodeStore;
  readonly values: RecordLog;
  readonly kept: KeptHistory;
}

class Import implements StateImport {
  readonly #parts: ImportParts;
  readonly #nodeSpace = new Space();
  readonly #valueSpace = new Space();
  #progress: ImportProgress;
  #version: Version | undefined;
  #stages = 0;

  constructor(parts: ImportParts, progress: ImportProgress, version: Version | undefined) {
    this.#parts = parts;
    this.#progress = progress;
    this.#version = version;
    this.#nodeSpace.restore(version?.nodeSegments ?? []);
    this.#valueSpace.restore(version?.valueSegments ?? []);
  }

  progress(): ImportProgress {
    return this.#progress;
  }

  root(): Hash {
    return this.#version?.root ?? ZERO_HASH;
  }

  async add(records: readonly ImportedRecord[], next: Uint8Array | undefined): Promise<void> {
    const before = this.#progress;
    assert(before.next !== undefined, 'nothing follows the last range');
    const changes = new Changes();
    const version = this.#write(records, changes);
    const progress = { height: before.height, records: version.records, next };
    changes.set(rootKey(version.height), encodeVersion(version));
    changes.set(IMPORT_KEY, encodeProgress(progress));
    changes.set(SYNCED_KEY, numberBytes(version.height));
    const { database, nodes, values } = this.#parts;
    await nodes.log.sync();
    await values.sync();
    await database.write(changes, true);
    this.#version = version;
    this.#progress = progress;
  }

  /** Writes nodes and values; the batch that makes them count is the caller's. */
  #write(records: readonly ImportedRecord[], changes: Changes): Version {
    const { nodes, values } = this.#parts;
    const { height } = this.#progress;
    const base = this.#version;
    this.#stages += 1;
    const stage = new TreeStage(nodes, this.#stages);
    const writes = prepareWrites(records);
    const applied = stage.apply(base ? treeOf(base) : EMPTY_CHILD, writes);
    const root = hashStage(applied, stage);
    assert(stage.created.length === records.length, 'each record comes once');
    this.#writeValues(records, stage, changes);
    const tree = { ...applied, hashBytes: root, hashAt: 0 };
    const stored = persistStage(tree, stage, { nodes, values, height });
    releaseStage(stage, nodes);
    this.#nodeSpace.change(nodes.log.takeAppended(), stage.dead, { log: nodes.log, height });
    this.#valueSpace.change(values.takeAppended(), [], { log: values, height });
    nodes.log.flush();
    values.flush();
    nodes.trim();
    return {
      height,
      oldest: height,
      historyFrom: height,
      root,
      count: stored.count,
      ref: stored.ref,
      nodeEnd: nodes.log.end(),
      valueEnd: values.end(),
      records: (base?.records ?? 0) + records.length,
      nodeSegments: this.#nodeSpace.table(),
      valueSegments: this.#valueSpace.table(),
      removingSets: [],
    };
  }

  /** Each value stands under the block that wrote it, as if it had been executed here. */
  #writeValues(records: readonly ImportedRecord[], stage: TreeStage, changes: Changes): void {
    const { values, kept } = this.#parts;
    const heights = new Map(records.map(({ recordKey, writtenAt }) => [recordKey, writtenAt]));
    for (const pending of stage.created) {
      const { key, value } = pending;
      const writtenAt = heights.get(key);
      assert(writtenAt !== undefined, 'only what came in is created');
      pending.ref = writeValue(values, { height: writtenAt, previous: 0, key, value });
      changes.set(recordIndexKey(key), new Uint8Array());
    }
    for (const record of records) {
      if (!kept.has(record.recordKey)) continue;
      kept.record([{ write: record, before: undefined }], record.writtenAt, changes);
    }
  }

  async close(): Promise<void> {
    const { database, nodes, values } = this.#parts;
    nodes.log.close();
    values.close();
    await database.close();
  }
}
