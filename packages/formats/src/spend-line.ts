/**
 * One line of a spending file to a payment, or to every fault of it: nothing is guessed, nothing is
 * rounded, and a line with three faults names all three.
 */
import { isCurrency } from '@daybook/contracts';
import { parseAmount } from './amount.ts';
import type { DatePattern } from './civil-date.ts';
import { parseDate } from './civil-date.ts';
import type { Columns } from './csv-header.ts';
import type { Cell as CellOf } from './csv-table.ts';
import type { LineFault } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import type { OtherCell, RecordSource } from './records.ts';
import type { SpendBody, SpendField, SpendMapping } from './spend-mapping.ts';
import { SPEND_FIELDS } from './spend-mapping.ts';

/** Longest text of a cell that a record takes, in UTF-16 units. */
export const SPEND_TEXT_MAX = 200;
/** Longest number of a publisher. */
export const SPEND_NUMBER_MAX = 64;
/** Title of the area that stands for none. */
export const UNSPECIFIED_AREA = 'unspecified';
const TEXT_FIELDS: readonly (readonly [SpendField, number])[] = [
  ['number', SPEND_NUMBER_MAX],
  ['payee', SPEND_TEXT_MAX],
  ['area', SPEND_TEXT_MAX],
  ['purpose', SPEND_TEXT_MAX],
];

/** A payment, or money that came back (a negative amount in the file). */
export interface SpendPayment {
  readonly kind: 'disbursement' | 'credit';
  readonly source: RecordSource;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** Minor units, positive in both kinds. */
  readonly amount: bigint;
  readonly currency: string;
  readonly payee: string;
  readonly body: SpendBody;
  /** Budget area of the body, where the publisher names one. */
  readonly area: string | undefined;
  /** What the money was for, where the publisher says so. */
  readonly purpose: string | undefined;
  /** The body as this line spells it. */
  readonly bodyName: string;
  /** Cells of columns that the mapping does not name. */
  readonly more: readonly OtherCell[];
}

/** What was read of one line: the payment, or its faults and what is known of its amount. */
export type LineReading =
  | { readonly ok: true; readonly payment: SpendPayment }
  | {
      readonly ok: false;
      readonly faults: readonly LineFault[];
      /** Signed minor units; undefined if the amount itself could not be read. */
      readonly amount: bigint | undefined;
      readonly currency: string;
    };

/** All that reading the lines of one file needs. */
export interface LineLayout {
  readonly mapping: SpendMapping;
  /** Second part of the import identity. */
  readonly dataset: string;
  readonly headers: readonly string[];
  readonly columns: Columns<SpendField>;
  readonly dates: readonly DatePattern[];
  /** Bodies by their names in lower case. */
  readonly bodies: ReadonlyMap<string, SpendBody>;
}

type Cell = CellOf<SpendField>;

/** Reads one line; `occurrence` counts the lines of the file with its number, from 1. */
export function readLine(
  { cell, more }: { readonly cell: Cell; readonly more: readonly OtherCell[] },
  occurrence: number,
  layout: LineLayout,
): LineReading {
  const { mapping } = layout;
  const faults: LineFault[] = [];
  const report: Report = (field, code, expected) => {
    const header = layout.headers[layout.columns.get(field) ?? -1] ?? field;
    faults.push({ field: header, code, expected, found: cell(field).slice(0, FOUND_SHOWN_MAX) });
  };
  checkTexts(cell, report);
  const body = readBody(cell, layout, report);
  const date = readDate(cell, layout, report);
  const currency = readCurrency(cell, layout, report);
  const amount = readAmount(cell, { mapping, currency }, report);
  if (faults.length > 0 || amount === undefined || date === undefined || body === undefined) {
    return { ok: false, faults, amount, currency };
  }
  const payment: SpendPayment = {
    kind: amount < 0n ? 'credit' : 'disbursement',
    source: {
      publisher: mapping.publisher,
      dataset: layout.dataset,
      number: cell('number'),
      occurrence,
    },
    date,
    amount: amount < 0n ? -amount : amount,
    currency,
    payee: cell('payee'),
    body,
    area: cell('area') || undefined,
    purpose: cell('purpose') || undefined,
    bodyName: cell('body'),
    more,
  };
  return { ok: true, payment };
}

type Report = (field: SpendField, code: LineFault['code'], expected: string) => void;

function checkTexts(cell: Cell, report: Report): void {
  for (const field of SPEND_FIELDS.required) {
    if (cell(field) === '') {
      report(field, 'FORMATS_FIELD_MISSING', 'a value');
    }
  }
  for (const [field, lengthMax] of TEXT_FIELDS) {
    if (cell(field).length > lengthMax) {
      report(field, 'FORMATS_FIELD_TOO_LONG', `at most ${lengthMax} characters`);
    }
  }
}

function readBody(cell: Cell, { bodies }: LineLayout, report: Report): SpendBody | undefined {
  const name = cell('body');
  const body = bodies.get(name.toLowerCase());
  if (body === undefined && name !== '') {
    report('body', 'FORMATS_BODY_UNKNOWN', 'a body of the mapping');
  }
  return body;
}

function readDate(cell: Cell, { dates, mapping }: LineLayout, report: Report): string | undefined {
  const date = parseDate(cell('date'), dates);
  if (date === undefined && cell('date') !== '') {
    report('date', 'FORMATS_DATE_UNREADABLE', `a date as ${mapping.dates.join(' or ')}`);
  }
  return date;
}

function readCurrency(cell: Cell, { mapping }: LineLayout, report: Report): string {
  const currency = cell('currency') || mapping.currency;
  if (!isCurrency(currency)) {
    report('currency', 'FORMATS_CURRENCY_UNREADABLE', 'an ISO 4217 code in use');
    return mapping.currency;
  }
  return currency;
}

function readAmount(
  cell: Cell,
  { mapping, currency }: { readonly mapping: SpendMapping; readonly currency: string },
  report: Report,
): bigint | undefined {
  const text = cell('amount');
  const amount = text === '' ? undefined : parseAmount(text, mapping, currency);
  if (amount === undefined) {
    return undefined;
  }
  if (!amount.ok) {
    report('amount', amount.reason, `an amount of ${currency}`);
    return undefined;
  }
  if (amount.value === 0n) {
    report('amount', 'FORMATS_AMOUNT_ZERO', 'an amount that is not zero');
  }
  return amount.value;
}
