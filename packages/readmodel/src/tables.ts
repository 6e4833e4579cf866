/**
 * SQL tables derived from the manifest: one table for each record set, typed columns in the order
 * of the definition, and columns that lead back to the proof. Nothing here knows any contract or
 * any database.
 */
import type {
  FieldSpec,
  FieldTable,
  JsonValue,
  Manifest,
  ManifestRecord,
} from '@daybook/contracts';
import { parseInstant } from '@daybook/contracts';
import { assertNever } from '@daybook/core';

/** Types that every SQL database has under these names. */
export type SqlType = 'VARCHAR' | 'BIGINT' | 'BOOLEAN' | 'DATE' | 'TIMESTAMP';

/**
 * A value of a cell: text for VARCHAR and for DATE (`YYYY-MM-DD`), bigint for BIGINT, milliseconds
 * since 1970 for TIMESTAMP, which is in UTC. Null where an optional field was left out.
 */
export type Cell = string | bigint | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: SqlType;
}

/** A column of a field and how to find its value in the record's JSON. */
interface FieldColumn extends Column {
  readonly read: (row: Readonly<Record<string, JsonValue>>) => Cell;
}

export interface Table {
  readonly name: string;
  readonly record: ManifestRecord;
  /** Of the key and the fields, in the order of the definition. */
  readonly fields: readonly FieldColumn[];
  /** What lists show: fields first, then `STAMP_COLUMNS`. */
  readonly columns: readonly Column[];
  /** All columns: those of lists, then `TEXT_COLUMN`. */
  readonly stored: readonly Column[];
}

/** Identifies a row within its table; the rest says which version of the record it shows. */
export const STAMP_COLUMNS = [
  { name: '_key', type: 'VARCHAR' },
  { name: '_height', type: 'BIGINT' },
  { name: '_tx', type: 'BIGINT' },
  { name: '_version', type: 'BIGINT' },
  { name: '_writer', type: 'VARCHAR' },
  { name: '_contract_version', type: 'BIGINT' },
] as const satisfies readonly Column[];

/** The texts of a row as searches read them, made once when the row is written. */
export const TEXT_COLUMN = { name: '_text', type: 'VARCHAR' } as const satisfies Column;

/** Changes with the layout of the tables, so that older ones are built anew. */
export const LAYOUT_VERSION = 2;

/** The tables of all record sets and sums of a manifest, by contract and record number. */
export function tablesOf(manifest: Manifest): readonly Table[] {
  return manifest.contracts.flatMap(({ records }) =>
    Object.values(records)
      .sort((a, b) => a.set - b.set)
      .map(tableOf),
  );
}

function tableOf(record: ManifestRecord): Table {
  const fields = unique(columnsOf({ ...record.key, ...record.fields }, { prefix: '', path: [] }));
  const columns = [...fields.map(({ name, type }) => ({ name, type })), ...STAMP_COLUMNS];
  return {
    name: `${record.contract}_${snakeCase(record.name)}`,
    record,
    fields,
    columns,
    stored: [...columns, TEXT_COLUMN],
  };
}

interface Place {
  readonly prefix: string;
  /** Names of the objects around, outermost first. */
  readonly path: readonly string[];
}

function columnsOf(table: FieldTable, { prefix, path }: Place): readonly FieldColumn[] {
  return Object.entries(table).flatMap(([field, spec]) => {
    const name = `${prefix}${snakeCase(field)}`;
    return fieldColumns(spec, { prefix: name, path: [...path, field] });
  });
}

function fieldColumns(spec: FieldSpec, place: Place): readonly FieldColumn[] {
  const { prefix, path } = place;
  const plain = (type: SqlType, cell: (value: JsonValue) => Cell): readonly FieldColumn[] => [
    { name: prefix, type, read: readerOf(path, cell) },
  ];
  const member = (name: string, type: SqlType, cell: (value: JsonValue) => Cell): FieldColumn => ({
    name: `${prefix}_${name}`,
    type,
    read: readerOf([...path, name], cell),
  });
  switch (spec.type) {
    case 'integer':
    case 'amount':
      return plain('BIGINT', wholeCell);
    case 'money':
      return [member('minor', 'BIGINT', wholeCell), member('currency', 'VARCHAR', textCell)];
    case 'quantity':
      return [member('value', 'BIGINT', wholeCell), member('unit', 'VARCHAR', textCell)];
    case 'period':
      return [member('start', 'DATE', textCell), member('end', 'DATE', textCell)];
    case 'date':
      return plain('DATE', textCell);
    case 'instant':
      return plain('TIMESTAMP', (value) => parseInstant(String(value)) ?? null);
    case 'boolean':
      return plain('BOOLEAN', (value) => value === true);
    case 'object':
      return columnsOf(spec.fields, { prefix: `${prefix}_`, path });
    case 'list':
      return plain('VARCHAR', (value) => JSON.stringify(value));
    case 'text':
    case 'slug':
    case 'identifier':
    case 'identity':
    case 'reference':
    case 'currency':
    case 'choice':
    case 'bytes':
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return plain('VARCHAR', textCell);
    default:
      return assertNever(spec);
  }
}

function wholeCell(value: JsonValue): Cell {
  return BigInt(String(value));
}

function textCell(value: JsonValue): Cell {
  return String(value);
}

function readerOf(path: readonly string[], cell: (value: JsonValue) => Cell): FieldColumn['read'] {
  return (row) => {
    let value: JsonValue | undefined = row;
    for (const name of path) value = memberOf(value, name);
    return value === undefined || value === null ? null : cell(value);
  };
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, JsonValue>>)[name];
}

/** `paidAt` becomes `paid_at`: SQL folds case unless every name is quoted. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Two fields may meet in one name, `amount_minor` and the member of `amount`: the later moves. */
function unique(columns: readonly FieldColumn[]): readonly FieldColumn[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    let { name } = column;
    for (let count = 2; taken.has(name); count += 1) name = `${column.name}_${count}`;
    taken.add(name);
    return { ...column, name };
  });
}
