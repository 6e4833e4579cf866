/**
 * PostgreSQL inside this process (PGlite) behind the SQL port, to show that the SQL which Daybook
 * itself writes is not DuckDB's alone. No node uses it: it does not judge what strangers ask, and
 * has one connection.
 */
import { fail, ok } from '@daybook/core';
import type {
  AnswerValue,
  Cell,
  Column,
  Row,
  SqlStore,
  SqlTransaction,
  Table,
} from '@daybook/readmodel';
import { PGlite, types } from '@electric-sql/pglite';
import { createTableSql, PROGRESS_COLUMNS, PROGRESS_TABLE, quoted } from '../src/sql-text.ts';

/** As the port wants them: whole numbers too long for a double, days and times are texts. */
const PARSERS = Object.fromEntries(
  [types.INT8, types.NUMERIC, types.DATE, types.TIMESTAMP].map((id) => [
    id,
    (text: string) => text,
  ]),
);

/** What the audit rules call by the name that DuckDB has for it. */
const NFC_NORMALIZE = `CREATE FUNCTION nfc_normalize(name TEXT) RETURNS TEXT
  LANGUAGE SQL IMMUTABLE AS 'SELECT NORMALIZE(name, NFC)'`;

/** A database in memory, gone with `close`. */
export async function openPostgres(): Promise<SqlStore> {
  const database = await PGlite.create();
  await database.exec(createTableSql(PROGRESS_TABLE, PROGRESS_COLUMNS));
  await database.exec(NFC_NORMALIZE);
  const progress = async () => {
    const { rows } = await database.query<readonly unknown[]>(
      `SELECT height, block_hash, CAST(EXTRACT(EPOCH FROM block_time) * 1000 AS BIGINT), chain, "schema" FROM ${PROGRESS_TABLE}`,
      [],
      { rowMode: 'array', parsers: PARSERS },
    );
    const [height, blockHash = '', timestampMs, chain = '', schema = ''] =
      rows[0]?.map(String) ?? [];
    if (height === undefined) return undefined;
    return { height: Number(height), blockHash, timestampMs: Number(timestampMs), chain, schema };
  };
  return {
    progress,
    begin: async () => {
      await database.exec('BEGIN');
      return transactionOn(database);
    },
    query: async (sql, { rowsMax }) => {
      const now = await progress();
      if (now === undefined) return fail({ code: 'READMODEL_EMPTY' });
      try {
        const options = { rowMode: 'array', parsers: PARSERS } as const;
        const { rows, fields } = await database.query<readonly AnswerValue[]>(sql, [], options);
        const columns = fields.map(({ name, dataTypeID }) => ({ name, type: `${dataTypeID}` }));
        const truncated = rows.length > rowsMax;
        return ok({ progress: now, columns, rows: rows.slice(0, rowsMax), truncated });
      } catch (error) {
        return fail({ code: 'READMODEL_SQL_FAILED', fact: String(error) });
      }
    },
    close: () => database.close(),
  };
}

function transactionOn(database: PGlite): SqlTransaction {
  let isOpen = true;
  const end = async (sql: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    isOpen = false;
    await database.exec(sql);
  };
  return {
    recreate: async (tables) => {
      const { rows } = await database.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '${PROGRESS_TABLE}'`,
      );
      const gone = rows.map(({ name }) => `DROP TABLE ${quoted(name)}`);
      const made = tables.map(({ name, stored }) => createTableSql(name, stored));
      await database.exec([...gone, ...made].join(';'));
    },
    insert: async ({ name, stored }, rows) =>
      await insert(database, { name, columns: stored }, rows),
    remove: async ({ name }: Table, keys) => {
      await database.query(`DELETE FROM ${quoted(name)} WHERE "_key" = ANY($1)`, [keys]);
    },
    setProgress: async ({ height, blockHash, timestampMs, chain, schema }) => {
      await database.exec(`DELETE FROM ${PROGRESS_TABLE}`);
      const row = [BigInt(height), blockHash, timestampMs, chain, schema];
      await insert(database, { name: PROGRESS_TABLE, columns: PROGRESS_COLUMNS }, [row]);
    },
    commit: () => end('COMMIT'),
    rollback: async () => {
      if (isOpen) await end('ROLLBACK');
    },
  };
}

async function insert(
  database: PGlite,
  { name, columns }: { readonly name: string; readonly columns: readonly Column[] },
  rows: readonly Row[],
): Promise<void> {
  const places = columns.map((_, index) => `$${index + 1}`).join(', ');
  for (const row of rows) {
    const cells = columns.map(({ type }, index) => parameter(type, row[index] ?? null));
    await database.query(`INSERT INTO ${quoted(name)} VALUES (${places})`, cells);
  }
}

function parameter(type: Column['type'], cell: Cell): Cell {
  if (type !== 'TIMESTAMP' || cell === null) return cell;
  return new Date(Number(cell)).toISOString().replace('T', ' ').replace('Z', '');
}
