/**
 * The port over embedded DuckDB. It belongs into a process of its own (`process/`): a query may take
 * memory that no setting bounds, and a defect of the database ends the process it runs in.
 */
import type { Result } from '@daybook/core';
import { assert } from '@daybook/core';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ReadmodelFailure } from '../errors.ts';
import type { Answer, Progress, QueryLimits, SqlStore, SqlTransaction } from '../sql-store.ts';
import { createTableSql, PROGRESS_COLUMNS, PROGRESS_TABLE } from '../sql-text.ts';
import { readProgress, runQuery } from './duckdb-query.ts';
import { DuckdbTransaction } from './duckdb-transaction.ts';

export interface DuckdbOptions {
  /** File of the database; `:memory:` for one that vanishes. */
  readonly path: string;
  /** Bound of the database's own memory; what it cannot count comes on top. */
  readonly memoryBytesMax: number;
  /** Threads a query may use. */
  readonly threads: number;
}

/**
 * What no query may change again. Spilling to disk is off: a query that needs more memory than it
 * may have fails, and says so.
 */
export function lockdownOf({
  memoryBytesMax,
  threads,
}: Omit<DuckdbOptions, 'path'>): Record<string, string> {
  return {
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    enable_external_access: 'false',
    max_temp_directory_size: '0B',
    memory_limit: `${memoryBytesMax}B`,
    preserve_insertion_order: 'false',
    threads: String(threads),
    lock_configuration: 'true',
  };
}

/** Opens or creates the database. @throws Error of the database when the file is none of its own */
export async function openDuckdb(options: DuckdbOptions): Promise<SqlStore> {
  const instance = await DuckDBInstance.create(options.path, lockdownOf(options));
  try {
    const writer = await instance.connect();
    await writer.run(createTableSql(PROGRESS_TABLE, PROGRESS_COLUMNS));
    return new DuckdbStore(instance, writer);
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

class DuckdbStore implements SqlStore {
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  #isWriting = false;

  constructor(instance: DuckDBInstance, writer: DuckDBConnection) {
    this.#instance = instance;
    this.#writer = writer;
  }

  async progress(): Promise<Progress | undefined> {
    const connection = await this.#instance.connect();
    try {
      return await readProgress(connection);
    } finally {
      connection.closeSync();
    }
  }

  async begin(): Promise<SqlTransaction> {
    assert(!this.#isWriting, 'one transaction writes at a time');
    this.#isWriting = true;
    await this.#writer.run('BEGIN TRANSACTION');
    return new DuckdbTransaction(this.#writer, () => {
      this.#isWriting = false;
    });
  }

  async query(sql: string, limits: QueryLimits): Promise<Result<Answer, ReadmodelFailure>> {
    const connection = await this.#instance.connect();
    try {
      return await runQuery(connection, sql, limits);
    } finally {
      connection.closeSync();
    }
  }

  close(): Promise<void> {
    this.#writer.closeSync();
    this.#instance.closeSync();
    return Promise.resolve();
  }
}
