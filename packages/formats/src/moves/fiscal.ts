/**
 * Rows of a Fiscal Data Package: a budget line is an allocation of the publisher's fund for its
 * period, a payment goes out under a commitment for its payee. The row as it was read stands in the
 * details of its line.
 */
import type { LineFault } from '../errors.ts';
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
  readonly place: SourcePlace;
  readonly mapping: BooksMapping;
  readonly holder: string;
}

/**
 * Lines of one package: its records, then its rows that could not be read.
 * @param file    name of the descriptor
 * @param holder  organisation that keeps the fund; else the publisher does
 */
export function fiscalMoves(
  file: string,
  { records, findings }: FiscalPackage,
  {
    mapping,
    holder = mapping.publisher,
  }: { readonly mapping: BooksMapping; readonly holder?: string },
): readonly MoneyLine[] {
  const books = { place: { file, line: 1 }, mapping, holder };
  const rows = new Map<string, LineFault[]>();
  const refused: MoneyLine[] = [];
  for (const { file: table, line, pointer, code, expected, found } of findings) {
    if (line === undefined) continue;
    const fault = { field: pointer, code, expected, found };
    const known = rows.get(`${table} ${line}`);
    if (known !== undefined) {
      known.push(fault);
      continue;
    }
    const faults = [fault];
    rows.set(`${table} ${line}`, faults);
    const { currency } = mapping;
    refused.push({ file: table, line, ok: false, faults, amount: undefined, currency });
  }
  return [...records.map((record) => lineOf(record, books)), ...refused];
}

function lineOf(record: FiscalRecord, books: Books): MoneyLine {
  const { place } = books;
  const { minor: amount, currency } = record.money;
  const read = moveOf(record, books);
  if ('code' in read) return { ...place, ok: false, faults: [read], amount, currency };
  return checkDetails(read, place);
}

function moveOf(record: FiscalRecord, books: Books): Move | LineFault {
  const details = writeDetails(record);
  return record.kind === 'payment'
    ? paymentOf(record, details, books)
    : budgetOf(record, details, books);
}

function faultOf(code: LineFault['code'], expected: string, found: string): LineFault {
  return { field: '', code, expected, found };
}

function budgetOf(record: Appropriation, details: string, books: Books): Move | LineFault {
  const { money, title, period } = record;
  const { minor: amount, currency } = money;
  if (amount < 0n) {
    return faultOf('FORMATS_AMOUNT_NEGATIVE', 'an amount of at least zero', `${amount}`);
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
    details,
  };
}

function paymentOf(record: Payment, details: string, books: Books): Move | LineFault {
  const { money, date = '', payee, purpose } = record;
  if (!DAY.test(date)) return faultOf('FORMATS_FIELD_MISSING', 'a date as YYYY-MM-DD', date);
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
    details,
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
