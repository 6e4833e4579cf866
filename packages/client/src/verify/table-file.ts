/**
 * A proven list as a table for other programs: CSV (RFC 4180) or JSON Lines. A list has exactly one
 * text in each form, so that a table is checked by writing it again from its proof and comparing.
 */
import type { FieldSpec, FieldTable, JsonValue } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { ListVerdict, ProvenList, ProvenRow } from './list-proof.ts';
import { verifyListBundles } from './list-proof.ts';
import type { Trust } from './trust.ts';

export const TABLE_FORMATS = ['csv', 'jsonl'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

type Row = Readonly<Record<string, JsonValue>>;

/** Members that stand for more than one cell. */
const PARTS: Readonly<Partial<Record<FieldSpec['type'], readonly string[]>>> = {
  money: ['minor', 'currency'],
  quantity: ['value', 'unit'],
  period: ['start', 'end'],
};

/** Columns after those of the record: where it was last written, and what no column holds. */
const WRITTEN = ['_height', '_writer', '_more'] as const;

/** The table of a list, its rows in the order of their keys. */
export function renderTableFile(
  { spec, rows }: Pick<ProvenList, 'spec' | 'rows'>,
  format: TableFormat,
): string {
  const sorted = sortRows(rows, Object.keys(spec.key));
  if (format === 'jsonl') return sorted.map((row) => `${JSON.stringify(lineOf(row))}\n`).join('');
  const columns = columnsOf({ ...spec.key, ...spec.fields });
  const names = [...columns.map((path) => path.join('.')), ...WRITTEN];
  const lines = sorted.map((row) => cellsOf(row, columns));
  return [names, ...lines].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

/**
 * Checks a table against the proof of its list.
 * @param files  of the proof, in the order of their ranges
 * @returns      `valid` only if the table holds every record of the list, as it is, and no other
 */
export function verifyTableFile(
  table: Uint8Array,
  format: TableFormat,
  { files, trust }: { readonly files: readonly Uint8Array[]; readonly trust: Trust },
): ListVerdict {
  const verdict = verifyListBundles(files, trust);
  if (verdict.outcome === 'invalid') return verdict;
  const { facts } = verdict;
  if (!facts.isWhole) {
    const fact = 'the proof files do not cover the whole list';
    return { outcome: 'invalid', reason: { code: 'CLIENT_LIST_UNPROVEN', fact } };
  }
  // A mark at the beginning is a difference like any other byte.
  const line = firstDifference(
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(table),
    renderTableFile(facts, format),
  );
  if (line === undefined) return verdict;
  return { outcome: 'invalid', reason: { code: 'CLIENT_TABLE_DIFFERS', line } };
}

/** The first line that is not as it must be, from 1; undefined when all are. */
function firstDifference(found: string, expected: string): number | undefined {
  if (found === expected) return undefined;
  const [ours, theirs] = [expected.split('\n'), found.split('\n')];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  return (at < 0 ? ours.length : at) + 1;
}

function sortRows(rows: readonly ProvenRow[], names: readonly string[]): readonly ProvenRow[] {
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

/** One record with all its fields under their names, and where it was written. */
function lineOf({ key, value, stored }: ProvenRow): Row {
  // A version that the words of the contract do not fit is shown as the bytes that it is.
  if (stored === undefined) return { ...(key as Row), _value: toHex(value) };
  const { height, txIndex, writer } = stored.stamp;
  return { ...(key as Row), ...stored.fields, _written: { height, txIndex, writer } };
}

type Path = readonly string[];

function columnsOf(table: FieldTable, before: Path = []): readonly Path[] {
  return Object.entries(table).flatMap(([name, spec]): readonly Path[] => {
    const path = [...before, name];
    if (spec.type === 'object') return columnsOf(spec.fields, path);
    const parts = PARTS[spec.type];
    return parts === undefined ? [path] : parts.map((part) => [...path, part]);
  });
}

function cellsOf({ key, value, stored }: ProvenRow, columns: readonly Path[]): readonly string[] {
  const row: Row = { ...(key as Row), ...stored?.fields };
  const cells = columns.map((path) => cellOf(path.reduce<JsonValue | undefined>(member, row)));
  const known = new Set(columns.map(([name]) => name));
  const more = Object.entries(row).filter(([name]) => !known.has(name));
  if (stored === undefined) more.push(['value', toHex(value)]);
  const { height = '', writer = '' } = stored?.stamp ?? {};
  const rest = more.length === 0 ? '' : JSON.stringify(Object.fromEntries(more));
  return [...cells, String(height), writer, rest];
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([one]) => one === name)?.[1];
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, as spreadsheets
 * write it themselves: whoever opens a public table must not run what a stranger put there.
 */
function cellOf(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') {
    const isNumber = /^-?\d+$/.test(value);
    return !isNumber && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
