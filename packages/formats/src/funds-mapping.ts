/**
 * The small file that says how one managing authority writes its list of funded projects: the
 * lists that EU rules require to be published have the same content under ever different headers.
 */
import type { InputReader, Result } from '@daybook/core';
import { createInputReader } from '@daybook/core';
import type { DateStyle } from './civil-date.ts';
import { compileDatePattern } from './civil-date.ts';
import type { CsvMapping } from './csv-mapping.ts';
import { decodeCsvMapping, decodeDays, finishMapping, MAPPING_LIMITS } from './csv-mapping.ts';
import type { FormatsFailure } from './errors.ts';

/** Amounts of a project; the first is what the fund itself promises. */
export const FUNDS_AMOUNTS = ['subsidy', 'matching', 'total'] as const;
/** Places from the largest to the smallest. */
export const FUNDS_PLACES = ['country', 'region', 'county', 'city', 'postcode'] as const;
export const FUNDS_CLASSES = ['priority', 'category'] as const;
export const FUNDS_FIELDS = {
  required: ['fund', 'payee', 'subsidy'],
  optional: [
    'title',
    'matching',
    'total',
    'description',
    'start',
    'end',
    ...FUNDS_PLACES,
    ...FUNDS_CLASSES,
    'number',
    'currency',
  ],
} as const;
export type FundsField = (typeof FUNDS_FIELDS)['required' | 'optional'][number];

/** A mapping file; `decodeFundsMapping` makes one from parsed JSON. */
export interface FundsMapping extends CsvMapping<FundsField> {
  readonly format: 'funds-csv';
  /** Short names of the months in the publisher's language, if it is not English. */
  readonly monthNames?: readonly string[];
  /** In which the money of the funds may be spent. */
  readonly period: { readonly start: string; readonly end: string };
}

/** How dates of a list may look: many lists give a year or a month only. */
export function fundsDates({ monthNames }: Pick<FundsMapping, 'monthNames'>): DateStyle {
  return { monthNames, reduced: true };
}

/**
 * Reads a mapping from parsed JSON.
 * @returns the mapping, or every entry found wrong with its JSON pointer
 */
export function decodeFundsMapping(json: unknown): Result<FundsMapping, FormatsFailure> {
  const reader = createInputReader(json);
  reader.literal('format', 'funds-csv');
  const monthNames = decodeMonthNames(reader);
  const style = fundsDates(monthNames);
  const mapping: FundsMapping = {
    format: 'funds-csv',
    ...decodeCsvMapping<FundsField>(reader, FUNDS_FIELDS, (pattern) =>
      compileDatePattern(pattern, style),
    ),
    ...monthNames,
    period: decodeDays(reader, 'period'),
  };
  return finishMapping(reader, mapping);
}

function decodeMonthNames(reader: InputReader): Pick<FundsMapping, 'monthNames'> {
  if (!reader.names().includes('monthNames')) {
    return {};
  }
  const monthNames = reader.texts('monthNames', MAPPING_LIMITS);
  if (monthNames.length !== 12 || monthNames.some((name) => !/^\p{L}+$/u.test(name))) {
    reader.fault('monthNames', 'twelve words', monthNames.join(' '));
  }
  return { monthNames };
}
