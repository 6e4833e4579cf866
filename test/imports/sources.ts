/**
 * Every source that the repository carries for import: where it lies, how it is mapped, and the SQL
 * that counts it. Each answers lines and hundredths by currency, read from the files themselves.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MONEY_FORMATS, SourceFile } from '@daybook/formats';

const FIXTURES = join(import.meta.dirname, '../../packages/formats/test/fixtures');

export interface ImportSource {
  readonly name: string;
  readonly format: keyof typeof MONEY_FORMATS;
  /** Glob of the files, absolute. */
  readonly files: string;
  /** Absolute path of the mapping. */
  readonly mapping: string;
  /** Currency, records, and the sum in hundredths of every amount that can be read. */
  readonly sql: string;
}

/** A table of CSV with all columns as text. */
const csv = (files: string): string =>
  `read_csv('${files}', header = true, all_varchar = true, union_by_name = true, quote = '"')`;

/** Exact hundredths of an amount with a point; NULL where it is none. */
const hundredths = (amount: string): string =>
  `COALESCE(SUM(TRY_CAST(REGEXP_REPLACE(${amount}, '[£, ]', '', 'g') AS DECIMAL(18, 2)) * 100), 0)::HUGEINT`;

function csvSource(
  source: Pick<ImportSource, 'name' | 'format'> & {
    readonly folder: string;
    readonly amount: string;
    readonly currency: string;
  },
): ImportSource {
  const { name, format, folder, amount, currency } = source;
  const files = join(FIXTURES, folder, '*.csv');
  return {
    name,
    format,
    files,
    mapping: join(FIXTURES, folder, 'mapping.json'),
    sql: `SELECT ${currency}, COUNT(*), ${hundredths(amount)} FROM ${csv(files)} GROUP BY 1 ORDER BY 1`,
  };
}

const IATI = join(FIXTURES, 'iati/dfid-afghanistan-2011.xml');

export const SOURCES: readonly ImportSource[] = [
  csvSource({
    name: 'EPSRC spending',
    format: 'spend',
    folder: 'epsrc',
    amount: 'Amount',
    currency: 'InvoiceCurrencyUnit',
  }),
  csvSource({
    name: 'Transport for London spending',
    format: 'spend',
    folder: 'transport-for-london',
    amount: 'Amount',
    currency: `'GBP'`,
  }),
  csvSource({
    name: 'EU funds of the United Kingdom',
    format: 'funds',
    folder: 'funds/uk-2007-2013',
    amount: 'Subsidy',
    currency: `'GBP'`,
  }),
  csvSource({
    name: 'EU funds of England',
    format: 'funds',
    folder: 'funds/england-2014-2020',
    amount: `replace(replace("ERDF/ESF investment £m", '.', ''), ',', '.')`,
    currency: `'GBP'`,
  }),
  {
    name: 'DFID activities',
    format: 'iati',
    files: IATI,
    mapping: join(FIXTURES, 'iati/mapping.json'),
    // An activity is a line, too, and moves nothing.
    sql: `WITH source AS (SELECT content FROM read_text('${IATI}')),
      amounts AS (
        SELECT UNNEST(REGEXP_EXTRACT_ALL(content, '<value[^>]*>([^<]*)</value>', 1)) AS amount
        FROM source
      )
      SELECT 'GBP',
        (SELECT COUNT(*) FROM amounts)
          + (SELECT LEN(REGEXP_EXTRACT_ALL(content, '<iati-activity ')) FROM source),
        (SELECT ${hundredths('amount')} FROM amounts)`,
  },
];

export function filesOf({ files }: ImportSource): readonly SourceFile[] {
  return globSync(files).map((file) => ({ name: basename(file), bytes: readFileSync(file) }));
}

export function mappingOf({ mapping }: ImportSource): unknown {
  return JSON.parse(readFileSync(mapping, 'utf8'));
}
