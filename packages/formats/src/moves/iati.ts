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
import type { MoneyLine, MoneyRow } from './move.ts';
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
  const { commitments, payments, refused, line, column } = activity;
  const { mapping, file } = books;
  const incoming = payments.filter(({ type = '' }) => INCOMING_TYPES.has(type));
  const outgoing = payments.filter(({ type = '' }) => !INCOMING_TYPES.has(type));
  return [
    headOf(activity, incoming, books),
    ...commitments.map((commitment) => promiseOf(commitment, activity, books)),
    ...outgoing.map((payment) => paymentOf(payment, activity, books)),
    ...refused.map(
      (transaction): MoneyLine => ({
        file,
        ...transaction,
        ok: false,
        amount: undefined,
        currency: mapping.currency,
      }),
    ),
  ].map((entry) => (entry.ok ? checkDetails(entry.move, { file, line, column }) : entry));
}

function refusedLine(
  place: SourcePlace,
  fault: LineFault,
  { amount, currency }: { readonly amount: bigint; readonly currency: string },
): MoneyLine {
  return { ...place, ok: false, faults: [fault], amount, currency };
}

/** What the activity says itself, with the money that is none of this fund. */
function headOf(activity: IatiActivity, incoming: readonly Payment[], books: Books): MoneyLine {
  const { commitments, payments, findings: _f, refused: _r, column, ...head } = activity;
  const { mapping, file } = books;
  const first = [...commitments, ...payments][0]?.money;
  const currency = first?.currency ?? mapping.currency;
  const move = {
    kind: 'allocation',
    source: activitySource(activity, mapping),
    rows: rowsOf(activity, currency, books),
    amount: 0n,
    currency,
    period: mapping.period,
    details: writeDetails({ ...head, payments: incoming }),
  } as const;
  return { file, line: activity.line, column, ok: true, move };
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

function promiseOf(commitment: Commitment, activity: IatiActivity, books: Books): MoneyLine {
  const { file } = books;
  const { line, column } = activity;
  const date = commitment.period.start ?? 'an unknown day';
  const kind = commitment.money.minor < 0n ? 'return' : 'increase';
  const reason = `Published as a commitment of ${date}.`;
  const base = baseOf(commitment, activity, books);
  return { file, line, column, ok: true, move: { kind, reason, ...base } };
}

function paymentOf(payment: Payment, activity: IatiActivity, books: Books): MoneyLine {
  const { file } = books;
  const place = { file, line: activity.line, column: activity.column };
  const { date, purpose: text = '', money } = payment;
  if (date === undefined) {
    const code = 'FORMATS_FIELD_MISSING';
    const fault = { field: 'transaction-date', code, expected: 'a date', found: '' } as const;
    return refusedLine(place, fault, { amount: money.minor, currency: money.currency });
  }
  const kind = money.minor < 0n ? 'credit' : 'payment';
  const purpose = cleanText(text) || undefined;
  const base = baseOf(payment, activity, books);
  return { ...place, ok: true, move: { kind, date, purpose, ...base } };
}
