/**
 * What the ledger says of a record that stands in a kept file. The file is its holder's word only:
 * what is not on the ledger does not come out of it, and where both say something the ledger wins.
 */
import type { LineFault } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { Money, Organisation } from '../records.ts';
import type { KeptLine, LineRecord } from './kept.ts';
import { isNamed, isPurpose, movedBy, titleOf } from './kept.ts';
import { payeeTitle } from './move.ts';

/** What has to be changed so that a file says what the ledger says; nothing where it is empty. */
export interface Correction {
  readonly title?: string;
  readonly money?: Money;
  readonly date?: string;
  readonly purpose?: string;
}

export type LedgerWord =
  | { readonly kind: 'absent' }
  | { readonly kind: 'differs'; readonly fault: LineFault }
  | { readonly kind: 'there'; readonly correction: Correction };

const ACTIONS: Readonly<Record<LineRecord['kind'], ReadonlySet<string>>> = {
  activity: new Set(['allocate']),
  appropriation: new Set(['allocate']),
  commitment: new Set(['increaseCommitment', 'returnCommitment']),
  payment: new Set(['disburse', 'credit']),
};
const ABSENT: LedgerWord = { kind: 'absent' };

/**
 * @param line   what is on the ledger under the identity of the record
 * @param payee  who gets the money where the record does not say
 */
export function wordOf(
  record: LineRecord,
  line: KeptLine | undefined,
  payee?: Organisation,
): LedgerWord {
  if (line === undefined || !ACTIONS[record.kind].has(line.action)) return ABSENT;
  if (record.kind === 'activity' || record.kind === 'appropriation') {
    const title = titleOf(record);
    const renamed = title !== undefined && line.title !== undefined && !isNamed(title, line.title);
    return there({ ...(renamed && { title: line.title }), ...moneyOf(record, line) });
  }
  const told = record.payee ?? payee;
  const isPaid =
    line.payee === undefined ? told === undefined : isNamed(payeeTitle(told), line.payee);
  if (!isPaid) return differs('payee', line.payee ?? 'a person', told?.name ?? '');
  if (record.kind === 'commitment') return there(moneyOf(record, line));
  const { payment } = line;
  if (payment === undefined) return ABSENT;
  const { date, description = '' } = payment;
  return there({
    ...moneyOf(record, line),
    ...(date !== record.date && { date }),
    ...(!isPurpose(record.purpose, payment.description) && { purpose: description }),
  });
}

function there(correction: Correction): LedgerWord {
  return { kind: 'there', correction };
}

/** @param field  of the record */
export function differs(field: string, expected: string, found: string): LedgerWord {
  return { kind: 'differs', fault: differenceOf(field, expected, found) };
}

/** What is told of a difference. */
export function differenceOf(field: string, expected: string, found: string): LineFault {
  const code = 'FORMATS_DETAILS_DIFFER';
  return { field, code, expected, found: found.slice(0, FOUND_SHOWN_MAX) };
}

function moneyOf(record: LineRecord, line: KeptLine): Pick<Correction, 'money'> {
  if (record.kind === 'activity') return {};
  const { minor, currency } = record.money;
  const moved = movedBy(line);
  // An allocation is opened with what is taken out of it, if that is more than stated.
  const isMoved = record.kind === 'appropriation' ? minor >= 0n && minor <= moved : minor === moved;
  const isSame = isMoved && currency === line.amount.currency;
  return isSame ? {} : { money: { minor: moved, currency: line.amount.currency } };
}
