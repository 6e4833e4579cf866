/**
 * What every format comes to before it reaches the treasury: lines, each a move of money on its
 * branch of a fund, or refused with its faults. Formats differ in how they get here; planning,
 * counting and importing are the same for all.
 */
import type { LineFault } from '../errors.ts';
import type { Organisation, Period, RecordSource, SourcePlace } from '../records.ts';
import { cleanText } from '../text.ts';
import { DETAILS_MAX } from './details.ts';

/** Longest title and description of a row of the treasury, in characters. */
const SHOWN_MAX = 200;
const UNSPECIFIED = 'Unspecified';

/** A row of a fund's tree, apart from where it hangs. */
export interface MoneyRow {
  readonly record: 'appropriation' | 'allocation' | 'commitment';
  /** Slug, unique within the fund; of an appropriation the name of the fund. */
  readonly name: string;
  /** Of a commitment, the payee. */
  readonly title: string;
  /** Slug of the organisation that holds the row. */
  readonly holder: string;
  /** The row's own part of the purpose path; empty if it is its parent's. */
  readonly purpose: string;
}

/** First and last day, both included. */
export type Days = Readonly<Required<Period>>;

interface MoveBase {
  /** Identity under which the ledger keeps the line. */
  readonly source: RecordSource;
  /** From the appropriation down to the row that the move opens or is made on. */
  readonly rows: readonly MoneyRow[];
  /** Minor units, never negative. */
  readonly amount: bigint;
  readonly currency: string;
  /** In which the money of the fund may be spent. */
  readonly period: Days;
  /** What the treasury has no field for; see `writeDetails`. */
  readonly details?: string;
}

/** Opens the last row with this amount, or with what is taken out of it if that is more. */
export interface OpeningMove extends MoveBase {
  readonly kind: 'allocation' | 'commitment';
}

/** Promises more or less under the commitment at the end of the rows. */
export interface PromiseMove extends MoveBase {
  readonly kind: 'increase' | 'return';
  /** Why, for the feed of discretionary acts. */
  readonly reason: string;
}

/** Money that left, or came back, under the commitment at the end of the rows. */
export interface PaymentMove extends MoveBase {
  readonly kind: 'payment' | 'credit';
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** What it was for, in the words of the source. */
  readonly purpose: string | undefined;
}

export type Move = OpeningMove | PromiseMove | PaymentMove;

/** What became of one line of a source: a move, or its faults and what is known of its amount. */
export type MoneyLine = SourcePlace &
  (
    | { readonly ok: true; readonly move: Move }
    | {
        readonly ok: false;
        readonly faults: readonly LineFault[];
        /** Signed minor units; undefined if the amount itself could not be read. */
        readonly amount: bigint | undefined;
        readonly currency: string;
      }
  );

/** Minor units, negative where money comes back. */
export function signedOf({ kind, amount }: Pick<Move, 'kind' | 'amount'>): bigint {
  return kind === 'return' || kind === 'credit' ? -amount : amount;
}

/** A text as a row of the treasury takes it: whole if it is short enough, else its beginning. */
export function shown(text: string): string {
  const characters = [...text];
  return characters.length <= SHOWN_MAX
    ? text
    : `${characters.slice(0, SHOWN_MAX - 1).join('')}…`.normalize('NFC');
}

/** The payee of a row of the treasury, where a format may name none. */
export function payeeTitle(payee: Organisation | undefined): string {
  return cleanText(payee?.name ?? '') || UNSPECIFIED;
}

/** The line of a move, refused if its details are longer than the treasury keeps. */
export function checkDetails(move: Move, place: SourcePlace): MoneyLine {
  const { length } = move.details ?? '';
  if (length <= DETAILS_MAX) return { ...place, ok: true, move };
  const fault = {
    field: '',
    code: 'FORMATS_FIELD_TOO_LONG',
    expected: `at most ${DETAILS_MAX} characters of JSON`,
    found: `${length}`,
  } as const;
  return { ...place, ok: false, faults: [fault], amount: signedOf(move), currency: move.currency };
}
