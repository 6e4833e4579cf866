/** A writing transaction of DuckDB: rows go in by its appender, in chunks of its own format. */
import { assert, assertNever } from '@daybook/core';
import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api';
import type { Row } from '../rows.ts';
import type { Progress, SqlTransaction } from '../sql-store.ts';
import { createTableSql, PROGRESS_COLUMNS, PROGRESS_TABLE, quoted } from '../sql-text.ts';
import type { Cell, Column, SqlType, Table } from '../tables.ts';

const CHUNK_ROWS = 2048;
/** Holds the keys of a removal while it lasts. */
const GONE = 'gone_keys';
const DAY_MS = 86_400_000;
const TYPES: Readonly<Record<SqlType, DuckDBType>> = {
  VARCHAR,
  BIGINT,
  BOOLEAN,
  DATE,
  TIMESTAMP,
};

export class DuckdbTransaction implements SqlTransaction {
  readonly #connection: DuckDBConnection;
  readonly #onEnd: () => void;
  #isOpen = true;

  constructor(connection: DuckDBConnection, onEnd: () => void) {
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  async recreate(tables: readonly Table[]): Promise<void> {
    for (const name of await tableNames(this.#connection)) {
      if (name !== PROGRESS_TABLE) await this.#connection.run(`DROP TABLE ${quoted(name)}`);
    }
    for (const { name, stored } of tables) {
      await this.#connection.run(createTableSql(name, stored));
    }
  }

  async insert({ name, stored }: Table, rows: readonly Row[]): Promise<void> {
    await this.#append({ name }, stored, rows);
  }

  /** By a join: a list of thousands of keys in the text costs three times as much. */
  async remove({ name }: Table, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const column = { name: '_key', type: 'VARCHAR' } as const;
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE ${GONE} ("_key" VARCHAR)`);
    const gone = keys.map((key) => [key]);
    await this.#append({ name: GONE, catalog: 'temp' }, [column], gone);
    const sql = `DELETE FROM ${quoted(name)} WHERE "_key" IN (SELECT "_key" FROM ${GONE})`;
    await this.#connection.run(sql);
  }

  async setProgress(progress: Progress): Promise<void> {
    const { height, blockHash, timestampMs, chain, schema } = progress;
    await this.#connection.run(`DELETE FROM ${quoted(PROGRESS_TABLE)}`);
    const row = [BigInt(height), blockHash, timestampMs, chain, schema];
    await this.#append({ name: PROGRESS_TABLE }, PROGRESS_COLUMNS, [row]);
  }

  async commit(): Promise<void> {
    assert(this.#isOpen, 'a transaction ends once');
    await this.#end('COMMIT');
  }

  async rollback(): Promise<void> {
    // A commit that failed has undone everything already.
    if (this.#isOpen) await this.#end('ROLLBACK');
  }

  async #end(sql: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.#isOpen = false;
    try {
      await this.#connection.run(sql);
    } finally {
      this.#onEnd();
    }
  }

  async #append(
    { name, catalog = null }: { readonly name: string; readonly catalog?: string | null },
    columns: readonly Column[],
    rows: readonly Row[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const appender = await this.#connection.createAppender(name, null, catalog);
    const types = columns.map(({ type }) => TYPES[type]);
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      const part = rows.slice(start, start + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types, part.length);
      for (const [index, { type }] of columns.entries()) {
        chunk.setColumnValues(
          index,
          part.map((row) => driverValue(type, row[index] ?? null)),
        );
      }
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }
}

/** Tables of the read model, the one of its progress included. */
export async function tableNames(connection: DuckDBConnection): Promise<readonly string[]> {
  const reader = await connection.runAndReadAll(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' AND table_catalog = current_database()",
  );
  return reader.getRowsJson().map(([name]) => String(name));
}

function driverValue(type: SqlType, cell: Cell): DuckDBValue {
  if (cell === null) return null;
  switch (type) {
    case 'VARCHAR':
    case 'BIGINT':
    case 'BOOLEAN':
      return cell;
    case 'DATE':
      // A civil date has no zone; midnight in UTC is the start of its day number.
      return new DuckDBDateValue(Math.floor(Date.parse(`${String(cell)}T00:00:00Z`) / DAY_MS));
    case 'TIMESTAMP':
      return new DuckDBTimestampValue(BigInt(Number(cell)) * 1000n);
    default:
      return assertNever(type);
  }
}
