/**
 * Lists of projects paid from EU structural funds to commitments. The lists have no numbers of
 * their own, so a project is identified by who gets money from which fund for what and when; every
 * line comes out once, as a commitment or with all its faults.
 */
import { isCurrency } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { ok } from '@daybook/core';
import { parseAmount } from './amount.ts';
import type { DatePattern } from './civil-date.ts';
import { compileDatePattern, parseDate } from './civil-date.ts';
import type { Cell, CsvTable, TableLine } from './csv-table.ts';
import { openCsvTable } from './csv-table.ts';
import type { FormatsFailure, LineFault } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import type { FundsField, FundsMapping } from './funds-mapping.ts';
import {
  FUNDS_AMOUNTS,
  FUNDS_CLASSES,
  FUNDS_FIELDS,
  FUNDS_PLACES,
  fundsDates,
} from './funds-mapping.ts';
import { countOccurrences, datasetOf, slugFor } from './names.ts';
import type { Commitment, MoneyPart, Period, SourceFile, SourcePlace } from './records.ts';

/** Longest name or place of a project, in UTF-16 units. */
export const FUNDS_TEXT_MAX = 1_000;
/** Longest description: EU lists ask for a summary of a hundred words. */
export const FUNDS_DESCRIPTION_MAX = 4_000;

/** What became of one line; a refused one keeps the amounts that could be read. */
export type FundsLine = SourcePlace &
  (
    | { readonly ok: true; readonly commitment: Commitment }
    | {
        readonly ok: false;
        readonly faults: readonly LineFault[];
        readonly parts: readonly MoneyPart[];
      }
  );

interface Layout {
  readonly mapping: FundsMapping;
  readonly dataset: string;
  readonly table: CsvTable<FundsField>;
  readonly dates: readonly DatePattern[];
}

type Report = (field: FundsField, code: LineFault['code'], expected: string) => void;

/**
 * All lines of one list in order.
 * @returns the lines, or why no line of this file can be read
 */
export function readFundsFile(
  file: SourceFile,
  mapping: FundsMapping,
): Result<readonly FundsLine[], FormatsFailure> {
  const table = openCsvTable<FundsField>(file, mapping, FUNDS_FIELDS);
  if (!table.ok) {
    return table;
  }
  const style = fundsDates(mapping);
  const dates = mapping.dates.flatMap((pattern) => compileDatePattern(pattern, style) ?? []);
  const dataset = datasetOf(mapping, file.name);
  const layout: Layout = { mapping, dataset, table: table.value, dates };
  const occurrenceOf = countOccurrences();
  const lines: FundsLine[] = [];
  for (const line of table.value.lines) {
    lines.push({ file: file.name, line: line.line, ...readLine(line, occurrenceOf, layout) });
  }
  return ok(lines);
}

type Reading = FundsLine extends infer Line
  ? Line extends SourcePlace
    ? Omit<Line, keyof SourcePlace>
    : never
  : never;

function readLine(
  line: TableLine<FundsField>,
  occurrenceOf: ReturnType<typeof countOccurrences>,
  layout: Layout,
): Reading {
  if ('fault' in line) {
    return { ok: false, faults: [line.fault], parts: [] };
  }
  const { cell, more } = line;
  const faults: LineFault[] = [];
  const report: Report = (field, code, expected) => {
    const { headers, columns } = layout.table;
    const header = headers[columns.get(field) ?? -1] ?? field;
    faults.push({ field: header, code, expected, found: cell(field).slice(0, FOUND_SHOWN_MAX) });
  };
  const number = cell('number') || numberFor(cell);
  const occurrence = occurrenceOf(number, line.occurrence);
  checkTexts(cell, report);
  const period = readPeriod(cell, layout, report);
  const parts = readParts(cell, layout, report);
  const subsidy = parts.find(({ name }) => name === 'subsidy');
  if (faults.length > 0 || subsidy === undefined) {
    return { ok: false, faults, parts };
  }
  const { mapping, dataset } = layout;
  const levels = FUNDS_PLACES.filter((level) => cell(level) !== '');
  const commitment: Commitment = {
    kind: 'commitment',
    source: { publisher: mapping.publisher, dataset, number, occurrence },
    ...(cell('title') === '' ? {} : { title: cell('title') }),
    ...(cell('description') === '' ? {} : { description: cell('description') }),
    fund: cell('fund'),
    payee: { name: cell('payee'), identifiers: [] },
    money: subsidy.money,
    parts,
    period,
    classifications: FUNDS_CLASSES.flatMap((scheme) =>
      cell(scheme) === '' ? [] : { scheme: `${mapping.publisher}/${scheme}`, code: cell(scheme) },
    ),
    places: levels.map(cell),
    ...(levels.length > 0 && { placeLevels: levels }),
    ...(more.length > 0 && { more }),
  };
  return { ok: true, commitment };
}

/**
 * The number of a project whose publisher gives none, made of its cells as they are written. Amounts
 * are left out, so that a corrected amount is seen as a change of the same project.
 */
export function numberFor(cell: Cell<FundsField>): string {
  const fields = ['fund', 'payee', 'start', 'end', 'postcode', 'title'] as const;
  return slugFor(fields.map(cell));
}

function checkTexts(cell: Cell<FundsField>, report: Report): void {
  for (const field of FUNDS_FIELDS.required) {
    if (cell(field) === '') {
      report(field, 'FORMATS_FIELD_MISSING', 'a value');
    }
  }
  for (const field of [...FUNDS_FIELDS.required, ...FUNDS_FIELDS.optional]) {
    const lengthMax = field === 'description' ? FUNDS_DESCRIPTION_MAX : FUNDS_TEXT_MAX;
    if (cell(field).length > lengthMax) {
      report(field, 'FORMATS_FIELD_TOO_LONG', `at most ${lengthMax} characters`);
    }
  }
}

function readPeriod(cell: Cell<FundsField>, { dates, mapping }: Layout, report: Report): Period {
  const period: { start?: string; end?: string } = {};
  for (const field of ['start', 'end'] as const) {
    const date = parseDate(cell(field), dates);
    if (date !== undefined) {
      period[field] = date;
    } else if (cell(field) !== '') {
      report(field, 'FORMATS_DATE_UNREADABLE', `a date as ${mapping.dates.join(' or ')}`);
    }
  }
  return period;
}

function readParts(
  cell: Cell<FundsField>,
  { mapping }: Layout,
  report: Report,
): readonly MoneyPart[] {
  const currency = cell('currency') || mapping.currency;
  if (!isCurrency(currency)) {
    report('currency', 'FORMATS_CURRENCY_UNREADABLE', 'an ISO 4217 code in use');
    return [];
  }
  const parts: MoneyPart[] = [];
  for (const name of FUNDS_AMOUNTS.filter((field) => cell(field) !== '')) {
    const amount = parseAmount(cell(name), mapping, currency);
    if (!amount.ok) {
      report(name, amount.reason, `an amount of ${currency}`);
    } else if (amount.value < 0n) {
      report(name, 'FORMATS_AMOUNT_NEGATIVE', 'an amount of at least zero');
    } else {
      parts.push({ name, money: { minor: amount.value, currency } });
    }
  }
  if (parts.length > 0 && parts.every(({ money }) => money.minor === 0n)) {
    report('subsidy', 'FORMATS_AMOUNT_ZERO', 'an amount that is not zero in one of the columns');
  }
  return parts;
}

/** Sums of one currency and one amount column, by which an import is checked. */
export interface FundsTotals {
  readonly name: string;
  readonly currency: string;
  /** Minor units. */
  readonly imported: bigint;
  readonly refused: bigint;
}

/** Totals in the order in which columns and currencies first appear. */
export function totalFunds(lines: Iterable<FundsLine>): readonly FundsTotals[] {
  const totals = new Map<string, { -readonly [Key in keyof FundsTotals]: FundsTotals[Key] }>();
  for (const line of lines) {
    for (const { name, money } of line.ok ? line.commitment.parts : line.parts) {
      const { minor, currency } = money;
      const key = `${name} ${currency}`;
      const sums = totals.get(key) ?? { name, currency, imported: 0n, refused: 0n };
      totals.set(key, sums);
      sums[line.ok ? 'imported' : 'refused'] += minor;
    }
  }
  return [...totals.values()];
}
