/**
 * IATI activities: each is an allocation of its publisher's fund; under it stands a commitment for
 * each payee, which the activity's commitments raise or lower and out of which its payments go.
 * What comes in, budgets and plans are no money of this fund: they stand in the activity's details.
 */
import type { LineFault } from '../errors.ts';
import type { IatiActivity } from '../iati/activity.ts';
import { INCOMING_TYPES } from '../iati/versions.ts';
import { slugFor, wordFor } from '../names.ts';
import type {
  Commitment,
  Organisation,
  Party,
  Payment,
  RecordSource,
  SourcePlace,
} from '../records.ts';
import { cleanText } from '../text.ts';
import type { BooksMapping } from './books.ts';
import { fundRow } from './books.ts';
import { writeDetails } from './details.ts';
import type { MoneyLine, MoneyRow, Move } from './move.ts';
import { checkDetails, payeeTitle } from './move.ts';

const NUMBER_MAX = 64;
const IMPLEMENTING = '4';

interface Books {
  readonly file: string;
  readonly mapping: BooksMapping;
  readonly holder: string;
}

/**
 * Lines of one file, activity by activity: the activity itself, then its transactions.
 * @param holder  organisation that keeps the fund; else the publisher does
 */
export function iatiMoves(
  file: string,
  activities: Iterable<IatiActivity>,
  {
    mapping,
    holder = mapping.publisher,
  }: { readonly mapping: BooksMapping; readonly holder?: string },
): readonly MoneyLine[] {
  const books = { file, mapping, holder };
  return [...activities].flatMap((activity) => linesOf(activity, books));
}

function linesOf(activity: IatiActivity, books: Books): readonly MoneyLine[] {
  const { payments, transactions, line, column } = activity;
  const { mapping, file } = books;
  const { currency } = mapping;
  const incoming = payments.filter(({ type = '' }) => INCOMING_TYPES.has(type));
  const promised: MoneyLine[] = [];
  const paid: MoneyLine[] = [];
  const refused: MoneyLine[] = [];
  for (const { record, faults, ...at } of transactions) {
    const place = { file, ...at };
    if (record === undefined) {
      refused.push({ ...place, ok: false, faults, amount: undefined, currency });
    } else if (record.kind === 'commitment') {
      promised.push(checkDetails(promiseOf(record, activity, books), place));
    } else if (!INCOMING_TYPES.has(record.type ?? '')) {
      paid.push(paymentOf(record, activity, { books, place, faults }));
    }
  }
  const head = checkDetails(headOf(activity, incoming, books), { file, line, column });
  return [head, ...promised, ...paid, ...refused];
}

/** What the activity says itself, with the money that is none of this fund. */
function headOf(activity: IatiActivity, incoming: readonly Payment[], books: Books): Move {
  const { commitments, payments, findings: _f, transactions: _t, column: _c, ...head } = activity;
  const { mapping } = books;
  const first = [...commitments, ...payments][0]?.money;
  const currency = first?.currency ?? mapping.currency;
  return {
    kind: 'allocation',
    source: activitySource(activity, mapping),
    rows: rowsOf(activity, currency, books),
    amount: 0n,
    currency,
    period: mapping.period,
    details: writeDetails({ ...head, payments: incoming }),
  };
}

/** Under which the ledger keeps what the activity says itself. */
export function activitySource(
  { identifier }: Pick<IatiActivity, 'identifier'>,
  { publisher, dataset }: Series,
): RecordSource {
  return { publisher, dataset, number: wordFor(identifier), occurrence: 1 };
}

/** The fund and the activity's allocation in it. */
function rowsOf(
  { identifier, title }: IatiActivity,
  currency: string,
  { mapping, holder }: Books,
): readonly MoneyRow[] {
  const name = slugFor([identifier]);
  return [
    fundRow(mapping, { name: mapping.dataset, currency, holder }),
    {
      record: 'allocation',
      name,
      title: cleanText(title) || identifier,
      holder,
      purpose: name,
    },
  ];
}

/** The first that carries an activity out. */
export function implementing(parties: readonly Party[]): Party | undefined {
  return parties.find(({ roles }) => roles.includes(IMPLEMENTING));
}

/** Who gets the money; where a transaction does not say, whoever carries the activity out. */
function payeeRow(
  payee: Organisation | undefined,
  { identifier, parties }: IatiActivity,
  holder: string,
): MoneyRow {
  const title = payeeTitle(payee ?? implementing(parties));
  return { record: 'commitment', name: slugFor([identifier, title]), title, holder, purpose: '' };
}

type Series = Pick<BooksMapping, 'publisher' | 'dataset'>;

/** Activity and number as the ledger takes them; the publisher's own stand in the details. */
export function iatiSource(
  { dataset, number, occurrence }: RecordSource,
  mapping: Series,
): RecordSource {
  const word = number.length <= NUMBER_MAX ? cleanText(number) : wordFor(number);
  return {
    publisher: mapping.publisher,
    dataset: `${mapping.dataset}/${wordFor(dataset)}`,
    number: word,
    occurrence,
  };
}

function baseOf(record: Commitment | Payment, activity: IatiActivity, books: Books) {
  const { minor, currency } = record.money;
  return {
    source: iatiSource(record.source, books.mapping),
    rows: [...rowsOf(activity, currency, books), payeeRow(record.payee, activity, books.holder)],
    amount: minor < 0n ? -minor : minor,
    currency,
    period: books.mapping.period,
    details: writeDetails(record),
  };
}

function promiseOf(commitment: Commitment, activity: IatiActivity, books: Books): Move {
  const date = commitment.period.start ?? 'an unknown day';
  const kind = commitment.money.minor < 0n ? 'return' : 'increase';
  const reason = `Published as a commitment of ${date}.`;
  return { kind, reason, ...baseOf(commitment, activity, books) };
}

/** A payment whose date cannot be read is refused for it, though its amount is known. */
function paymentOf(
  payment: Payment,
  activity: IatiActivity,
  {
    books,
    place,
    faults,
  }: {
    readonly books: Books;
    readonly place: SourcePlace;
    readonly faults: readonly LineFault[];
  },
): MoneyLine {
  const { date, purpose: text = '', money } = payment;
  const { minor: amount, currency } = money;
  if (date === undefined) return { ...place, ok: false, faults, amount, currency };
  const kind = amount < 0n ? 'credit' : 'payment';
  const purpose = cleanText(text) || undefined;
  const base = baseOf(payment, activity, books);
  return checkDetails({ kind, date, purpose, ...base }, place);
}
