/**
 * Whose books a file belongs to that is no CSV: the formats say everything else themselves. And
 * how funds are named that are not years of a body.
 */

import { isCurrency } from '@daybook/contracts';
import type { InputReader, Result } from '@daybook/core';
import { createInputReader } from '@daybook/core';
import { decodeDays, finishMapping, MAPPING_LIMITS, matching, SLUG } from '../csv-mapping.ts';
import type { FormatsFailure } from '../errors.ts';
import { slugFor, slugOf } from '../names.ts';
import type { Days, MoneyRow } from './move.ts';

/** A mapping file for IATI activities or Fiscal Data Packages. */
export interface BooksMapping {
  readonly format: 'iati' | 'fiscal-package';
  /** Slug of the publishing organisation: first part of every import identity. */
  readonly publisher: string;
  readonly title: string;
  /** Slug of the series of files: second part of every import identity. */
  readonly dataset: string;
  readonly licence: string;
  /** ISO 4217 code of what names none. */
  readonly currency: string;
  /** In which the money may be spent, where the file does not say. */
  readonly period: Days;
}

/**
 * Reads a mapping from parsed JSON.
 * @returns the mapping, or every entry found wrong with its JSON pointer
 */
export function decodeBooksMapping(
  json: unknown,
  format: BooksMapping['format'],
): Result<BooksMapping, FormatsFailure> {
  const reader = createInputReader(json);
  reader.literal('format', format);
  return finishMapping(reader, { format, ...decodeEntries(reader) });
}

function decodeEntries(reader: InputReader): Omit<BooksMapping, 'format'> {
  const entries = {
    publisher: matching(reader, 'publisher', { form: SLUG, expected: 'a slug' }),
    title: matching(reader, 'title', { form: /./, expected: 'a title' }),
    dataset: matching(reader, 'dataset', { form: SLUG, expected: 'a slug' }),
    licence: matching(reader, 'licence', { form: /./, expected: 'the name of a licence' }),
    currency: reader.text('currency', MAPPING_LIMITS),
    period: decodeDays(reader, 'period'),
  };
  if (entries.currency !== '' && !isCurrency(entries.currency)) {
    reader.fault('currency', 'an ISO 4217 code in use', entries.currency);
  }
  return entries;
}

const PUBLISHER_SHOWN_MAX = 32;
const NAME_SHOWN_MAX = 24;

/** The appropriation that a publisher's data set and a name of its own make up. */
export function fundRow(
  { publisher, dataset, title }: Pick<BooksMapping, 'publisher' | 'dataset' | 'title'>,
  {
    name,
    currency,
    holder,
  }: { readonly name: string; readonly currency: string; readonly holder: string },
): MoneyRow {
  const readable = slugOf(name, NAME_SHOWN_MAX);
  const isWhole = readable === name.toLowerCase();
  const own = isWhole
    ? readable
    : slugFor([dataset, name]).slice(-NAME_SHOWN_MAX).replace(/^-+/, '');
  return {
    record: 'appropriation',
    name: `${publisher.slice(0, PUBLISHER_SHOWN_MAX)}-${own}-${currency.toLowerCase()}`,
    title: `${title}: ${name}`,
    holder,
    purpose: `${publisher}/${own}`,
  };
}
