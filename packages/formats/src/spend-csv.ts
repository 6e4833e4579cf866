/**
 * Spending files (HM Treasury columns and their kin) to payment lines. Bytes in, lines out: every
 * line of every file comes out once, either as a payment or with all its faults, so that the sums
 * of a file are the sums of what was imported and what was refused.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { compileDatePattern } from './civil-date.ts';
import type { CsvRow } from './csv.ts';
import { readCsvRows } from './csv.ts';
import type { FormatsFailure, LineFault } from './errors.ts';
import { wordFor } from './names.ts';
import { findColumns, splitHeader } from './spend-header.ts';
import type { LineLayout, LineReading } from './spend-line.ts';
import { cellsOf, FOUND_SHOWN_MAX, readLine } from './spend-line.ts';
import type { SpendBody, SpendMapping } from './spend-mapping.ts';
import { decodeText } from './text.ts';

/** One file is held in memory; the largest public spending file known to us has 50 MB. */
export const SPEND_FILE_BYTES_MAX = 64 * 1024 * 1024;

/** A file as it was published. */
export interface SpendFile {
  /** Name without folder; without its ending it becomes part of the import identity. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where a line stands. */
export interface SpendPlace {
  readonly file: string;
  /** Physical line of the file on which the record starts, from 1. */
  readonly line: number;
}

/** What became of one line. */
export type SpendLine = SpendPlace & LineReading;

/**
 * All lines of one file in order.
 * @returns the lines, or why no line of this file can be read
 */
export function readSpendFile(
  { name, bytes }: SpendFile,
  mapping: SpendMapping,
): Result<readonly SpendLine[], FormatsFailure> {
  const size = bytes.length;
  if (size > SPEND_FILE_BYTES_MAX) {
    return fail({
      code: 'FORMATS_FILE_TOO_LARGE',
      file: name,
      size,
      sizeMax: SPEND_FILE_BYTES_MAX,
    });
  }
  const decoded = decodeText(bytes, mapping.encodings);
  if (decoded === undefined) {
    return fail({ code: 'FORMATS_ENCODING_UNKNOWN', file: name, encodings: mapping.encodings });
  }
  const rows = readCsvRows(decoded.text, mapping.separator);
  const first = rows.next();
  if (first.done === true || 'fault' in first.value) {
    return fail({ code: 'FORMATS_FILE_EMPTY', file: name });
  }
  const { headers, glued } = splitHeader(first.value.cells, mapping);
  const columns = findColumns(name, headers, mapping);
  if (!columns.ok) {
    return columns;
  }
  const layout = { ...layOut(name, mapping), headers, columns: columns.value };
  const { line } = first.value;
  const records = glued === undefined ? rows : [{ line, cells: glued }, ...rows];
  return ok([...readLines(name, records, layout)]);
}

function layOut(file: string, mapping: SpendMapping): Omit<LineLayout, 'headers' | 'columns'> {
  const names = mapping.bodies.flatMap((body) =>
    body.names.map((name): [string, SpendBody] => [name.toLowerCase(), body]),
  );
  return {
    mapping,
    dataset: `${mapping.dataset}/${wordFor(file.replace(/\.[^.]*$/, ''))}`,
    dates: mapping.dates.flatMap((pattern) => compileDatePattern(pattern) ?? []),
    bodies: new Map(names),
  };
}

function* readLines(
  file: string,
  rows: Iterable<CsvRow>,
  layout: LineLayout,
): Generator<SpendLine> {
  const occurrences = new Map<string, number>();
  for (const row of rows) {
    const { line } = row;
    const fault = 'fault' in row ? quotingFault(row.text) : rowFault(row.cells, layout);
    if (fault !== undefined || 'fault' in row) {
      const { currency } = layout.mapping;
      yield { file, line, ok: false, faults: fault ? [fault] : [], amount: undefined, currency };
      continue;
    }
    const cell = cellsOf(row.cells, layout);
    const occurrence = (occurrences.get(cell('number')) ?? 0) + 1;
    occurrences.set(cell('number'), occurrence);
    yield { file, line, ...readLine(cell, occurrence, layout) };
  }
}

function quotingFault(text: string): LineFault {
  const found = text.slice(0, FOUND_SHOWN_MAX);
  return {
    field: '',
    code: 'FORMATS_LINE_QUOTING',
    expected: 'quotes in pairs around a cell',
    found,
  };
}

/** Surplus cells are let pass if they are empty: spreadsheets leave them behind. */
function rowFault(
  cells: readonly string[],
  { headers, columns }: LineLayout,
): LineFault | undefined {
  const width = headers.length;
  if ([...columns.values()].every((index) => (cells[index] ?? '').trim() === '')) {
    const found = 'a line without content';
    return { field: '', code: 'FORMATS_LINE_BLANK', expected: 'a payment', found };
  }
  if (cells.length < width || cells.slice(width).some((cell) => cell.trim() !== '')) {
    const found = `${cells.length} cells`;
    return { field: '', code: 'FORMATS_LINE_WIDTH', expected: `${width} cells`, found };
  }
  return undefined;
}
