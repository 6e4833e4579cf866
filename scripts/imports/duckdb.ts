/** Sources counted by a program that shares no code with the mappers. */
import type { DuckDBValue } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';

/** The rows of one query, values as texts. */
export async function countBy(sql: string): Promise<readonly (readonly string[])[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRows().map((row) => row.map((value: DuckDBValue) => String(value)));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
