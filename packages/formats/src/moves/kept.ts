/**
 * The way back: imported lines as the treasury keeps them to the neutral records they came from.
 * Whoever may commit money writes the details of a line, so they are read like a file of a stranger,
 * and the ledger's word wins: details that tell of other money, another payee or another line are
 * left out of what is published, and told; date and purpose of a payment are those of the ledger,
 * where they may have been corrected since.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { LineFault } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { Misfit } from '../record-shapes.ts';
import type { Classification, Money, Payment, RecordSource } from '../records.ts';
import { cleanText } from '../text.ts';
import { implementing } from './iati.ts';
import type { ActivityHead } from './kept-activities.ts';
import { activityOf } from './kept-activities.ts';
import type { KeptRecord } from './kept-details.ts';
import { readKeptRecord, readSpendDetails } from './kept-details.ts';
import { payeeTitle, shown } from './move.ts';
import type { SpendDetails } from './spend.ts';

/** A row of a fund by its name and title. */
export interface KeptRow {
  readonly name: string;
  readonly title: string;
}

/** An imported line with what the ledger's own rows say of it. */
export interface KeptLine {
  readonly source: RecordSource;
  /** Of the treasury: what the line became. */
  readonly action: string;
  /** As the ledger has it: never negative. */
  readonly amount: Money;
  readonly details?: string | undefined;
  /** Slug of the organisation that holds the row which the line is of. */
  readonly holder?: string | undefined;
  /** Name of the organisation that gets the money; absent for an allocation, and for a person. */
  readonly payee?: string | undefined;
  /** Of an allocation. */
  readonly title?: string | undefined;
  /** Of a payment or credit. */
  readonly payment?:
    | {
        /** `YYYY-MM-DD`. */
        readonly date: string;
        readonly description?: string | undefined;
        /** Allocations between the appropriation and the commitment, from the top. */
        readonly rows: readonly KeptRow[];
      }
    | undefined;
}

/** Why a line has no record that may be published as its publisher's. */
export interface KeptFinding extends LineFault {
  /** The line, under the identity that the ledger knows it by. */
  readonly source: RecordSource;
}

export interface KeptRecords {
  readonly records: readonly KeptRecord[];
  readonly findings: readonly KeptFinding[];
}

/** What a line may be a record of. */
export type LineRecord = KeptRecord['record'];

const TAKEN_BACK: ReadonlySet<string> = new Set(['returnCommitment', 'credit']);

/** Minor units that a line moved, negative where money came back. */
export function movedBy({ action, amount }: Pick<KeptLine, 'action' | 'amount'>): bigint {
  return TAKEN_BACK.has(action) ? -amount.minor : amount.minor;
}

/** The records of lines, in their order; every line has a record or a finding. */
export function readKeptLines(lines: Iterable<KeptLine>): KeptRecords {
  const read = Array.from(lines, (line) => ({ line, kept: readLine(line) }));
  const heads = new Map<string, ActivityHead>();
  for (const { kept } of read) {
    if (!kept.ok || kept.value.origin !== 'iati') continue;
    const { record } = kept.value;
    if (record.kind === 'activity') heads.set(activityOf(kept.value), record);
  }
  const records: KeptRecord[] = [];
  const findings: KeptFinding[] = [];
  for (const { line, kept } of read) {
    const checked = kept.ok ? checkPayee(kept.value, line, heads) : kept;
    if (checked.ok) records.push(checked.value);
    else findings.push({ source: line.source, ...checked.reason });
  }
  return { records, findings };
}

type Reading = Result<KeptRecord, LineFault>;

function readLine(line: KeptLine): Reading {
  const isPayment = line.action === 'disburse' || line.action === 'credit';
  if (isPayment && line.payment === undefined) {
    const expected = 'a payment of the fund';
    return fault('FORMATS_REFERENCE_UNKNOWN', { pointer: '', expected, found: '' });
  }
  const spend = isPayment ? readSpendDetails(line) : undefined;
  if (spend?.ok) return ok({ origin: 'spend', record: spendPayment(line, spend.value) });
  const read = spend ?? readKeptRecord(line);
  if (!read.ok) return fault('FORMATS_DETAILS_INVALID', read.reason);
  return differenceOf(read.value, line) ?? ok(asCorrected(read.value, line));
}

function fault(
  code: LineFault['code'],
  { pointer, expected, found }: Misfit,
): Result<never, LineFault> {
  return fail({ field: pointer, code, expected, found: found.slice(0, FOUND_SHOWN_MAX) });
}

function differs(pointer: string, expected: string, found: string): Result<never, LineFault> {
  return fault('FORMATS_DETAILS_DIFFER', { pointer, expected, found });
}

/** Where details tell of another move than the ledger made; payees are judged when all is read. */
function differenceOf(
  { record }: KeptRecord,
  line: KeptLine,
): Result<never, LineFault> | undefined {
  const title = titleOf(record);
  if (title !== undefined && !isNamed(title, line.title)) {
    return differs('/title', line.title ?? '', title);
  }
  if (record.kind === 'activity') return undefined;
  const { minor, currency } = record.money;
  const moved = movedBy(line);
  // An allocation is opened with what is taken out of it, if that is more than stated.
  const isMoved = record.kind === 'appropriation' ? minor >= 0n && minor <= moved : minor === moved;
  return isMoved && currency === line.amount.currency
    ? undefined
    : differs('/money', `${line.amount.currency} ${moved}`, `${currency} ${minor}`);
}

/** What the allocation of a record is called. */
export function titleOf(record: LineRecord): string | undefined {
  if (record.kind === 'activity') return cleanText(record.title) || record.identifier;
  if (record.kind === 'appropriation') return cleanText(record.title) || record.source.number;
  return undefined;
}

/** Case makes no other name, and the ledger has the beginning of a long one. */
export function isNamed(name: string, onLedger: string | undefined): boolean {
  return shown(name).toUpperCase() === onLedger?.toUpperCase();
}

/** A payment with the date and the purpose that the ledger has for it now. */
function asCorrected(kept: KeptRecord, { payment }: KeptLine): KeptRecord {
  if (kept.record.kind !== 'payment' || payment === undefined) return kept;
  const { purpose, ...told } = kept.record;
  const { date, description } = payment;
  const text = isPurpose(purpose, description) ? purpose : description;
  const record: Payment = { ...told, date, ...(text !== undefined && { purpose: text }) };
  return kept.origin === 'iati' ? { ...kept, record } : { origin: 'fiscal', record };
}

/** The ledger has the beginning of a long purpose, cleaned. */
export function isPurpose(purpose: string | undefined, onLedger: string | undefined): boolean {
  return (shown(cleanText(purpose ?? '')) || undefined) === onLedger;
}

/** A move without a head belongs to no activity; records must name whom the ledger pays. */
function checkPayee(
  kept: KeptRecord,
  { payee }: KeptLine,
  heads: ReadonlyMap<string, ActivityHead>,
): Reading {
  const { record } = kept;
  if (kept.origin === 'spend') return ok(kept);
  if (record.kind === 'activity' || record.kind === 'appropriation') return ok(kept);
  const head = kept.origin === 'iati' ? heads.get(activityOf(kept)) : undefined;
  if (kept.origin === 'iati' && head === undefined) {
    const expected = 'an activity of this series';
    const { dataset: found } = record.source;
    return fault('FORMATS_REFERENCE_UNKNOWN', { pointer: '/source/dataset', expected, found });
  }
  const told = record.payee ?? (head && implementing(head.parties));
  const isPaid = payee === undefined ? told === undefined : isNamed(payeeTitle(told), payee);
  return isPaid ? ok(kept) : differs('/payee', payee ?? 'a person', told?.name ?? '');
}

/** Names of the allocations of a spending line, from the top. */
const SPEND_LEVELS = ['body', 'area'] as const;

/**
 * A payment of a spending line, which the ledger tells whole. Its details only spell payee and area
 * as this line did, so they count where they name the same: with another name the payment stays in
 * what is published, under the name that the ledger has, and a person never gets one.
 */
function spendPayment(line: KeptLine, { payee: spelled, area, body, more }: SpendDetails): Payment {
  const { source, amount, payment } = line;
  const payee = spelled !== undefined && isNamed(spelled, line.payee) ? spelled : line.payee;
  const classifications = (payment?.rows ?? []).flatMap(
    ({ name, title }, index): readonly Classification[] => {
      const level = SPEND_LEVELS[index];
      if (level === undefined) return [];
      const scheme = `${source.publisher}/${level}`;
      if (level === 'body') return [{ scheme, code: name, title: body ?? title }];
      const isSpelled = area !== undefined && isNamed(area, title);
      return [{ scheme, code: name, title: isSpelled ? area : title }];
    },
  );
  return {
    kind: 'payment',
    source,
    ...(payment && { date: payment.date }),
    money: { minor: movedBy(line), currency: amount.currency },
    ...(payee !== undefined && { payee: { name: payee, identifiers: [] } }),
    ...(payment?.description !== undefined && { purpose: payment.description }),
    classifications,
    ...(more !== undefined && { more }),
  };
}
