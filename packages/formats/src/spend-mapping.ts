/**
 * The small file that says how one publisher writes spending: which header is which field, how
 * dates and numbers look, under which names its bodies appear. Everything that differs between
 * publishers is in it, so that a new publisher needs no code.
 */
import { isCurrency } from '@daybook/contracts';
import type { InputReader, Result } from '@daybook/core';
import { createInputReader, fail, ok } from '@daybook/core';
import { compileDatePattern } from './civil-date.ts';
import type { FormatsFailure } from './errors.ts';
import type { Encoding } from './text.ts';
import { ENCODINGS } from './text.ts';

/** Fields every publisher must have; the others may be absent from a file or empty in a line. */
export const SPEND_FIELDS_REQUIRED = ['number', 'date', 'amount', 'payee', 'body'] as const;
export const SPEND_FIELDS_OPTIONAL = ['area', 'purpose', 'currency'] as const;
export type SpendField =
  | (typeof SPEND_FIELDS_REQUIRED)[number]
  | (typeof SPEND_FIELDS_OPTIONAL)[number];
export const SPEND_FIELDS: readonly SpendField[] = [
  ...SPEND_FIELDS_REQUIRED,
  ...SPEND_FIELDS_OPTIONAL,
];

/** A spending body and the spellings under which it appears in the files. */
export interface SpendBody {
  /** Slug `[a-z0-9-]{2,64}`. */
  readonly body: string;
  readonly title: string;
  /** Compared without regard to case. */
  readonly names: readonly string[];
  /** Slug of the organisation that keeps its budget, if it is not the body itself. */
  readonly heldBy?: string;
}

/** A mapping file; `decodeSpendMapping` makes one from parsed JSON. */
export interface SpendMapping {
  readonly format: 'spend-csv';
  /** Slug of the publishing organisation: first part of every import identity. */
  readonly publisher: string;
  readonly title: string;
  /** Slug of the series of files: second part of every import identity. */
  readonly dataset: string;
  readonly licence: string;
  /** ISO 4217 code of amounts where no column says otherwise. */
  readonly currency: string;
  /** First day of the fiscal year, `MM-DD`. */
  readonly fiscalYearStart: string;
  /** Tried in this order. */
  readonly encodings: readonly Encoding[];
  /** Date patterns, tried in this order. */
  readonly dates: readonly string[];
  readonly decimalSign: string;
  readonly groupSign: string;
  /** One character between cells. */
  readonly separator: string;
  /** Spellings of the header of each field; case, spaces and punctuation do not matter. */
  readonly columns: Readonly<Partial<Record<SpendField, readonly string[]>>>;
  readonly bodies: readonly SpendBody[];
}

const SLUG = /^[a-z0-9-]{2,64}$/;
const MONTH_DAY = /^(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])$/;
const LIST = { max: 200, countMax: 100 };

/**
 * Reads a mapping from parsed JSON.
 * @returns the mapping, or every entry found wrong with its JSON pointer
 */
export function decodeSpendMapping(json: unknown): Result<SpendMapping, FormatsFailure> {
  const reader = createInputReader(json);
  reader.literal('format', 'spend-csv');
  const entry = (name: string, form: RegExp, expected: string): string =>
    matching(reader, name, { form, expected });
  const mapping: SpendMapping = {
    format: 'spend-csv',
    publisher: entry('publisher', SLUG, 'a slug'),
    title: entry('title', /./, 'a title'),
    dataset: entry('dataset', SLUG, 'a slug'),
    licence: entry('licence', /./, 'the name of a licence'),
    currency: reader.text('currency', LIST),
    fiscalYearStart: entry('fiscalYearStart', MONTH_DAY, 'MM-DD, at most the 28th'),
    encodings: decodeEncodings(reader),
    dates: decodeDates(reader),
    decimalSign: entry('decimalSign', /^[.,]$/, '. or ,'),
    groupSign: entry('groupSign', /^[., ']$/, 'one of . , space apostrophe'),
    separator: entry('separator', /^[,;\t|]$/, 'one of , ; tab |'),
    columns: decodeColumns(reader.object('columns')),
    bodies: reader.objects('bodies', LIST).map(decodeBody),
  };
  if (mapping.currency !== '' && !isCurrency(mapping.currency)) {
    reader.fault('currency', 'an ISO 4217 code in use', mapping.currency);
  }
  if (mapping.decimalSign === mapping.groupSign) {
    reader.fault('groupSign', 'another sign than decimalSign', mapping.groupSign);
  }
  reader.finish();
  const faults = reader.faults();
  return faults.length === 0 ? ok(mapping) : fail({ code: 'FORMATS_MAPPING_INVALID', faults });
}

interface Form {
  readonly form: RegExp;
  readonly expected: string;
}

function matching(reader: InputReader, name: string, { form, expected }: Form): string {
  const text = reader.text(name, LIST);
  if (text !== '' && !form.test(text)) {
    reader.fault(name, expected, text);
  }
  return text;
}

function decodeEncodings(reader: InputReader): readonly Encoding[] {
  return reader.texts('encodings', LIST).flatMap((name) => {
    const encoding = ENCODINGS.find((candidate) => candidate === name);
    if (encoding === undefined && name !== '') {
      reader.fault('encodings', `some of ${ENCODINGS.join(', ')}`, name);
    }
    return encoding ?? [];
  });
}

function decodeDates(reader: InputReader): readonly string[] {
  const patterns = reader.texts('dates', LIST);
  for (const pattern of patterns) {
    if (compileDatePattern(pattern) === undefined) {
      reader.fault('dates', 'patterns with year, month and day', pattern);
    }
  }
  return patterns;
}

function decodeColumns(reader: InputReader): SpendMapping['columns'] {
  const present = new Set(reader.names());
  const columns: Partial<Record<SpendField, readonly string[]>> = {};
  for (const field of SPEND_FIELDS) {
    if (present.has(field) || SPEND_FIELDS_REQUIRED.some((required) => required === field)) {
      columns[field] = reader.texts(field, LIST);
    }
  }
  reader.finish();
  return columns;
}

function decodeBody(reader: InputReader): SpendBody {
  const body = {
    body: matching(reader, 'body', { form: SLUG, expected: 'a slug' }),
    title: reader.text('title', LIST),
    names: reader.texts('names', LIST),
  };
  const heldBy = reader.optionalText('heldBy', LIST);
  if (heldBy !== undefined && !SLUG.test(heldBy)) {
    reader.fault('heldBy', 'a slug', heldBy);
  }
  reader.finish();
  return heldBy === undefined ? body : { ...body, heldBy };
}
