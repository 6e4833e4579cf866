/**
 * What became of the lines that were handed in: a line that the ledger refused is not imported,
 * so it moves from one side of the totals to the other, and its reason stands beside those of the
 * files.
 */
import type { Outcome } from '@daybook/client';
import type { ImportTotals, PlannedLine } from '@daybook/formats';

/** A line that is not on the ledger after the import. */
export interface RefusedLine {
  readonly file: string;
  readonly line: number;
  /** Column of that line, from 1, in XML. */
  readonly column?: number;
  /** Header of the column, path of an XML element, or field of the action; empty for the whole line. */
  readonly field: string;
  /** Code of the reason: of the mapper, of the contract or of the node. */
  readonly reason: string;
  readonly expected?: string;
  readonly found?: string;
}

/** A line that was handed in and is not on the ledger. */
export interface RefusedEntry {
  readonly planned: PlannedLine;
  readonly line: RefusedLine;
}

/** Another run of the same import was faster: the line is on the ledger. */
const ALREADY_THERE: ReadonlySet<string> = new Set([
  'TREASURY_ALREADY_IMPORTED',
  'TREASURY_PAYMENT_EXISTS',
]);

/** Whether the line is on the ledger, and by whom. */
export type Settled = 'added' | 'there' | RefusedEntry;

/** Reads an outcome; undefined is a batch that answered too little. */
export function settleLine(planned: PlannedLine, outcome: Outcome | undefined): Settled {
  const held = heldBy(outcome);
  if (outcome?.state === 'committed' && held === undefined) return 'added';
  const { file, line } = planned;
  const refused = (reason: string, rest: Partial<RefusedLine>): RefusedEntry => ({
    planned,
    line: { file, line, field: '', reason, ...rest },
  });
  if (held !== undefined) return refused('CLI_LINE_HELD', { found: held });
  if (outcome?.state !== 'refused') {
    const reason = outcome?.state === 'expired' ? 'CLI_LINE_EXPIRED' : 'CLI_LINE_UNDECIDED';
    return refused(reason, { found: outcome?.state ?? 'no answer' });
  }
  const { code, detail, errors } = outcome.problem;
  if (ALREADY_THERE.has(code)) return 'there';
  const [fault] = errors ?? [];
  // `/calls/0/args/amount/minor` is about the amount.
  const field = fault?.pointer?.split('/')[4] ?? '';
  const expected = fault === undefined ? {} : { expected: fault.expected };
  return refused(code, { field, found: fault?.found ?? detail, ...expected });
}

/** Events of the ledger that say: this call is kept, and has no effect yet. */
const KEPT_EVENTS: ReadonlySet<string> = new Set(['held', 'waiting']);

/** Why a final call has not taken effect yet; undefined if it has, or was never kept. */
export function heldBy(outcome: Outcome | undefined): string | undefined {
  if (outcome?.state !== 'committed') return undefined;
  const event = outcome.receipt.events.find(
    ({ contract, name }) => contract === 'ledger' && KEPT_EVENTS.has(name),
  );
  if (event === undefined) return undefined;
  const { call, guard = 'approval by further officers' } = event.fields;
  return `call ${String(call)}, kept for ${String(guard)}`;
}

/** A line that an earlier run handed in, and that still waits. */
export function heldEarlier(planned: PlannedLine, found: string): RefusedEntry {
  const { file, line } = planned;
  return { planned, line: { file, line, field: '', reason: 'CLI_LINE_HELD', found } };
}

/** Totals of the files as they stand after the ledger has spoken, too. */
export function withRefusals(
  totals: readonly ImportTotals[],
  refused: readonly RefusedEntry[],
): readonly ImportTotals[] {
  return totals.map((total) =>
    refused
      .map(({ planned }) => planned)
      .filter(({ currency }) => currency === total.currency)
      .reduce(moveOver, total),
  );
}

function moveOver(total: ImportTotals, { amount }: PlannedLine): ImportTotals {
  const isBack = amount < 0n;
  return {
    ...total,
    imported: total.imported - amount,
    refused: total.refused + amount,
    linesImported: total.linesImported - 1,
    linesRefused: total.linesRefused + 1,
    credits: total.credits - (isBack ? 1 : 0),
    credited: total.credited + (isBack ? amount : 0n),
  };
}
