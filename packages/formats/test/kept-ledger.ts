/** What the treasury keeps of moves, without a treasury: test/imports shows that it does. */
import type { KeptLine, KeptSeries, MoneyLine, Move, RecordSource } from '../src/index.ts';

export const movesOf = (lines: readonly MoneyLine[]): readonly Move[] =>
  lines.flatMap((line): readonly Move[] => (line.ok ? [line.move] : []));

const ACTIONS: Readonly<Record<Move['kind'], string>> = {
  allocation: 'allocate',
  commitment: 'commit',
  increase: 'increaseCommitment',
  return: 'returnCommitment',
  payment: 'disburse',
  credit: 'credit',
};

/** The line that a move becomes. */
export function keptLineOf(move: Move): KeptLine {
  const { source, amount: minor, currency, details, rows, kind } = move;
  const row = rows.at(-1);
  const line = {
    source,
    action: ACTIONS[kind],
    amount: { minor, currency },
    details,
    holder: row?.holder,
  };
  if (kind === 'allocation') return { ...line, title: row?.title };
  if (!('date' in move)) return { ...line, payee: row?.title };
  const payment = { date: move.date, description: move.purpose, rows: rows.slice(1, -1) };
  return { ...line, payee: row?.title, payment };
}

const idOf = (source: RecordSource): string =>
  JSON.stringify([source.publisher, source.dataset, source.number, source.occurrence]);

/** A series with these lines on the ledger. */
export function seriesWith(
  lines: readonly KeptLine[],
  { publisher, dataset }: Pick<KeptSeries, 'publisher' | 'dataset'>,
): KeptSeries {
  const known = new Map(lines.map((line) => [idOf(line.source), line]));
  return { publisher, dataset, lineOf: (source) => known.get(idOf(source)) };
}
