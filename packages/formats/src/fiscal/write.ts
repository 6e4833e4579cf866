/**
 * Payments and appropriations to Fiscal Data Packages that OpenSpending tools read. A measure has
 * one currency, so there is a package for each kind and currency; what a package says is all that
 * the records say, so that reading it gives the same records.
 */
import { assert } from '@daybook/core';
import { formatAmount } from '../amount.ts';
import { writeCsvRows } from '../csv.ts';
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { exactNumber, writeExactJson } from '../exact-json.ts';
import type { Organisation, SourceFile } from '../records.ts';
import type { FiscalPackage, FiscalRecord } from './package.ts';

/** What the descriptor says of the whole. */
export interface FiscalMetadata {
  /** Word of lower case letters, digits and `. _ -`: the packages are named after it. */
  readonly name: string;
  readonly title: string;
  /** Further fields of the descriptor, such as `licenses`, `countryCode`, `fiscalPeriod`. */
  readonly more?: ExactObject;
}

/** The files of one package, the descriptor first. */
export interface WrittenFiscalPackage {
  readonly name: string;
  readonly files: readonly SourceFile[];
}

/** A column: dimension and attribute it stands for, and its cell. */
interface Column {
  readonly name: string;
  readonly dimension: string;
  readonly attribute: string;
  readonly type: 'string' | 'integer' | 'array';
  readonly cell: (record: FiscalRecord) => string;
}

const column = (
  dimension: string,
  attribute: string,
  cell: Column['cell'],
  type: Column['type'] = 'string',
): Column => ({ name: `${dimension}_${attribute}`, dimension, attribute, type, cell });

const listCell = (entries: readonly (readonly string[])[]): string =>
  entries.length === 0 ? '' : JSON.stringify(entries);

function partyColumns(
  dimension: string,
  of: (record: FiscalRecord) => Organisation | undefined,
): readonly Column[] {
  return [
    column(dimension, 'key', (record) => of(record)?.key ?? ''),
    column(dimension, 'name', (record) => of(record)?.name ?? ''),
    column(
      dimension,
      'identifiers',
      (record) => listCell((of(record)?.identifiers ?? []).map(({ scheme, id }) => [scheme, id])),
      'array',
    ),
  ];
}

const payment = <Value>(
  record: FiscalRecord,
  of: (record: FiscalRecord & { kind: 'payment' }) => Value,
): Value | undefined => (record.kind === 'payment' ? of(record) : undefined);

const COLUMNS: readonly Column[] = [
  column('source', 'publisher', ({ source }) => source.publisher),
  column('source', 'dataset', ({ source }) => source.dataset),
  column('source', 'number', ({ source }) => source.number),
  column('source', 'occurrence', ({ source }) => String(source.occurrence), 'integer'),
  column('period', 'start', (record) =>
    record.kind === 'payment' ? (record.date ?? '') : (record.period.start ?? ''),
  ),
  column('period', 'end', (record) => (record.kind === 'payment' ? '' : (record.period.end ?? ''))),
  column('purpose', 'text', (record) =>
    record.kind === 'payment' ? (record.purpose ?? '') : record.title,
  ),
  column('payment', 'id', (record) => payment(record, ({ id }) => id) ?? ''),
  column('payment', 'type', (record) => payment(record, ({ type }) => type) ?? ''),
  ...partyColumns('payer', (record) => payment(record, ({ payer }) => payer)),
  ...partyColumns('payee', (record) => payment(record, ({ payee }) => payee)),
  ...partyColumns('holder', (record) =>
    record.kind === 'appropriation' ? record.holder : undefined,
  ),
  column(
    'classifications',
    'list',
    ({ classifications = [] }) =>
      listCell(
        classifications.map(({ scheme, code, title }) =>
          title === undefined ? [scheme, code] : [scheme, code, title],
        ),
      ),
    'array',
  ),
  column('more', 'list', (record) => listCell(payment(record, ({ more }) => more) ?? []), 'array'),
];

const DIMENSION_TYPES: Readonly<Record<string, string>> = {
  source: 'fact',
  period: 'datetime',
  purpose: 'activity',
  payment: 'fact',
  payer: 'entity',
  payee: 'entity',
  holder: 'entity',
  classifications: 'classification',
  more: 'other',
};

/** One package for each kind and currency, in the order in which they first come. */
export function writeFiscalPackages(
  metadata: FiscalMetadata,
  records: Iterable<FiscalRecord>,
): readonly WrittenFiscalPackage[] {
  const groups = Map.groupBy(
    records,
    ({ kind, money }) => `${kind}s-${money.currency.toLowerCase()}`,
  );
  return [...groups].map(([suffix, group]) => writePackage(metadata, suffix, group));
}

function writePackage(
  { name, title, more = {} }: FiscalMetadata,
  suffix: string,
  records: readonly FiscalRecord[],
): WrittenFiscalPackage {
  const [first] = records;
  assert(first !== undefined, 'a group has a record');
  const { currency } = first.money;
  const path = `data/${suffix}.csv`;
  const rows = records.map((record) => [
    formatAmount(record.money.minor, currency),
    ...COLUMNS.map(({ cell }) => cell(record)),
  ]);
  const headers = ['amount', ...COLUMNS.map((own) => own.name)];
  const fields = [
    { name: 'amount', type: 'number', decimalChar: '.' },
    ...COLUMNS.map((own) => ({ name: own.name, type: own.type })),
  ];
  const descriptor: ExactObject = {
    ...more,
    profile: 'fiscal-data-package',
    name: `${name}-${suffix}`,
    title,
    granularity: first.kind === 'payment' ? 'transactional' : 'aggregated',
    resources: [{ name: suffix, path, format: 'csv', encoding: 'utf-8', schema: { fields } }],
    model: {
      measures: {
        amount: { source: 'amount', resource: suffix, currency, factor: exactNumber('1') },
      },
      dimensions: dimensionsOf(suffix),
    },
  };
  return {
    name: `${name}-${suffix}`,
    files: [
      textFile('datapackage.json', writeExactJson(descriptor)),
      textFile(path, writeCsvRows([headers, ...rows])),
    ],
  };
}

function dimensionsOf(resource: string): ExactObject {
  const groups = Map.groupBy(COLUMNS, ({ dimension }) => dimension);
  return Object.fromEntries(
    [...groups].map(([name, columns]): [string, ExactJson] => [
      name,
      {
        dimensionType: DIMENSION_TYPES[name] ?? 'other',
        primaryKey: columns.map(({ attribute }) => attribute),
        attributes: Object.fromEntries(
          columns.map((own) => [own.attribute, { source: own.name, resource }]),
        ),
      },
    ]),
  );
}

/** An imported package as files again: the same descriptor and the same cells. */
export function writeImportedPackage({
  descriptor,
  resources,
}: Pick<FiscalPackage, 'descriptor' | 'resources'>): readonly SourceFile[] {
  const tables = resources.map(({ file, headers, rows, separator }) =>
    textFile(file, writeCsvRows([headers, ...rows.map(({ cells }) => cells)], separator)),
  );
  return [textFile('datapackage.json', writeExactJson(descriptor)), ...tables];
}

function textFile(name: string, text: string): SourceFile {
  return { name, bytes: new TextEncoder().encode(text) };
}
