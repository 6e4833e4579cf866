/**
 * Fiscal Data Packages to payments and appropriations: the descriptor's model says which columns
 * are amounts, dates, parties and codes. Dimensions are known by their names (those that
 * `writeFiscalPackages` gives, and those of the specification); any other one is a classification.
 */
import { isCurrency } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { parseScaledAmount } from '../amount.ts';
import { compileDatePattern, parseDate } from '../civil-date.ts';
import { OCCURRENCE_HEADER } from '../csv-table.ts';
import type { Finding, FormatsFailure } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import { isExactObject, readExactJson } from '../exact-json.ts';
import { JsonView } from '../json-view.ts';
import { countOccurrences, OCCURRENCE, slugFor, wordFor } from '../names.ts';
import type {
  Appropriation,
  Classification,
  Identifier,
  Money,
  Organisation,
  OtherCell,
  Payment,
  Period,
  RecordSource,
  SourceFile,
} from '../records.ts';
import type { FiscalValidator } from './descriptor.ts';
import type { Dimension, FiscalModel, Measure } from './model.ts';
import { attributeOf, columnOf, readModel, startsIn } from './model.ts';
import type { Lookup, Resource, ResourceRow } from './resource.ts';
import { createLookup, readResource } from './resource.ts';

export type FiscalRecord = Appropriation | Payment;

export interface FiscalPackage {
  /** As it was, numbers exact. */
  readonly descriptor: ExactObject;
  readonly model: FiscalModel;
  /** Every table that is there, cells as they were. */
  readonly resources: readonly Resource[];
  /** Rows of the tables of facts, once for each measure. */
  readonly facts: readonly FiscalFact[];
  /** Those of the facts; rows with findings have none. */
  readonly records: readonly FiscalRecord[];
  readonly findings: readonly Finding[];
}

/** What a row says of one measure, and where. */
export interface FiscalFact {
  readonly measure: Measure;
  readonly table: Resource;
  readonly row: ResourceRow;
  readonly source: RecordSource;
  /** Undefined where the row cannot be read, which is a finding. */
  readonly record: FiscalRecord | undefined;
}

/** Measures, dimensions, resources and foreign keys: each multiplies the work of a row. */
export const FISCAL_ENTRIES_MAX = 100;

/** Header of the column in which we write numbers, where the keys of a row would give others. */
export const NUMBER_HEADER = '_number';

const NO_MODEL: FiscalModel = { measures: [], dimensions: [] };
const DATES = ['yyyy-MM-dd', 'yyyy-MM', 'yyyy'].flatMap(
  (pattern) => compileDatePattern(pattern, { reduced: true }) ?? [],
);

/**
 * Reads a package.
 * @param files  the files of its resources, named by their paths in the descriptor
 * @returns records and findings, or why the descriptor cannot be read
 */
export function readFiscalPackage(
  descriptor: SourceFile,
  files: readonly SourceFile[],
  validate: FiscalValidator,
): Result<FiscalPackage, FormatsFailure> {
  const read = readExactJson(descriptor);
  if (!read.ok) {
    return read;
  }
  const { json } = read.value;
  if (!isExactObject(json) || !Array.isArray(json.resources)) {
    const expected = 'the descriptor of a data package';
    return fail({ code: 'FORMATS_PACKAGE_UNKNOWN', file: descriptor.name, expected });
  }
  const view = new JsonView(json, '');
  const findings = [...read.value.findings, ...validate(json, descriptor.name)];
  const crowded = findCrowded(view);
  if (crowded !== undefined) {
    const code = 'FORMATS_RECORD_TOO_LARGE';
    const expected = `at most ${FISCAL_ENTRIES_MAX} entries`;
    findings.push({ file: descriptor.name, pointer: crowded, code, expected, found: 'more' });
    const nothing = { model: NO_MODEL, resources: [], facts: [], records: [] };
    return ok({ descriptor: json, ...nothing, findings });
  }
  const byPath = new Map(files.map((file) => [file.name, file] as const));
  const resources = view
    .objects('resources')
    .flatMap((resource) => readResource(resource, byPath, findings, descriptor.name) ?? []);
  const model = readModel(view);
  const reader = new FactReader(view, model, resources, findings);
  if (model.measures.length === 0) {
    const place = { file: descriptor.name, pointer: view.at('model') };
    const expected = 'a measure: which column is an amount';
    findings.push({ ...place, code: 'FORMATS_FIELD_MISSING', expected, found: '' });
  }
  const facts = model.measures.flatMap((measure) => reader.read(measure, descriptor.name));
  const records = facts.flatMap(({ record }) => record ?? []);
  return ok({ descriptor: json, model, resources, facts, records, findings });
}

/** Pointer of the first list of the descriptor that has too many entries. */
function findCrowded(view: JsonView): string | undefined {
  const resources = view.objects('resources');
  const model = view.object('model');
  const schemas = resources.flatMap((resource) => resource.object('schema') ?? []);
  const sizes: readonly (readonly [pointer: string, size: number])[] = [
    [view.at('resources'), resources.length],
    [view.at('mapping'), Object.keys(view.object('mapping')?.json ?? {}).length],
    ...['measures', 'dimensions'].map(
      (name) => [`/model/${name}`, Object.keys(model?.object(name)?.json ?? {}).length] as const,
    ),
    ...schemas.map(
      (schema) => [schema.at('foreignKeys'), schema.objects('foreignKeys').length] as const,
    ),
  ];
  return sizes.find(([, size]) => size > FISCAL_ENTRIES_MAX)?.[0];
}

/** Values of a row by dimension and attribute; '' where there is none. */
type Value = (dimension: string, attribute: string) => string;

class FactReader {
  readonly #package: string;
  readonly #transactional: boolean;
  readonly #model: FiscalModel;
  readonly #resources: readonly Resource[];
  readonly #findings: Finding[];

  constructor(
    descriptor: JsonView,
    model: FiscalModel,
    resources: readonly Resource[],
    findings: Finding[],
  ) {
    this.#package = wordFor(descriptor.text('name') ?? 'unnamed');
    this.#transactional = descriptor.text('granularity') === 'transactional';
    this.#model = model;
    this.#resources = resources;
    this.#findings = findings;
  }

  read(measure: Measure, descriptor: string): readonly FiscalFact[] {
    const { pointer, currency } = measure;
    const table = this.#resources.find(({ name }) => name === measure.resource);
    if (!table?.headers.includes(measure.column)) {
      const found = `${measure.resource}/${measure.column}`.slice(0, FOUND_SHOWN_MAX);
      const code = 'FORMATS_REFERENCE_UNKNOWN';
      const expected = 'a column of a resource';
      this.#findings.push({ file: descriptor, pointer, code, expected, found });
      return [];
    }
    if (!isCurrency(currency)) {
      const code = 'FORMATS_CURRENCY_UNREADABLE';
      const expected = 'an ISO 4217 code in use';
      const at = `${pointer}/currency`;
      this.#findings.push({ file: descriptor, pointer: at, code, expected, found: currency });
      return [];
    }
    const lookup = createLookup(table, this.#resources);
    const occurrenceOf = countOccurrences();
    const numberAt = table.headers.indexOf(NUMBER_HEADER);
    const statedAt = table.headers.indexOf(OCCURRENCE_HEADER);
    return table.rows.map((row) => {
      const value = this.#valuesOf(row, lookup);
      const number = row.cells[numberAt] || this.#numberOf(value);
      const stated = row.cells[statedAt] ?? '';
      const source = sourceIn(value) ?? {
        publisher: this.#package,
        dataset: `${this.#package}/${table.name}/${measure.name}`,
        number,
        occurrence: occurrenceOf(number, OCCURRENCE.test(stated) ? Number(stated) : undefined),
      };
      const record = this.#record({ table, row, measure, value, source });
      return { measure, table, row, source, record };
    });
  }

  #valuesOf(row: ResourceRow, lookup: Lookup): Value {
    return (dimension, attribute) => {
      const found = attributeOf(this.#model, dimension, attribute);
      if (found === undefined) return '';
      return 'constant' in found
        ? found.constant
        : (lookup(row, found.resource, found.column) ?? '');
    };
  }

  /** Without a number of the publisher, all keys of a row together are its number. */
  #numberOf(value: Value): string {
    const keys = this.#model.dimensions.flatMap(({ name, keys: own }) =>
      own.map((key) => value(name, key)),
    );
    return value('id', 'id') || slugFor(keys);
  }

  #record(fact: {
    readonly table: Resource;
    readonly row: ResourceRow;
    readonly measure: Measure;
    readonly value: Value;
    readonly source: RecordSource;
  }): FiscalRecord | undefined {
    const { value, source } = fact;
    const faults: Finding[] = [];
    const report: Report = (column, code, expected, found) => {
      const place = { file: fact.table.file, line: fact.row.line, pointer: column };
      faults.push({ ...place, code, expected, found: found.slice(0, FOUND_SHOWN_MAX) });
    };
    const money = readMoney(fact, report);
    const period = readPeriod(this.#dates(value), report);
    this.#findings.push(...faults);
    if (faults.length > 0 || money === undefined) return undefined;
    const payer = organisationIn(value, 'payer');
    const payee = organisationIn(value, 'payee');
    const purpose = value('purpose', 'text');
    const classifications = this.#classifications(value);
    if (!this.#transactional) {
      const holder = organisationIn(value, 'holder') ?? payer;
      const title = purpose || classifications.map((entry) => entry.title ?? entry.code).join(', ');
      const base = {
        kind: 'appropriation',
        source,
        title,
        money,
        period,
        classifications,
      } as const;
      return holder === undefined ? base : { ...base, holder };
    }
    const id = value('payment', 'id');
    const type = value('payment', 'type');
    const more = parseList(value('more', 'list')).map(
      ([header = '', cell = '']): OtherCell => [header, cell],
    );
    return {
      kind: 'payment',
      source,
      ...(id === '' ? {} : { id }),
      ...(period.start === undefined ? {} : { date: period.start }),
      money,
      ...(payer === undefined ? {} : { payer }),
      ...(payee === undefined ? {} : { payee }),
      ...(purpose === '' ? {} : { purpose }),
      ...(type === '' ? {} : { type }),
      ...(classifications.length === 0 ? {} : { classifications }),
      ...(more.length === 0 ? {} : { more }),
    };
  }

  /** Start and end by name, or the key of the first dimension of dates. */
  #dates(value: Value): readonly DateCell[] {
    const cellOf = (name: DateCell['name'], [dimension, attribute]: readonly [string, string]) => ({
      name,
      text: value(dimension, attribute),
      column: columnOf(this.#model, dimension, attribute),
    });
    const starts = startsIn(this.#model).map((place) => cellOf('start', place));
    const start = starts.find(({ text }) => text !== '');
    return [...(start === undefined ? [] : [start]), cellOf('end', ['period', 'end'])];
  }

  #classifications(value: Value): readonly Classification[] {
    const listed = parseList(value('classifications', 'list')).map(
      ([scheme = '', code = '', title]): Classification =>
        title === undefined ? { scheme, code } : { scheme, code, title },
    );
    const others = this.#model.dimensions.filter(
      ({ name, type }) => type !== 'datetime' && !KNOWN_DIMENSIONS.has(name),
    );
    return [...listed, ...others.flatMap((dimension) => classificationIn(value, dimension))];
  }
}

const KNOWN_DIMENSIONS = new Set([
  'source',
  'id',
  'period',
  'payment',
  'purpose',
  'payer',
  'payee',
  'holder',
  'classifications',
  'more',
]);

type Report = (column: string, code: Finding['code'], expected: string, found: string) => void;

function sourceIn(value: Value): RecordSource | undefined {
  const occurrence = value('source', 'occurrence');
  return OCCURRENCE.test(occurrence)
    ? {
        publisher: value('source', 'publisher'),
        dataset: value('source', 'dataset'),
        number: value('source', 'number'),
        occurrence: Number(occurrence),
      }
    : undefined;
}

function readMoney(
  {
    table,
    row,
    measure: { column, currency, factor },
  }: { readonly table: Resource; readonly row: ResourceRow; readonly measure: Measure },
  report: Report,
): Money | undefined {
  const text = (row.cells[table.headers.indexOf(column)] ?? '').trim();
  const style = table.styles.get(column) ?? { decimalSign: '.', groupSign: ',' };
  const minor = parseScaledAmount(text, factor, style, currency);
  if (text === '' || !minor.ok) {
    const code = minor.ok ? 'FORMATS_FIELD_MISSING' : minor.reason;
    report(column, code, `an amount of ${currency}`, text);
    return undefined;
  }
  return { minor: minor.value, currency };
}

/** A date of a row under the header of its column. */
interface DateCell {
  readonly name: 'start' | 'end';
  readonly text: string;
  readonly column: string;
}

function readPeriod(cells: readonly DateCell[], report: Report): Period {
  const period: { start?: string; end?: string } = {};
  for (const { name, text, column } of cells) {
    if (text !== '' && parseDate(text.replace(/T.*$/, ''), DATES) === undefined) {
      report(column, 'FORMATS_DATE_UNREADABLE', 'a date of ISO 8601', text);
    } else if (text !== '') {
      period[name] = text;
    }
  }
  return period;
}

/** Name and key as we write them, or as version 0.2 does (`id`, `title`). */
function organisationIn(value: Value, dimension: string): Organisation | undefined {
  const key = value(dimension, 'key') || value(dimension, 'id');
  const name = value(dimension, 'name') || value(dimension, 'title') || key;
  const identifiers = parseList(value(dimension, 'identifiers')).map(
    ([scheme = '', id = '']): Identifier => ({ scheme, id }),
  );
  return key === '' && name === '' && identifiers.length === 0
    ? undefined
    : { ...(key === '' ? {} : { key }), name, identifiers };
}

function classificationIn(
  value: Value,
  { name, keys, attributes }: Dimension,
): readonly Classification[] {
  const code = keys.map((key) => value(name, key)).join('/');
  const label = attributes.find(({ labelFor }) => labelFor !== undefined);
  const title = label === undefined ? '' : value(name, label.name);
  if (code.replaceAll('/', '') === '') return [];
  return [title === '' ? { scheme: name, code } : { scheme: name, code, title }];
}

/** A cell of the Table Schema type `array` whose entries are lists of texts. */
function parseList(text: string): readonly (readonly string[])[] {
  const bytes = new TextEncoder().encode(text);
  const read = text === '' ? undefined : readExactJson({ name: '', bytes });
  const entries = read?.ok === true && Array.isArray(read.value.json) ? read.value.json : [];
  return entries.map((entry: unknown) =>
    (Array.isArray(entry) ? entry : []).filter((part): part is string => typeof part === 'string'),
  );
}
