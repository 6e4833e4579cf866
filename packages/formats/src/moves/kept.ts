/**
 * The way back: imported lines as the treasury keeps them to the neutral records they came from. What
 * a format said beside stands in the details; a spending line is told by its payment and by the rows
 * that it hangs on.
 */
import type { FiscalRecord } from '../fiscal/package.ts';
import type { Classification, Commitment, Money, Payment, RecordSource } from '../records.ts';
import { readDetails } from './details.ts';

/** A row of a fund by its name and title. */
export interface KeptRow {
  readonly name: string;
  readonly title: string;
}

/** An imported line with the payment that it became, where it became one. */
export interface KeptLine {
  readonly source: RecordSource;
  readonly action: string;
  /** As the ledger has it: never negative. */
  readonly amount: Money;
  readonly details?: string | undefined;
  readonly payment?: {
    readonly date: string;
    readonly payee: string;
    readonly description?: string | undefined;
    /** Allocations between the appropriation and the commitment, from the top. */
    readonly rows: readonly KeptRow[];
  };
}

/** Names of the allocations of a spending line, from the top. */
const SPEND_LEVELS = ['body', 'area'] as const;

/** A payment of a spending line: everything that its format read. */
export function keptPayment(line: KeptLine): Payment | undefined {
  const { source, action, amount, payment } = line;
  if (payment === undefined || Object.hasOwn(detailsOf(line), 'kind')) return undefined;
  const { payee = payment.payee, area } = detailsOf(line);
  const { minor, currency } = amount;
  const classifications = payment.rows.flatMap(
    ({ name, title }, index): readonly Classification[] => {
      const level = SPEND_LEVELS[index];
      return level === undefined
        ? []
        : [
            {
              scheme: `${source.publisher}/${level}`,
              code: name,
              title: level === 'area' && typeof area === 'string' ? area : title,
            },
          ];
    },
  );
  return {
    kind: 'payment',
    source,
    date: payment.date,
    money: { minor: action === 'credit' ? -minor : minor, currency },
    payee: { name: String(payee), identifiers: [] },
    ...(payment.description !== undefined && { purpose: payment.description }),
    classifications,
  };
}

/**
 * The record in the details of a line, as its format read it; undefined where it has none, or one of
 * other money than the ledger moved: whoever may commit money may write details by hand.
 */
export function keptRecord(line: KeptLine): Readonly<Record<string, unknown>> | undefined {
  const details = detailsOf(line);
  return Object.hasOwn(details, 'kind') && isOfLine(details, line) ? details : undefined;
}

const TAKEN_BACK: ReadonlySet<string> = new Set(['returnCommitment', 'credit']);

function isOfLine(
  { kind, money }: Readonly<Record<string, unknown>>,
  { action, amount: { minor, currency } }: KeptLine,
): boolean {
  if (kind !== 'commitment' && kind !== 'payment') return true;
  if (typeof money !== 'object' || money === null) return false;
  const signed = TAKEN_BACK.has(action) ? -minor : minor;
  return (
    'minor' in money && money.minor === signed && 'currency' in money && money.currency === currency
  );
}

/** The commitments among the records of lines. */
export function keptCommitments(lines: Iterable<KeptLine>): readonly Commitment[] {
  // Details are what `writeDetails` made of a record; `kind` says of which.
  return Array.from(lines, keptRecord)
    .filter((record) => record?.kind === 'commitment')
    .map((record) => record as unknown as Commitment);
}

/** A record that a Fiscal Data Package holds; payments of other formats say of what type they are. */
export function keptFiscal(line: KeptLine): FiscalRecord | undefined {
  const record = keptRecord(line);
  const isFiscal =
    record?.kind === 'appropriation' || (record?.kind === 'payment' && record.type === undefined);
  // As above.
  return isFiscal ? (record as unknown as FiscalRecord) : undefined;
}

function detailsOf({ details }: KeptLine): Readonly<Record<string, unknown>> {
  return (details === undefined ? undefined : readDetails(details)) ?? {};
}
