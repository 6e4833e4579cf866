/**
 * A proven list as a table: the same columns and rows whatever file they go into. A member of money,
 * of a quantity, a period or an object has a column of its own, named by its path.
 */
import type { FieldSpec, FieldTable, JsonValue } from '@daybook/contracts';
import { isCivilDate, parseInstant } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { ProvenList, ProvenRow } from './list-proof.ts';

/** What the cells of a column hold; `text` also has lists as JSON and bytes as hex. */
export type ListColumnType = 'integer' | 'boolean' | 'date' | 'instant' | 'text';

export interface ListColumn {
  /** Path of the field, as `amount.minor`. */
  readonly name: string;
  readonly type: ListColumnType;
}

/** Whole numbers are bigint, dates and instants their text; undefined where there is no value. */
export type ListCell = string | bigint | boolean | undefined;

export interface ListTable {
  readonly columns: readonly ListColumn[];
  /** In the order of their keys. */
  readonly rows: readonly (readonly ListCell[])[];
}

interface FieldColumn extends ListColumn {
  readonly path: readonly string[];
}

/** Members that stand for more than one cell. */
const PARTS: Readonly<Partial<Record<FieldSpec['type'], Record<string, ListColumnType>>>> = {
  money: { minor: 'integer', currency: 'text' },
  quantity: { value: 'integer', unit: 'text' },
  period: { start: 'date', end: 'date' },
};

const TYPES: Readonly<Partial<Record<FieldSpec['type'], ListColumnType>>> = {
  integer: 'integer',
  amount: 'integer',
  boolean: 'boolean',
  date: 'date',
  instant: 'instant',
};

/** Columns after those of the record: where it was last written, and what no column holds. */
const WRITTEN: readonly ListColumn[] = [
  { name: '_height', type: 'integer' },
  { name: '_writer', type: 'text' },
  { name: '_more', type: 'text' },
];

const INT64_BITS = 64;

/** The table of a list: a value that fits no column stands in `_more`, none is dropped. */
export function tableOfList({ spec, rows }: Pick<ProvenList, 'spec' | 'rows'>): ListTable {
  const fields = columnsOf({ ...spec.key, ...spec.fields }, []);
  return {
    columns: [...fields.map(({ name, type }) => ({ name, type })), ...WRITTEN],
    rows: inKeyOrder({ spec, rows }).map((row) => cellsOf(row, fields)),
  };
}

/** Records in the order of their keys: numbers by value, texts by their units. */
export function inKeyOrder({
  spec,
  rows,
}: Pick<ProvenList, 'spec' | 'rows'>): readonly ProvenRow[] {
  const names = Object.keys(spec.key);
  return rows.toSorted((a, b) => {
    for (const name of names) {
      const order = compare(a.key[name], b.key[name]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** Numbers by value, everything else by the units of its text, which no language decides. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : 1;
}

function columnsOf(table: FieldTable, before: readonly string[]): readonly FieldColumn[] {
  return Object.entries(table).flatMap(([field, spec]): readonly FieldColumn[] => {
    const path = [...before, field];
    if (spec.type === 'object') return columnsOf(spec.fields, path);
    const parts = Object.entries(PARTS[spec.type] ?? {});
    if (parts.length > 0) return parts.map(([part, type]) => columnAt([...path, part], type));
    return [columnAt(path, TYPES[spec.type] ?? 'text')];
  });
}

function columnAt(path: readonly string[], type: ListColumnType): FieldColumn {
  return { name: path.join('.'), type, path };
}

type Row = Readonly<Record<string, JsonValue>>;

function cellsOf(
  { key, value, stored }: ProvenRow,
  columns: readonly FieldColumn[],
): readonly ListCell[] {
  const row: Row = { ...(key as Row), ...stored?.fields };
  const known = new Set(columns.map(({ path: [field] }) => field));
  const more = Object.entries(row).filter(([name]) => !known.has(name));
  const cells = columns.map(({ name, type, path }) => {
    const found = path.reduce<JsonValue | undefined>(member, row);
    const cell = found === undefined ? undefined : cellOf(found, type);
    if (found !== undefined && cell === undefined) more.push([name, found]);
    return cell;
  });
  if (stored === undefined) more.push(['value', toHex(value)]);
  const height = stored && BigInt(stored.stamp.height);
  const rest = more.length === 0 ? undefined : JSON.stringify(Object.fromEntries(more));
  return [...cells, height, stored?.stamp.writer, rest];
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([one]) => one === name)?.[1];
}

/** Undefined for a value that is not of the type. */
function cellOf(value: JsonValue, type: ListColumnType): ListCell {
  switch (type) {
    case 'integer':
      return wholeOf(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'date':
      return typeof value === 'string' && isCivilDate(value) ? value : undefined;
    case 'instant':
      return typeof value === 'string' && parseInstant(value) !== undefined ? value : undefined;
    case 'text':
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}

function wholeOf(value: JsonValue): bigint | undefined {
  if (!/^-?\d+$/.test(String(value))) return undefined;
  const whole = BigInt(String(value));
  return BigInt.asIntN(INT64_BITS, whole) === whole ? whole : undefined;
}
