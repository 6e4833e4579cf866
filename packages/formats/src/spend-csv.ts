/**
 * Spending files (HM Treasury columns and their kin) to payment lines. Bytes in, lines out: every
 * line of every file comes out once, either as a payment or with all its faults, so that the sums
 * of a file are the sums of what was imported and what was refused.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { parseAmount } from './amount.ts';
import type { DatePattern } from './civil-date.ts';
import { compileDatePattern, parseDate } from './civil-date.ts';
import type { CsvRow } from './csv.ts';
import { readCsvRows } from './csv.ts';
import type { FormatsFailure, LineFault } from './errors.ts';
import type { SpendColumns } from './spend-header.ts';
import { findColumns, splitHeader } from './spend-header.ts';
import type { SpendBody, SpendField, SpendMapping } from './spend-mapping.ts';
import { SPEND_FIELDS_REQUIRED } from './spend-mapping.ts';
import { cleanText, decodeText } from './text.ts';

/** One file is held in memory; the largest public spending file known to us has 50 MB. */
export const SPEND_FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Longest text of a cell that a record takes, in UTF-16 units. */
export const SPEND_TEXT_MAX = 200;
/** Longest number of a publisher. */
export const SPEND_NUMBER_MAX = 64;
const FOUND_SHOWN_MAX = 80;
const TEXT_FIELDS: readonly (readonly [SpendField, number])[] = [
  ['number', SPEND_NUMBER_MAX],
  ['payee', SPEND_TEXT_MAX],
  ['area', SPEND_TEXT_MAX],
  ['purpose', SPEND_TEXT_MAX],
];
const CURRENCY = /^[A-Z]{3}$/;

/** A file as it was published. */
export interface SpendFile {
  /** Name without folder; without its ending it becomes part of the import identity. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Import identity: who published, in which file of which series, under which number, and how often
 * that number had appeared in the file before. Counting within the file, and not over all files,
 * keeps the identity when a month is imported alone, again, or before an earlier one.
 */
export interface SpendSource {
  readonly publisher: string;
  /** `<dataset of the mapping>/<file name without ending>`. */
  readonly dataset: string;
  readonly number: string;
  /** From 1, counted over all lines of the file with this number, refused ones included. */
  readonly occurrence: number;
}

/** A payment, or money that came back (a negative amount in the file). */
export interface SpendPayment {
  readonly kind: 'disbursement' | 'credit';
  readonly source: SpendSource;
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
}

/** Where a line stands. */
export interface SpendPlace {
  readonly file: string;
  /** Physical line of the file on which the record starts, from 1. */
  readonly line: number;
}

/** A line that was read in full. */
export interface SpendAccepted extends SpendPlace {
  readonly ok: true;
  readonly payment: SpendPayment;
}

/** A line that was not, with every fault of it. */
export interface SpendRefused extends SpendPlace {
  readonly ok: false;
  readonly faults: readonly LineFault[];
  /** Signed minor units; undefined if the amount itself could not be read. */
  readonly amount: bigint | undefined;
  readonly currency: string;
}

/** What became of one line. */
export type SpendLine = SpendAccepted | SpendRefused;

/**
 * All lines of one file in order.
 * @returns the lines, or why no line of this file can be read
 */
export function readSpendFile(
  { name, bytes }: SpendFile,
  mapping: SpendMapping,
): Result<readonly SpendLine[], FormatsFailure> {
  const size = bytes.length;
  if (size > SPEND_FILE_BYTES_MAX) {
    return fail({
      code: 'FORMATS_FILE_TOO_LARGE',
      file: name,
      size,
      sizeMax: SPEND_FILE_BYTES_MAX,
    });
  }
  const decoded = decodeText(bytes, mapping.encodings);
  if (decoded === undefined) {
    return fail({ code: 'FORMATS_ENCODING_UNKNOWN', file: name, encodings: mapping.encodings });
  }
  const rows = readCsvRows(decoded.text, mapping.separator);
  const first = rows.next();
  if (first.done === true || 'fault' in first.value) {
    return fail({ code: 'FORMATS_FILE_EMPTY', file: name });
  }
  const { headers, glued } = splitHeader(first.value.cells, mapping);
  const columns = findColumns(name, headers, mapping);
  if (!columns.ok) {
    return columns;
  }
  const layout = layOut({ file: name, headers, columns: columns.value }, mapping);
  const { line } = first.value;
  const records = glued === undefined ? rows : [{ line, cells: glued }, ...rows];
  return ok([...readLines(records, layout)]);
}

interface Sheet {
  readonly file: string;
  readonly headers: readonly string[];
  readonly columns: SpendColumns;
}

/** All that reading one line of a file needs. */
interface Layout extends Sheet {
  readonly mapping: SpendMapping;
  readonly dataset: string;
  readonly dates: readonly DatePattern[];
  readonly bodies: ReadonlyMap<string, SpendBody>;
}

function layOut(sheet: Sheet, mapping: SpendMapping): Layout {
  const names = mapping.bodies.flatMap((body) =>
    body.names.map((name): [string, SpendBody] => [name.toLowerCase(), body]),
  );
  return {
    ...sheet,
    mapping,
    dataset: `${mapping.dataset}/${sheet.file.replace(/\.[^.]*$/, '')}`,
    dates: mapping.dates.flatMap((pattern) => compileDatePattern(pattern) ?? []),
    bodies: new Map(names),
  };
}

function* readLines(rows: Iterable<CsvRow>, layout: Layout): Generator<SpendLine> {
  const occurrences = new Map<string, number>();
  for (const row of rows) {
    const place = { file: layout.file, line: row.line };
    if ('fault' in row) {
      yield refuseWhole(place, quotingFault(row.text), layout);
      continue;
    }
    const fault = rowFault(row.cells, layout);
    if (fault !== undefined) {
      yield refuseWhole(place, fault, layout);
      continue;
    }
    const cell = cellsOf(row.cells, layout);
    const occurrence = (occurrences.get(cell('number')) ?? 0) + 1;
    occurrences.set(cell('number'), occurrence);
    yield { ...place, ...readPayment(cell, occurrence, layout) };
  }
}

/** Clean text of a field of one line; empty where the file has no such column. */
type Cell = (field: SpendField) => string;

function cellsOf(cells: readonly string[], { columns }: Layout): Cell {
  const texts = new Map<SpendField, string>();
  for (const [field, index] of columns) {
    texts.set(field, cleanText(cells[index] ?? ''));
  }
  return (field) => texts.get(field) ?? '';
}

function refuseWhole(place: SpendPlace, fault: LineFault, { mapping }: Layout): SpendRefused {
  const { currency } = mapping;
  return { ...place, ok: false, faults: [fault], amount: undefined, currency };
}

function quotingFault(text: string): LineFault {
  const found = text.slice(0, FOUND_SHOWN_MAX);
  return {
    field: '',
    code: 'FORMATS_LINE_QUOTING',
    expected: 'quotes in pairs around a cell',
    found,
  };
}

/** Surplus cells are let pass if they are empty: spreadsheets leave them behind. */
function rowFault(cells: readonly string[], { headers, columns }: Layout): LineFault | undefined {
  const width = headers.length;
  if ([...columns.values()].every((index) => (cells[index] ?? '').trim() === '')) {
    const found = 'a line without content';
    return { field: '', code: 'FORMATS_LINE_BLANK', expected: 'a payment', found };
  }
  if (cells.length < width || cells.slice(width).some((cell) => cell.trim() !== '')) {
    const found = `${cells.length} cells`;
    return { field: '', code: 'FORMATS_LINE_WIDTH', expected: `${width} cells`, found };
  }
  return undefined;
}

type Outcome =
  | Pick<SpendAccepted, 'ok' | 'payment'>
  | Pick<SpendRefused, 'ok' | 'faults' | 'amount' | 'currency'>;

function readPayment(cell: Cell, occurrence: number, layout: Layout): Outcome {
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
  };
  return { ok: true, payment };
}

type Report = (field: SpendField, code: LineFault['code'], expected: string) => void;

function checkTexts(cell: Cell, report: Report): void {
  for (const field of SPEND_FIELDS_REQUIRED) {
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

function readBody(cell: Cell, { bodies }: Layout, report: Report): SpendBody | undefined {
  const name = cell('body');
  const body = bodies.get(name.toLowerCase());
  if (body === undefined && name !== '') {
    report('body', 'FORMATS_BODY_UNKNOWN', 'a body of the mapping');
  }
  return body;
}

function readDate(cell: Cell, { dates, mapping }: Layout, report: Report): string | undefined {
  const date = parseDate(cell('date'), dates);
  if (date === undefined && cell('date') !== '') {
    report('date', 'FORMATS_DATE_UNREADABLE', `a date as ${mapping.dates.join(' or ')}`);
  }
  return date;
}

function readCurrency(cell: Cell, { mapping }: Layout, report: Report): string {
  const currency = cell('currency') || mapping.currency;
  if (!CURRENCY.test(currency)) {
    report('currency', 'FORMATS_CURRENCY_UNREADABLE', 'an ISO 4217 code');
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
