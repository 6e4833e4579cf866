/**
 * Rows of a Fiscal Data Package: a budget line is an allocation of the publisher's fund for its
 * period, a payment goes out under a commitment for its payee. The row as it was read stands in the
 * details of its line.
 */
import { formatAmount } from '../amount.ts';
import type { Finding, LineFault } from '../errors.ts';
import { columnOf, startsIn } from '../fiscal/model.ts';
import type { FiscalPackage, FiscalRecord } from '../fiscal/package.ts';
import { slugFor, wordFor } from '../names.ts';
import type { Appropriation, Payment, Period, RecordSource, SourcePlace } from '../records.ts';
import { cleanText } from '../text.ts';
import type { BooksMapping } from './books.ts';
import { fundRow } from './books.ts';
import { writeDetails } from './details.ts';
import type { Days, MoneyLine, Move } from './move.ts';
import { checkDetails, payeeTitle } from './move.ts';

const NUMBER_MAX = 64;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

interface Books {
  readonly mapping: BooksMapping;
  readonly holder: string;
}

/** A row of money where it stands, under the headers of its columns. */
interface Row {
  readonly place: SourcePlace;
  readonly amountColumn: string;
  readonly dateColumn: string;
}

/**
 * Lines of one package: its rows of money, then what could not be read.
 * @param file    name of the descriptor
 * @param holder  organisation that keeps the fund; else the publisher does
 */
export function fiscalMoves(
  file: string,
  { facts, findings, model }: FiscalPackage,
  {
    mapping,
    holder = mapping.publisher,
  }: { readonly mapping: BooksMapping; readonly holder?: string },
): readonly MoneyLine[] {
  const books = { mapping, holder };
  const dateColumns = startsIn(model).map((place) => columnOf(model, ...place));
  const dateColumn = dateColumns.find((column) => column !== '') ?? '';
  const lines = facts.flatMap(({ record, table, row, measure }) => {
    if (record === undefined) return [];
    const place = { file: table.file, line: row.line };
    const { column: amountColumn } = measure;
    return [lineOf(record, books, { place, amountColumn, dateColumn })];
  });
  const { currency } = mapping;
  const refused = faultsByLine(findings.filter((finding) => isRefusal(finding, file)));
  return [
    ...lines,
    ...refused.map((entry): MoneyLine => ({ ...entry, ok: false, amount: undefined, currency })),
  ];
}

/** A descriptor that differs from its schema is read all the same; what else is wrong costs lines. */
function isRefusal({ file, code }: Finding, descriptor: string): boolean {
  return (
    file !== descriptor || (code !== 'FORMATS_SCHEMA_MISMATCH' && code !== 'FORMATS_NAME_TWICE')
  );
}

/** Everything that is wrong with one line together; a whole file counts as its first. */
function faultsByLine(
  findings: readonly Finding[],
): readonly (SourcePlace & { readonly faults: readonly LineFault[] })[] {
  const lines = new Map<string, SourcePlace & { readonly faults: LineFault[] }>();
  for (const { file, line = 1, pointer, code, expected, found } of findings) {
    const entry = lines.get(`${file} ${line}`) ?? { file, line, faults: [] };
    lines.set(`${file} ${line}`, entry);
    entry.faults.push({ field: pointer, code, expected, found });
  }
  return [...lines.values()];
}

function lineOf(record: FiscalRecord, books: Books, row: Row): MoneyLine {
  const { place } = row;
  const { minor: amount, currency } = record.money;
  const read = moveOf(record, books, row);
  if ('code' in read) return { ...place, ok: false, faults: [read], amount, currency };
  return checkDetails(read, place);
}

function moveOf(record: FiscalRecord, books: Books, row: Row): Move | LineFault {
  return record.kind === 'payment'
    ? paymentOf(record, books, row.dateColumn)
    : budgetOf(record, books, row.amountColumn);
}

function budgetOf(record: Appropriation, books: Books, column: string): Move | LineFault {
  const { money, title, period } = record;
  const { minor: amount, currency } = money;
  if (amount < 0n) {
    const expected = 'an amount of at least zero';
    const found = formatAmount(amount, currency);
    return { field: column, code: 'FORMATS_AMOUNT_NEGATIVE', expected, found };
  }
  const { mapping, holder } = books;
  const source = fiscalSource(record.source, mapping);
  const days = daysOf(period, mapping.period);
  const name = slugFor([source.dataset, source.number, `${source.occurrence}`]);
  return {
    kind: 'allocation',
    source,
    rows: [
      fundRow(mapping, { name: days.start.slice(0, 4), currency, holder }),
      {
        record: 'allocation',
        name,
        title: cleanText(title) || source.number,
        holder,
        purpose: name,
      },
    ],
    amount,
    currency,
    period: days,
    details: writeDetails(record),
  };
}

function paymentOf(record: Payment, books: Books, column: string): Move | LineFault {
  const { money, date = '', payee, purpose } = record;
  if (!DAY.test(date)) {
    const code = date === '' ? 'FORMATS_FIELD_MISSING' : 'FORMATS_DATE_UNREADABLE';
    return { field: column, code, expected: 'a date as YYYY-MM-DD', found: date };
  }
  const { mapping, holder } = books;
  const { minor, currency } = money;
  const title = payeeTitle(payee);
  return {
    kind: minor < 0n ? 'credit' : 'payment',
    source: fiscalSource(record.source, mapping),
    rows: [
      fundRow(mapping, { name: mapping.dataset, currency, holder }),
      { record: 'commitment', name: slugFor([mapping.dataset, title]), title, holder, purpose: '' },
    ],
    amount: minor < 0n ? -minor : minor,
    currency,
    period: mapping.period,
    date,
    purpose: cleanText(purpose ?? '') || undefined,
    details: writeDetails(record),
  };
}

/** The publisher's own identity stands in the details, whatever characters it has. */
export function fiscalSource(
  { publisher, dataset, number, occurrence }: RecordSource,
  mapping: Pick<BooksMapping, 'publisher' | 'dataset'>,
): RecordSource {
  return {
    publisher: mapping.publisher,
    dataset: `${mapping.dataset}/${wordFor(`${publisher} ${dataset}`)}`,
    number: number.length <= NUMBER_MAX && number !== '' ? cleanText(number) : wordFor(number),
    occurrence,
  };
}

/** First and last day of what may be a year or a month; the mapping's where nothing is said. */
function daysOf({ start, end = start }: Period, usual: Days): Days {
  if (start === undefined || end === undefined) return usual;
  const first = `${start}-01-01`.slice(0, 10);
  const year = Number(end.slice(0, 4));
  const month = Number(end.slice(5, 7) || '12');
  const last = new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
  return { start: first, end: end.length === 10 ? end : last };
}
