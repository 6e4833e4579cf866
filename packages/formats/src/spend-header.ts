/**
 * The header line of a spending file: which column is which field. Spellings come from the mapping;
 * a header that lost its line end, so that the first record is glued to it, is cut apart again.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { FormatsFailure } from './errors.ts';
import type { SpendField, SpendMapping } from './spend-mapping.ts';
import { SPEND_FIELDS, SPEND_FIELDS_REQUIRED } from './spend-mapping.ts';

/** Index of the column of each field that the file has. */
export type SpendColumns = ReadonlyMap<SpendField, number>;

/** A header line, and the record that was glued to it, if one was. */
export interface HeaderLine {
  readonly headers: readonly string[];
  readonly glued?: readonly string[];
}

/**
 * Cuts a glued record off. It is recognised by its width: header and record share the cell in the
 * middle, which starts with a header of the mapping.
 */
export function splitHeader(cells: readonly string[], mapping: SpendMapping): HeaderLine {
  const middle = (cells.length - 1) / 2;
  const shared = cells[middle];
  if (shared === undefined || columnsOf(cells, mapping).size === 0) {
    return { headers: cells };
  }
  const header = Object.values(mapping.columns)
    .flat()
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
export function findColumns(
  file: string,
  headers: readonly string[],
  mapping: SpendMapping,
): Result<SpendColumns, FormatsFailure> {
  const columns = columnsOf(headers, mapping);
  const missing = SPEND_FIELDS_REQUIRED.find((field) => !columns.has(field));
  return missing === undefined
    ? ok(columns)
    : fail({ code: 'FORMATS_COLUMN_MISSING', file, column: missing, headers });
}

function columnsOf(headers: readonly string[], mapping: SpendMapping): SpendColumns {
  const found = headers.map(bareHeader);
  const columns = new Map<SpendField, number>();
  for (const field of SPEND_FIELDS) {
    const spellings = (mapping.columns[field] ?? []).map(bareHeader);
    const index = found.findIndex((header) => spellings.includes(header));
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
