/**
 * A publisher's CSV file as a table whose columns have the names of fields: decoding, header and
 * the faults that concern a line as a whole, shared by all formats that come as CSV.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { CsvRow } from './csv.ts';
import { readCsvRows } from './csv.ts';
import type { Columns } from './csv-header.ts';
import { findColumns, splitHeader } from './csv-header.ts';
import type { CsvFields, CsvMapping } from './csv-mapping.ts';
import type { FormatsFailure, LineFault } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import { checkSize } from './file-size.ts';
import { OCCURRENCE } from './names.ts';
import type { OtherCell, SourceFile } from './records.ts';
import { cleanText, decodeText } from './text.ts';

/** Clean text of a field of one line; empty where the file has no such column. */
export type Cell<Field extends string> = (field: Field) => string;

/** A line of the table: its cells, or why it is no line of it. `line` is physical, from 1. */
export type TableLine<Field extends string> = { readonly line: number } & (
  | (TableCells & { readonly cell: Cell<Field> })
  | { readonly fault: LineFault }
);

/** What a line says besides its fields. */
interface TableCells {
  /** Cells of columns that the mapping does not name; empty ones left out. */
  readonly more: readonly OtherCell[];
  /** In a file that we wrote: how often the number had come in the file that was read, from 1. */
  readonly occurrence: number | undefined;
}

/** Header of the column in which we write occurrences, where counting lines would give others. */
export const OCCURRENCE_HEADER = '_occurrence';

export interface CsvTable<Field extends string> {
  readonly headers: readonly string[];
  readonly columns: Columns<Field>;
  /** May be walked once. */
  readonly lines: Iterable<TableLine<Field>>;
}

/**
 * Opens a file by its mapping.
 * @returns the table, or why no line of this file can be read
 */
export function openCsvTable<Field extends string>(
  file: SourceFile,
  mapping: CsvMapping<Field>,
  fields: CsvFields<Field>,
): Result<CsvTable<Field>, FormatsFailure> {
  const tooLarge = checkSize(file);
  if (tooLarge !== undefined) {
    return fail(tooLarge);
  }
  const { encodings, separator, columns: spellings } = mapping;
  const decoded = decodeText(file.bytes, encodings);
  if (decoded === undefined) {
    return fail({ code: 'FORMATS_ENCODING_UNKNOWN', file: file.name, encodings });
  }
  const rows = readCsvRows(decoded.text, separator);
  const first = rows.next();
  if (first.done === true || 'fault' in first.value) {
    return fail({ code: 'FORMATS_FILE_EMPTY', file: file.name });
  }
  const { headers, glued } = splitHeader(first.value.cells, { fields, spellings });
  const columns = findColumns(file.name, headers, { fields, spellings });
  if (!columns.ok) {
    return columns;
  }
  const { line } = first.value;
  const records = glued === undefined ? rows : [{ line, cells: glued }, ...rows];
  const lines = readLines(records, headers, columns.value);
  return ok({ headers, columns: columns.value, lines });
}

function* readLines<Field extends string>(
  rows: Iterable<CsvRow>,
  headers: readonly string[],
  columns: Columns<Field>,
): Generator<TableLine<Field>> {
  const width = headers.length;
  const named = new Set(columns.values());
  const others = headers.flatMap((header, index) => (named.has(index) ? [] : [{ header, index }]));
  for (const row of rows) {
    const fault = 'fault' in row ? quotingFault(row.text) : rowFault(row.cells, width, columns);
    if (fault !== undefined) {
      yield { line: row.line, fault };
    } else if ('cells' in row) {
      const cell = cellsOf(row.cells, columns);
      yield { line: row.line, cell, ...otherCells(row.cells, others) };
    }
  }
}

function cellsOf<Field extends string>(
  cells: readonly string[],
  columns: Columns<Field>,
): Cell<Field> {
  const texts = new Map<Field, string>();
  for (const [field, index] of columns) {
    texts.set(field, cleanText(cells[index] ?? ''));
  }
  return (field) => texts.get(field) ?? '';
}

function otherCells(
  cells: readonly string[],
  others: readonly { readonly header: string; readonly index: number }[],
): TableCells {
  const written = others.flatMap(({ header, index }): readonly OtherCell[] => {
    const text = cells[index] ?? '';
    return text.trim() === '' ? [] : [[header, text]];
  });
  const [, stated = ''] = written.find(([header]) => header === OCCURRENCE_HEADER) ?? [];
  return {
    more: written.filter(([header]) => header !== OCCURRENCE_HEADER),
    occurrence: OCCURRENCE.test(stated) ? Number(stated) : undefined,
  };
}

function quotingFault(text: string): LineFault {
  const found = text.slice(0, FOUND_SHOWN_MAX);
  const expected = 'quotes in pairs around a cell';
  return { field: '', code: 'FORMATS_LINE_QUOTING', expected, found };
}

/** Surplus cells are let pass if they are empty: spreadsheets leave them behind. */
function rowFault<Field extends string>(
  cells: readonly string[],
  width: number,
  columns: Columns<Field>,
): LineFault | undefined {
  if ([...columns.values()].every((index) => (cells[index] ?? '').trim() === '')) {
    const found = 'a line without content';
    return { field: '', code: 'FORMATS_LINE_BLANK', expected: 'a record', found };
  }
  if (cells.length < width || cells.slice(width).some((cell) => cell.trim() !== '')) {
    const found = `${cells.length} cells`;
    return { field: '', code: 'FORMATS_LINE_WIDTH', expected: `${width} cells`, found };
  }
  return undefined;
}
