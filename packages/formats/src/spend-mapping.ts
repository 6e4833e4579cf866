/**
 * The small file that says how one publisher writes spending: which header is which field, how
 * dates and numbers look, under which names its bodies appear. Everything that differs between
 * publishers is in it, so that a new publisher needs no code.
 */
import type { InputReader, Result } from '@daybook/core';
import { createInputReader } from '@daybook/core';
import type { CsvMapping } from './csv-mapping.ts';
import { decodeCsvMapping, finishMapping, MAPPING_LIMITS, matching, SLUG } from './csv-mapping.ts';
import type { FormatsFailure } from './errors.ts';

/** Fields every publisher must have; the others may be absent from a file or empty in a line. */
export const SPEND_FIELDS = {
  required: ['number', 'date', 'amount', 'payee', 'body'],
  optional: ['area', 'purpose', 'currency'],
} as const;
export type SpendField = (typeof SPEND_FIELDS)['required' | 'optional'][number];

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
export interface SpendMapping extends CsvMapping<SpendField> {
  readonly format: 'spend-csv';
  /** First day of the fiscal year, `MM-DD`. */
  readonly fiscalYearStart: string;
  readonly bodies: readonly SpendBody[];
}

const MONTH_DAY = /^(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])$/;

/**
 * Reads a mapping from parsed JSON.
 * @returns the mapping, or every entry found wrong with its JSON pointer
 */
export function decodeSpendMapping(json: unknown): Result<SpendMapping, FormatsFailure> {
  const reader = createInputReader(json);
  reader.literal('format', 'spend-csv');
  const mapping: SpendMapping = {
    format: 'spend-csv',
    ...decodeCsvMapping<SpendField>(reader, SPEND_FIELDS),
    fiscalYearStart: matching(reader, 'fiscalYearStart', {
      form: MONTH_DAY,
      expected: 'MM-DD, at most the 28th',
    }),
    bodies: reader.objects('bodies', MAPPING_LIMITS).map(decodeBody),
  };
  return finishMapping(reader, mapping);
}

function decodeBody(reader: InputReader): SpendBody {
  const body = {
    body: matching(reader, 'body', { form: SLUG, expected: 'a slug' }),
    title: reader.text('title', MAPPING_LIMITS),
    names: reader.texts('names', MAPPING_LIMITS),
  };
  const heldBy = reader.optionalText('heldBy', MAPPING_LIMITS);
  if (heldBy !== undefined && !SLUG.test(heldBy)) {
    reader.fault('heldBy', 'a slug', heldBy);
  }
  reader.finish();
  return heldBy === undefined ? body : { ...body, heldBy };
}
