/**
 * Funded projects as commitments of their fund. The ledger promises what the fund itself gives; the
 * money of others, the dates and the places of a project stand in the details of its line.
 */
import type { FundsLine } from '../funds-csv.ts';
import type { FundsMapping } from '../funds-mapping.ts';
import { slugFor, wordFor } from '../names.ts';
import type { Commitment, RecordSource } from '../records.ts';
import { fundRow } from './books.ts';
import { writeDetails } from './details.ts';
import type { MoneyLine, OpeningMove } from './move.ts';
import { checkDetails } from './move.ts';

const NUMBER_MAX = 64;

/** @param holder  organisation that keeps the funds; else the publisher does */
export function fundsMoves(
  lines: Iterable<FundsLine>,
  mapping: FundsMapping,
  holder = mapping.publisher,
): readonly MoneyLine[] {
  return Array.from(lines, ({ file, line, ...reading }): MoneyLine => {
    const place = { file, line };
    if (!reading.ok) {
      const { faults, parts } = reading;
      const money = parts.find(({ name }) => name === 'subsidy')?.money;
      const currency = money?.currency ?? mapping.currency;
      return { ...place, ok: false, faults, amount: money?.minor, currency };
    }
    const { commitment } = reading;
    const details = writeDetails(commitment);
    return checkDetails(moveOf(commitment, { mapping, holder, details }), place);
  });
}

function moveOf(
  commitment: Commitment,
  {
    mapping,
    holder,
    details,
  }: { readonly mapping: FundsMapping; readonly holder: string; readonly details: string },
): OpeningMove {
  const { source, fund, money, payee } = commitment;
  const { currency, minor: amount } = money;
  const name = payee?.name ?? '';
  return {
    kind: 'commitment',
    source: fundsSource(source),
    rows: [
      fundRow(mapping, { name: fund, currency, holder }),
      {
        record: 'commitment',
        name: slugFor([source.dataset, source.number, `${source.occurrence}`, name]),
        title: name,
        holder,
        purpose: '',
      },
    ],
    amount,
    currency,
    period: mapping.period,
    details,
  };
}

/** Number as the ledger takes it; a long one of the publisher stands in the details. */
export function fundsSource({ number, ...source }: RecordSource): RecordSource {
  return { ...source, number: number.length <= NUMBER_MAX ? number : wordFor(number) };
}
