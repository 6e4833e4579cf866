/**
 * The header line of a file: which column is which field. Spellings come from the mapping; a header
 * that lost its line end, so that the first record is glued to it, is cut apart again.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { ColumnSpellings, CsvFields } from './csv-mapping.ts';
import type { FormatsFailure } from './errors.ts';

/** Index of the column of each field that the file has. */
export type Columns<Field extends string> = ReadonlyMap<Field, number>;

/** A header line, and the record that was glued to it, if one was. */
export interface HeaderLine {
  readonly headers: readonly string[];
  readonly glued?: readonly string[];
}

/** What the header lines of a format are compared with. */
export interface HeaderTable<Field extends string> {
  readonly fields: CsvFields<Field>;
  readonly spellings: ColumnSpellings<Field>;
}

/**
 * Cuts a glued record off. It is recognised by its width: header and record share the cell in the
 * middle, which starts with a header of the mapping.
 */
export function splitHeader<Field extends string>(
  cells: readonly string[],
  table: HeaderTable<Field>,
): HeaderLine {
  const middle = (cells.length - 1) / 2;
  const shared = cells[middle];
  if (shared === undefined || columnsOf(cells, table).size === 0) {
    return { headers: cells };
  }
  const whole = columnsOf(cells, table);
  // What has a column of its own is not cut out of another: that header only begins alike.
  const header = [...table.fields.required, ...table.fields.optional]
    .flatMap((field) => (whole.has(field) ? [] : (table.spellings[field] ?? [])))
    .filter((spelling) => shared.startsWith(spelling) && shared.length > spelling.length)
    .toSorted((a, b) => b.length - a.length)[0];
  if (header === undefined) {
    return { headers: cells };
  }
  return {
    headers: [...cells.slice(0, middle), header],
    glued: [shared.slice(header.length), ...cells.slice(middle + 1)],
  };
}

/**
 * Finds the column of every field.
 * @returns the columns, or the first required field without one
 */
export function findColumns<Field extends string>(
  file: string,
  headers: readonly string[],
  table: HeaderTable<Field>,
): Result<Columns<Field>, FormatsFailure> {
  const columns = columnsOf(headers, table);
  const missing = table.fields.required.find((field) => !columns.has(field));
  return missing === undefined
    ? ok(columns)
    : fail({ code: 'FORMATS_COLUMN_MISSING', file, column: missing, headers });
}

function columnsOf<Field extends string>(
  headers: readonly string[],
  { fields, spellings }: HeaderTable<Field>,
): Columns<Field> {
  const found = headers.map(bareHeader);
  const columns = new Map<Field, number>();
  for (const field of [...fields.required, ...fields.optional]) {
    const known = (spellings[field] ?? []).map(bareHeader);
    const index = found.findIndex((header) => known.includes(header));
    if (index !== -1) {
      columns.set(field, index);
    }
  }
  return columns;
}

/** Case, spaces and punctuation of a header carry no meaning. */
function bareHeader(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
