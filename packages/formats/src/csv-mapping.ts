/**
 * What every mapping file of a CSV format says: who published under which licence, how text, dates
 * and numbers look, and which header is which field. Formats add their own entries to it.
 */
import { isCurrency } from '@daybook/contracts';
import type { InputReader, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { compileDatePattern } from './civil-date.ts';
import type { FormatsFailure } from './errors.ts';
import type { Encoding } from './text.ts';
import { ENCODINGS } from './text.ts';

/** Fields of a format: the required ones must have a column in every file. */
export interface CsvFields<Field extends string> {
  readonly required: readonly Field[];
  readonly optional: readonly Field[];
}

/** Spellings of the header of each field; case, spaces and punctuation do not matter. */
export type ColumnSpellings<Field extends string> = Readonly<
  Partial<Record<Field, readonly string[]>>
>;

/** The entries that mapping files of all CSV formats share. */
export interface CsvMapping<Field extends string> {
  /** Slug of the publishing organisation: first part of every import identity. */
  readonly publisher: string;
  readonly title: string;
  /** Slug of the series of files: second part of every import identity. */
  readonly dataset: string;
  readonly licence: string;
  /** ISO 4217 code of amounts where no column says otherwise. */
  readonly currency: string;
  /** Tried in this order. */
  readonly encodings: readonly Encoding[];
  /** Date patterns, tried in this order. */
  readonly dates: readonly string[];
  readonly decimalSign: string;
  readonly groupSign: string;
  /** One character between cells. */
  readonly separator: string;
  readonly columns: ColumnSpellings<Field>;
}

export const SLUG = /^[a-z0-9-]{2,64}$/;
/** Longest text and longest list of a mapping. */
export const MAPPING_LIMITS = { max: 200, countMax: 100 };

const DAY = /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

/** A first and a last day as `YYYY-MM-DD`. */
export function decodeDays(
  reader: InputReader,
  name: string,
): { readonly start: string; readonly end: string } {
  const days = reader.object(name);
  const form = { form: DAY, expected: 'YYYY-MM-DD' };
  const period = { start: matching(days, 'start', form), end: matching(days, 'end', form) };
  if (period.end < period.start) {
    days.fault('end', 'a day not before the start', period.end);
  }
  days.finish();
  return period;
}

interface Form {
  readonly form: RegExp;
  readonly expected: string;
}

/** A text of a given form; '' if it is missing, which is then a fault already. */
export function matching(reader: InputReader, name: string, { form, expected }: Form): string {
  const text = reader.text(name, MAPPING_LIMITS);
  if (text !== '' && !form.test(text)) {
    reader.fault(name, expected, text);
  }
  return text;
}

/** Reads the shared entries; faults collect in the reader. */
export function decodeCsvMapping<Field extends string>(
  reader: InputReader,
  fields: CsvFields<Field>,
  compile: (pattern: string) => unknown = compileDatePattern,
): CsvMapping<Field> {
  const entry = (name: string, form: RegExp, expected: string): string =>
    matching(reader, name, { form, expected });
  const mapping: CsvMapping<Field> = {
    publisher: entry('publisher', SLUG, 'a slug'),
    title: entry('title', /./, 'a title'),
    dataset: entry('dataset', SLUG, 'a slug'),
    licence: entry('licence', /./, 'the name of a licence'),
    currency: reader.text('currency', MAPPING_LIMITS),
    encodings: decodeEncodings(reader),
    dates: decodeDates(reader, compile),
    decimalSign: entry('decimalSign', /^[.,]$/, '. or ,'),
    groupSign: entry('groupSign', /^[., ']$/, 'one of . , space apostrophe'),
    separator: entry('separator', /^[,;\t|]$/, 'one of , ; tab |'),
    columns: decodeColumns(reader.object('columns'), fields),
  };
  if (mapping.currency !== '' && !isCurrency(mapping.currency)) {
    reader.fault('currency', 'an ISO 4217 code in use', mapping.currency);
  }
  if (mapping.decimalSign === mapping.groupSign) {
    reader.fault('groupSign', 'another sign than decimalSign', mapping.groupSign);
  }
  return mapping;
}

/** The mapping, unless the reader found any fault in it. */
export function finishMapping<T>(reader: InputReader, mapping: T): Result<T, FormatsFailure> {
  reader.finish();
  const faults = reader.faults();
  return faults.length === 0 ? ok(mapping) : fail({ code: 'FORMATS_MAPPING_INVALID', faults });
}

function decodeEncodings(reader: InputReader): readonly Encoding[] {
  return reader.texts('encodings', MAPPING_LIMITS).flatMap((name) => {
    const encoding = ENCODINGS.find((candidate) => candidate === name);
    if (encoding === undefined && name !== '') {
      reader.fault('encodings', `some of ${ENCODINGS.join(', ')}`, name);
    }
    return encoding ?? [];
  });
}

function decodeDates(
  reader: InputReader,
  compile: (pattern: string) => unknown,
): readonly string[] {
  const patterns = reader.texts('dates', MAPPING_LIMITS);
  for (const pattern of patterns) {
    if (compile(pattern) === undefined) {
      reader.fault('dates', 'patterns with year, month and day', pattern);
    }
  }
  return patterns;
}

function decodeColumns<Field extends string>(
  reader: InputReader,
  { required, optional }: CsvFields<Field>,
): ColumnSpellings<Field> {
  const present = new Set(reader.names());
  const columns: Partial<Record<Field, readonly string[]>> = {};
  for (const field of [...required, ...optional.filter((name) => present.has(name))]) {
    columns[field] = reader.texts(field, MAPPING_LIMITS);
  }
  reader.finish();
  return columns;
}
