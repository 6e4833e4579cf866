/** One query of a stranger on DuckDB: judged, run in a transaction that only reads, and bounded. */
import type { Result } from '@daybook/core';
import { encodeUtf8, fail, ok } from '@daybook/core';
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import type { ReadmodelFailure } from '../errors.ts';
import type { Answer, AnswerValue, Progress, QueryLimits } from '../sql-store.ts';
import { PROGRESS_TABLE, quoted } from '../sql-text.ts';
import { tableNames } from './duckdb-transaction.ts';
import { judgeQuery } from './query-guard.ts';

/** Bytes of a query's text. */
export const SQL_BYTES_MAX = 64 * 1024;
/** Characters of an answer's values, roughly; the rest is cut like rows above the limit. */
const ANSWER_CHARACTERS_MAX = 2 * 1024 * 1024;
const FACT_CHARACTERS_MAX = 500;
/** An interrupt that falls between two steps of a query is lost, so it is repeated. */
const INTERRUPT_EVERY_MS = 20;

/** @param connection  fresh, and closed by the caller afterwards */
export async function runQuery(
  connection: DuckDBConnection,
  sql: string,
  limits: QueryLimits,
): Promise<Result<Answer, ReadmodelFailure>> {
  const size = encodeUtf8(sql).length;
  if (size > SQL_BYTES_MAX) {
    return fail({ code: 'READMODEL_SQL_TOO_LONG', size, max: SQL_BYTES_MAX });
  }
  const startMs = performance.now();
  const isLate = (): boolean => performance.now() - startMs > limits.timeMs;
  const timer = setInterval(() => {
    if (isLate()) connection.interrupt();
  }, INTERRUPT_EVERY_MS);
  try {
    await connection.run('BEGIN TRANSACTION READ ONLY');
    const progress = await readProgress(connection);
    if (progress === undefined) return fail({ code: 'READMODEL_EMPTY' });
    const fact = judgeQuery(await treeOf(connection, sql), new Set(await tableNames(connection)));
    if (fact !== undefined) return fail({ code: 'READMODEL_SQL_REFUSED', fact });
    const result = await connection.stream(sql);
    return await readAnswer(result, { progress, limits, isLate });
  } catch (error) {
    return fail(isLate() ? lateness(limits) : failureOf(error));
  } finally {
    clearInterval(timer);
  }
}

/** How far the tables are, in the transaction of the connection. */
export async function readProgress(connection: DuckDBConnection): Promise<Progress | undefined> {
  const reader = await connection.runAndReadAll(
    `SELECT height, block_hash, epoch_ms(block_time), chain, "schema" FROM ${quoted(PROGRESS_TABLE)}`,
  );
  const [row] = reader.getRowsJson();
  if (row === undefined) return undefined;
  const [height, blockHash, timestampMs, chain, schema] = row.map(String);
  return {
    height: Number(height),
    blockHash: blockHash ?? '',
    timestampMs: Number(timestampMs),
    chain: chain ?? '',
    schema: schema ?? '',
  };
}

async function treeOf(connection: DuckDBConnection, sql: string): Promise<unknown> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
  return JSON.parse(String(reader.getRowsJson()[0]?.[0]));
}

interface Reading {
  readonly progress: Progress;
  readonly limits: QueryLimits;
  readonly isLate: () => boolean;
}

async function readAnswer(
  result: DuckDBResult,
  { progress, limits, isLate }: Reading,
): Promise<Result<Answer, ReadmodelFailure>> {
  const types = result.columnTypes().map(String);
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] ?? '' }));
  const rows: (readonly AnswerValue[])[] = [];
  let characters = 0;
  for await (const chunk of result.yieldRowsJson()) {
    if (isLate()) return fail(lateness(limits));
    for (const row of chunk) {
      characters += JSON.stringify(row).length;
      if (rows.length === limits.rowsMax || characters > ANSWER_CHARACTERS_MAX) {
        return ok({ progress, columns, rows, truncated: true });
      }
      // Json of the driver and AnswerValue are the same values.
      rows.push(row as readonly AnswerValue[]);
    }
  }
  return ok({ progress, columns, rows, truncated: false });
}

function lateness({ timeMs }: QueryLimits): ReadmodelFailure {
  return { code: 'READMODEL_QUERY_TIMEOUT', timeMs };
}

function failureOf(error: unknown): ReadmodelFailure {
  const text = error instanceof Error ? error.message : String(error);
  if (text.startsWith('Out of Memory')) return { code: 'READMODEL_QUERY_MEMORY' };
  return { code: 'READMODEL_SQL_FAILED', fact: text.slice(0, FACT_CHARACTERS_MAX) };
}
