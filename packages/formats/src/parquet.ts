/**
 * Apache Parquet: a typed table as a file, the same bytes for the same table. Whole numbers are INT64,
 * dates DATE, instants TIMESTAMP (UTC, milliseconds), texts STRING.
 */
import { equalBytes } from '@daybook/core';
import type { FileMetaData } from 'hyparquet';
import { parquetMetadata, parquetRead } from 'hyparquet';
import type { SchemaElement } from 'hyparquet-writer';
import { parquetWriteBuffer } from 'hyparquet-writer';

export type ParquetColumnType = 'integer' | 'boolean' | 'date' | 'instant' | 'text';

export interface ParquetColumn {
  readonly name: string;
  readonly type: ParquetColumnType;
}

/** Whole numbers are bigint, dates and instants RFC 3339 texts; undefined where there is none. */
export type ParquetCell = string | bigint | boolean | undefined;

export interface ParquetTable {
  readonly columns: readonly ParquetColumn[];
  readonly rows: readonly (readonly ParquetCell[])[];
}

/** Facts about the table, kept in the file. */
export type ParquetNotes = Readonly<Record<string, string>>;

/** Where a file differs from the one that a table has; rows count from 1, cells are shown as text. */
export type ParquetDifference =
  | {
      readonly row: number;
      readonly column: string;
      readonly found: string;
      readonly expected: string;
    }
  /** Where no cell can be named. */
  | { readonly fact: string };

const TYPES: Readonly<Record<ParquetColumnType, Omit<SchemaElement, 'name'>>> = {
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  date: { type: 'INT32', converted_type: 'DATE' },
  instant: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};
/** Rows of a group: what a reader holds in memory at once. */
const GROUP_ROWS = 100_000;
const FACT_CHARACTERS_MAX = 200;
const DAY_MS = 86_400_000;

/** The file of a table. The bytes depend on nothing but the table and the notes. */
export function writeParquet({ columns, rows }: ParquetTable, notes: ParquetNotes): Uint8Array {
  const fields = columns.map(({ name, type }) => ({
    name,
    repetition_type: 'OPTIONAL' as const,
    ...TYPES[type],
  }));
  const file = parquetWriteBuffer({
    schema: [{ name: 'root', num_children: columns.length }, ...fields],
    columnData: columns.map(({ name, type }, at) => ({
      name,
      data: rows.map((row) => storedOf(row[at], type)),
    })),
    rowGroupSize: GROUP_ROWS,
    kvMetadata: Object.entries(notes).map(([key, value]) => ({ key, value })),
    createdBy: 'daybook',
  });
  return new Uint8Array(file);
}

function storedOf(
  cell: ParquetCell,
  type: ParquetColumnType,
): bigint | boolean | string | Date | undefined {
  if (typeof cell !== 'string') return cell;
  if (type === 'date') return new Date(`${cell}T00:00:00Z`);
  return type === 'instant' ? new Date(cell) : cell;
}

/**
 * Compares a file with the one of a table, byte by byte: statistics that lie would hide rows from a
 * query although every cell is right. The cells are read only to name the first that differs.
 */
export async function parquetDifference(
  file: Uint8Array,
  table: ParquetTable,
  notes: ParquetNotes,
): Promise<ParquetDifference | undefined> {
  if (equalBytes(file, writeParquet(table, notes))) return undefined;
  try {
    return await differenceOfCells(Uint8Array.from(file).buffer, table);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { fact: `it cannot be read as Parquet: ${text.slice(0, FACT_CHARACTERS_MAX)}` };
  }
}

async function differenceOfCells(
  file: ArrayBuffer,
  { columns, rows }: ParquetTable,
): Promise<ParquetDifference> {
  const metadata = parquetMetadata(file, { geoparquet: false });
  const names = metadata.schema.slice(1).map(({ name }) => name);
  if (names.join() !== columns.map(({ name }) => name).join()) {
    return { fact: 'its columns are others' };
  }
  if (metadata.num_rows !== BigInt(rows.length)) {
    return { fact: `it has ${metadata.num_rows} rows, the list has ${rows.length}` };
  }
  for (const [at, found] of (await readRows(file, metadata)).entries()) {
    const expected = rows[at] ?? [];
    const column = columns.findIndex((_, one) => (found[one] ?? undefined) !== expected[one]);
    const name = columns[column]?.name;
    if (name !== undefined) {
      const texts = { found: textOf(found[column]), expected: textOf(expected[column]) };
      return { row: at + 1, column: name, ...texts };
    }
  }
  return { fact: 'its cells are right, but another program or release has written it' };
}

async function readRows(
  file: ArrayBuffer,
  metadata: FileMetaData,
): Promise<readonly (readonly unknown[])[]> {
  let rows: readonly (readonly unknown[])[] = [];
  const parsers = {
    dateFromDays: (days: number) => isoText(days * DAY_MS).slice(0, 10),
    timestampFromMilliseconds: (ms: bigint) => isoText(Number(ms)),
  };
  await parquetRead({
    file,
    metadata,
    parsers,
    geoparquet: false,
    onComplete: (found) => {
      rows = found;
    },
  });
  return rows;
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}

function textOf(cell: unknown): string {
  if (cell === undefined || cell === null) return 'nothing';
  return typeof cell === 'string'
    ? JSON.stringify(cell.slice(0, FACT_CHARACTERS_MAX))
    : String(cell);
}
