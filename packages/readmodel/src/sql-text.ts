/** SQL that every database of the port understands: names, tables, the row that tells progress. */
import type { Column } from './tables.ts';

/** The table with one row that says how far the others are. */
export const PROGRESS_TABLE = 'daybook_progress';

export const PROGRESS_COLUMNS = [
  { name: 'height', type: 'BIGINT' },
  { name: 'block_hash', type: 'VARCHAR' },
  { name: 'block_time', type: 'TIMESTAMP' },
  { name: 'chain', type: 'VARCHAR' },
  { name: 'schema', type: 'VARCHAR' },
] as const satisfies readonly Column[];

/** A name in quotes: contracts may call a record `order`. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function createTableSql(name: string, columns: readonly Column[]): string {
  const parts = columns.map((column) => `${quoted(column.name)} ${column.type}`);
  return `CREATE TABLE IF NOT EXISTS ${quoted(name)} (${parts.join(', ')})`;
}

/** A text as a literal. */
export function textLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A text inside a pattern of LIKE whose escape is a backslash. */
export function likePart(text: string): string {
  return text.replace(/[\\%_]/g, (sign) => `\\${sign}`);
}
