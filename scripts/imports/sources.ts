/**
 * The sources of money that are imported to prove the importers: excerpts that the repository
 * carries, or the whole files in a folder of that layout. Each has the SQL that counts it, so that
 * a program without our code can say what must come out.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { MONEY_FORMATS, SourceFile } from '@daybook/formats';

const ROOT = join(import.meta.dirname, '../..');

export interface ImportSource {
  readonly name: string;
  readonly format: keyof typeof MONEY_FORMATS;
  /** Glob of the files, absolute. */
  readonly files: string;
  /** Absolute path of the mapping. */
  readonly mapping: string;
  /** Currency, lines, and the sum in hundredths of every amount that can be read. */
  readonly sql: string;
}

/** A source where it lies in the repository and in a folder of whole files. */
interface Place {
  readonly name: string;
  readonly format: ImportSource['format'];
  /** Folder in the repository with the mapping. */
  readonly folder: string;
  readonly excerpt: string;
  readonly whole: string;
  readonly sqlOf: (files: string) => string;
}

const FIXTURES = 'packages/formats/test/fixtures';

/** Exact hundredths of an amount with a point; nothing where it is none. */
const hundredths = (amount: string): string =>
  `COALESCE(SUM(TRY_CAST(REGEXP_REPLACE(${amount}, '[£, ]', '', 'g') AS DECIMAL(18, 2)) * 100), 0)::HUGEINT`;

/** Counts CSV files, every column as text. */
const csv =
  (amount: string, currency = `'GBP'`) =>
  (files: string): string =>
    `SELECT ${currency}, COUNT(*), ${hundredths(amount)} FROM read_csv('${files}', header = true,
      all_varchar = true, union_by_name = true, quote = '"', null_padding = true, parallel = false)
    GROUP BY 1 ORDER BY 1`;

/**
 * Counts files of which some are in Windows-1252, which DuckDB does not read: as bytes, whose text
 * shows what is not ASCII as `\\xNN`. The amount stands in the last cell.
 */
const lastCells = (files: string): string =>
  `WITH lines AS (
    SELECT UNNEST(STRING_SPLIT(content::VARCHAR, '\\x0A')[2:]) AS line FROM read_blob('${files}')
  )
  SELECT 'GBP', COUNT(*), ${hundredths(`REGEXP_EXTRACT(REPLACE(line, '\\x0D', ''), '[^,]*$')`)}
  FROM lines WHERE line <> ''`;

/** An activity is a line, too, and moves nothing; budgets, plans and what comes in are no lines. */
const iati =
  (currency: string) =>
  (files: string): string =>
    `WITH source AS (SELECT content FROM read_text('${files}')),
      moves AS (
        SELECT UNNEST(REGEXP_EXTRACT_ALL(content, '(?s)<transaction[ >].*?</transaction>')) AS move
        FROM source
      ),
      outgoing AS (
        SELECT move FROM moves
        WHERE NOT REGEXP_MATCHES(move, '<transaction-type[^>]* code="(IF|1|11|13)"')
      ),
      amounts AS (
        SELECT UNNEST(REGEXP_EXTRACT_ALL(move, '<value[^>]*>([^<]*)</value>', 1)) AS amount
        FROM outgoing
      )
    SELECT '${currency}',
      (SELECT COUNT(*) FROM amounts)
        + (SELECT SUM(LEN(REGEXP_EXTRACT_ALL(content, '<iati-activity '))) FROM source),
      (SELECT ${hundredths('amount')} FROM amounts)`;

const PLACES: readonly Place[] = [
  {
    name: 'Cabinet Office spending',
    format: 'spend',
    folder: 'config/samples/uk-cabinet-office-spend',
    excerpt: '2019-0[67].csv',
    whole: 'spending/uk-cabinet-office-25k/*.csv',
    sqlOf: lastCells,
  },
  {
    name: 'EPSRC spending',
    format: 'spend',
    folder: `${FIXTURES}/epsrc`,
    excerpt: '*.csv',
    whole: 'spending/epsrc-2015/*.csv',
    sqlOf: csv('Amount', 'InvoiceCurrencyUnit'),
  },
  {
    name: 'Transport for London spending',
    format: 'spend',
    folder: `${FIXTURES}/transport-for-london`,
    excerpt: '*.csv',
    whole: 'spending/transport-for-london/*.csv',
    sqlOf: csv('Amount'),
  },
  {
    name: 'EU funds of the United Kingdom',
    format: 'funds',
    folder: `${FIXTURES}/funds/uk-2007-2013`,
    excerpt: '*.csv',
    whole: 'special-funds/eu-structural-funds-uk-2007-2013.csv',
    sqlOf: csv('Subsidy'),
  },
  {
    name: 'EU funds of England',
    format: 'funds',
    folder: `${FIXTURES}/funds/england-2014-2020`,
    excerpt: '*.csv',
    whole: 'special-funds/eu-structural-funds-england-2014-2020.csv',
    sqlOf: csv(`replace(replace("ERDF/ESF investment £m", '.', ''), ',', '.')`),
  },
  {
    name: 'DFID activities',
    format: 'iati',
    folder: `${FIXTURES}/iati`,
    excerpt: '*.xml',
    whole: 'aid-iati/dfid-*.xml',
    sqlOf: iati('GBP'),
  },
  {
    name: 'Annotated example of IATI 2.03',
    format: 'iati',
    folder: `${FIXTURES}/iati-2.03`,
    excerpt: '',
    whole: 'aid-iati/iati-2.03-*.xml',
    sqlOf: iati('EUR'),
  },
  {
    name: 'Country and regional analyses',
    format: 'fiscal',
    folder: `${FIXTURES}/fiscal`,
    excerpt: 'uk-cra/{by-department.json,aggregates/by-cofog1-then-department.csv,data/*.csv}',
    whole: '',
    sqlOf: fiscal,
  },
];

/** The rows of the table of facts, whose amounts are floats: what is no whole penny is refused. */
function fiscal(files: string): string {
  const [folder = ''] = files.split('{');
  const table = `${folder}aggregates/by-cofog1-then-department.csv`;
  return `SELECT 'GBP', COUNT(*), ${hundredths(`CASE WHEN value SIMILAR TO '-?[0-9]+([.][0-9]{1,2}0*)?' THEN value END`)}
    FROM read_csv('${table}', header = true, all_varchar = true)`;
}

/** @param data  folder of whole files; left out, the excerpts of the repository */
export function importSources(data?: string): readonly ImportSource[] {
  return PLACES.filter((place) => (data === undefined ? place.excerpt : place.whole) !== '').map(
    ({ name, format, folder, excerpt, whole, sqlOf }) => {
      const files = data === undefined ? join(ROOT, folder, excerpt) : join(data, whole);
      return {
        name,
        format,
        files,
        mapping: join(ROOT, folder, 'mapping.json'),
        sql: sqlOf(files),
      };
    },
  );
}

export function filesOf({ files }: ImportSource): readonly SourceFile[] {
  const [folder = ''] = files.split('{');
  const nameOf = files.includes('{') ? (file: string) => relative(folder, file) : basename;
  return globSync(files).map((file) => ({ name: nameOf(file), bytes: readFileSync(file) }));
}

export function mappingOf({ mapping }: ImportSource): unknown {
  return JSON.parse(readFileSync(mapping, 'utf8'));
}
