/**
 * The read model over a SQL store: final blocks go in once each and in order, each batch in one
 * transaction together with the height it ends at, so that after any crash the tables show exactly
 * the state after one block. Which blocks those are is the feed's affair.
 */
import type { Manifest } from '@daybook/contracts';
import { manifestHashOf } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { assert, toHex } from '@daybook/core';
import type { ReadmodelFailure } from './errors.ts';
import type { RecordChange, Row } from './rows.ts';
import { rowKeyOf, rowOf } from './rows.ts';
import type { Answer, Progress, QueryLimits, SqlStore, SqlTransaction } from './sql-store.ts';
import type { Table } from './tables.ts';
import { LAYOUT_VERSION, tablesOf } from './tables.ts';

/** Consecutive blocks, folded: the last change of each record. */
export interface Batch {
  /** The height the tables must be at; the batch begins above it. */
  readonly after: number;
  /** Where they are afterwards. */
  readonly progress: Progress;
  readonly changes: readonly RecordChange[];
}

/** What became of records on their way into the tables. */
export interface Written {
  /** Records that have a row now. */
  readonly rows: number;
  /** Records whose stored fields the present definitions do not read: they have no row. */
  readonly unreadable: number;
}

export interface ReadModel {
  /**
   * Comes first: says by which definitions stored values are to be read.
   * @returns where the tables are; undefined while there is nothing to query
   */
  open(manifest: Manifest): Promise<Progress | undefined>;
  /** @throws AssertionError for a batch that does not follow; nothing is written then */
  apply(batch: Batch): Promise<Written>;
  /** Begins to build all tables anew; queries see the old ones until `finish`. */
  rebuild(manifest: Manifest): Promise<void>;
  /** Records of the state that is being taken over, each once. */
  load(records: readonly RecordChange[]): Promise<Written>;
  finish(progress: Progress): Promise<void>;
  /** Gives up a rebuild; the old tables stay. */
  abandon(): Promise<void>;
  query(sql: string, limits: QueryLimits): Promise<Result<Answer, ReadmodelFailure>>;
  close(): Promise<void>;
}

/** By manifest: hashing one takes milliseconds, and it stays the same for a long time. */
const schemas = new WeakMap<Manifest, string>();

/** What tables are derived from, in short: equal texts mean equal tables. */
export function schemaOfManifest(manifest: Manifest): string {
  const known = schemas.get(manifest);
  if (known !== undefined) return known;
  const schema = `${LAYOUT_VERSION}-${toHex(manifestHashOf(manifest))}`;
  schemas.set(manifest, schema);
  return schema;
}

export function createReadModel(store: SqlStore): ReadModel {
  return new TableReadModel(store);
}

class TableReadModel implements ReadModel {
  readonly #store: SqlStore;
  #tables: ReadonlyMap<number, Table> = new Map();
  #schema: string | undefined;
  #rebuilding: SqlTransaction | undefined;

  constructor(store: SqlStore) {
    this.#store = store;
  }

  async open(manifest: Manifest): Promise<Progress | undefined> {
    this.#take(manifest);
    return await this.#store.progress();
  }

  async apply({ after, progress, changes }: Batch): Promise<Written> {
    const before = await this.#store.progress();
    assert(before?.height === after, 'a batch follows what the tables show');
    assert(before.schema === this.#schema, 'the tables are of these definitions');
    assert(progress.schema === this.#schema, 'other definitions need other tables');
    assert(progress.height > after, 'a batch goes forward');
    const transaction = await this.#store.begin();
    return await ended(transaction, async () => {
      for (const [table, keys] of this.#keysByTable(changes)) await transaction.remove(table, keys);
      const written = await this.#insert(transaction, changes);
      await transaction.setProgress(progress);
      await transaction.commit();
      return written;
    });
  }

  async rebuild(manifest: Manifest): Promise<void> {
    assert(this.#rebuilding === undefined, 'one rebuild at a time');
    this.#take(manifest);
    const transaction = await this.#store.begin();
    await ended(transaction, () => transaction.recreate([...this.#tables.values()]));
    this.#rebuilding = transaction;
  }

  async load(records: readonly RecordChange[]): Promise<Written> {
    assert(this.#rebuilding !== undefined, 'a rebuild has begun');
    return await this.#insert(this.#rebuilding, records);
  }

  async finish(progress: Progress): Promise<void> {
    const transaction = this.#rebuilding;
    assert(transaction !== undefined, 'a rebuild has begun');
    await transaction.setProgress(progress);
    this.#rebuilding = undefined;
    await transaction.commit();
  }

  async abandon(): Promise<void> {
    const transaction = this.#rebuilding;
    this.#rebuilding = undefined;
    await transaction?.rollback();
  }

  query(sql: string, limits: QueryLimits): Promise<Result<Answer, ReadmodelFailure>> {
    return this.#store.query(sql, limits);
  }

  async close(): Promise<void> {
    await this.abandon();
    await this.#store.close();
  }

  #take(manifest: Manifest): void {
    this.#tables = new Map(tablesOf(manifest).map((table) => [table.record.set, table]));
    this.#schema = schemaOfManifest(manifest);
  }

  #keysByTable(changes: readonly RecordChange[]): ReadonlyMap<Table, readonly string[]> {
    const keys = new Map<Table, string[]>();
    for (const { recordKey } of changes) {
      const table = this.#tables.get(recordKey.set);
      if (table === undefined) continue;
      listIn(keys, table).push(rowKeyOf(recordKey));
    }
    return keys;
  }

  async #insert(transaction: SqlTransaction, changes: readonly RecordChange[]): Promise<Written> {
    const rows = new Map<Table, Row[]>();
    let unreadable = 0;
    for (const { recordKey, value } of changes) {
      const table = this.#tables.get(recordKey.set);
      // The engine's own bookkeeping has no definition, and so no table.
      if (table === undefined || value === undefined) continue;
      const row = rowOf(table, recordKey, value);
      if (row === undefined) unreadable += 1;
      else listIn(rows, table).push(row);
    }
    let count = 0;
    for (const [table, list] of rows) {
      await transaction.insert(table, list);
      count += list.length;
    }
    return { rows: count, unreadable };
  }
}

/** The list under a key, a new one where there is none. */
function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Carries out work that ends or keeps open a transaction; when it fails, nothing stays. */
async function ended<T>(transaction: SqlTransaction, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await transaction.rollback().catch((cause: unknown) => {
      throw new AggregateError([error, cause], 'a transaction could not be undone', { cause });
    });
    throw error;
  }
}
