/** The report of the main job: one object for machines, the same facts for people, and a verdict. */
import type { ImportReport, RefusedLine } from '@daybook/cli';
import type { ImportTotals } from '@daybook/formats';
import type { Survey } from './survey.ts';
import { percentile } from './survey.ts';
import type { Proof } from './trail.ts';

/** Everything that was measured. */
export interface Findings {
  readonly validators: number;
  readonly observers: number;
  readonly survey: Survey;
  readonly first: readonly ImportReport[];
  readonly second: readonly ImportReport[];
  /** Rate of the large import, the outage included. */
  readonly importPerSecond: number;
  /** From handing in a single payment over HTTP to the answer that it is final, in ms. */
  readonly finalityMs: readonly number[];
  readonly killedNodeCaughtUpMs: number;
  readonly proof: Proof;
  /** Minor units that the ledger's own books call spent, by currency. */
  readonly spent: ReadonlyMap<string, bigint>;
}

/** Sums in minor units of one currency; file = imported + refused. */
interface Totals {
  readonly currency: string;
  readonly file: number;
  readonly imported: number;
  readonly refused: number;
}

/** One line that is not on the ledger, by the first of its faults. */
interface Refusal {
  readonly file: string;
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

export interface Report {
  readonly validators: number;
  readonly observers: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly linesImported: number;
  readonly linesRefused: readonly Refusal[];
  readonly secondImportAdded: number;
  readonly importPerSecond: number;
  readonly finalityMs: { readonly p50: number; readonly p99: number };
  readonly stateRoots: readonly string[];
  readonly killedNodeCaughtUpMs: number;
  readonly proof: { readonly file: string; readonly valid: boolean; readonly bytes: number };
  /** Of the currency that most lines have; amounts of other currencies are never added to it. */
  readonly totals: Totals & { readonly otherCurrencies: readonly Totals[] };
}

const HOME_CURRENCY = 'GBP';

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A sum of money as JSON number: exact, or the report is refused. */
function exact(minor: bigint): number {
  const value = Number(minor);
  if (!Number.isSafeInteger(value)) throw new Error(`${minor} is more than a number can hold`);
  return value;
}

function addTotals(all: readonly ImportTotals[], currency: string): Totals {
  const own = all.filter((one) => one.currency === currency);
  const total = (field: 'file' | 'imported' | 'refused'): number =>
    exact(own.reduce((minor, one) => minor + one[field], 0n));
  const file = total('file');
  return { currency, file, imported: total('imported'), refused: total('refused') };
}

function totalsOf(reports: readonly ImportReport[]): Report['totals'] {
  const all = reports.flatMap(({ totals }) => totals);
  const others = [...new Set(all.map(({ currency }) => currency))]
    .filter((currency) => currency !== HOME_CURRENCY)
    .sort((a, b) => (a < b ? -1 : 1));
  const otherCurrencies = others.map((currency) => addTotals(all, currency));
  return { ...addTotals(all, HOME_CURRENCY), otherCurrencies };
}

/** A line may have several faults; it is refused once. */
function refusalsOf(lines: readonly RefusedLine[]): readonly Refusal[] {
  const byPlace = new Map<string, Refusal>();
  for (const { file, line, field, reason } of lines) {
    const place = `${file}:${line}`;
    if (!byPlace.has(place)) byPlace.set(place, { file, line, field, reason });
  }
  return [...byPlace.values()];
}

export function buildReport(findings: Findings): Report {
  const { survey, first, second, finalityMs, proof } = findings;
  return {
    validators: findings.validators,
    observers: findings.observers,
    blocks: survey.blocks,
    transactions: survey.transactions,
    linesImported: sum(first.map(({ linesImported }) => linesImported)),
    linesRefused: first.flatMap(({ linesRefused }) => refusalsOf(linesRefused)),
    secondImportAdded: sum(second.map(({ added }) => added)),
    importPerSecond: Math.round(findings.importPerSecond),
    finalityMs: {
      p50: oneDecimal(percentile(finalityMs, 0.5)),
      p99: oneDecimal(percentile(finalityMs, 0.99)),
    },
    stateRoots: survey.stateRoots,
    killedNodeCaughtUpMs: Math.round(findings.killedNodeCaughtUpMs),
    proof: { file: proof.file, valid: proof.valid, bytes: proof.bytes },
    totals: totalsOf(first),
  };
}

/** One thing that must hold. */
export interface Check {
  readonly title: string;
  readonly holds: boolean;
}

/** Everything that must hold for the run to count as good. */
export function checksOf(report: Report, findings: Findings): readonly Check[] {
  const { totals, stateRoots } = report;
  const lost = findings.first.flatMap(({ linesRefused }) =>
    linesRefused.filter(({ reason }) => !reason.startsWith('FORMATS_')),
  );
  const all = [totals, ...totals.otherCurrencies];
  return [
    {
      title: 'every line of the files is on the ledger or refused by name',
      holds: lost.length === 0,
    },
    {
      title: 'file = imported + refused, in every currency',
      holds: all.every(({ file, imported, refused }) => file === imported + refused),
    },
    {
      title: 'the books of the ledger add up to what the files say',
      holds: all.every(
        ({ currency, imported }) => findings.spent.get(currency) === BigInt(imported),
      ),
    },
    { title: 'a second import adds nothing', holds: report.secondImportAdded === 0 },
    {
      title: `all ${stateRoots.length} nodes hold the same state`,
      holds:
        stateRoots.length === report.validators + report.observers &&
        new Set(stateRoots).size === 1,
    },
    { title: 'the killed validator caught up', holds: report.killedNodeCaughtUpMs > 0 },
    { title: 'the proof of a payment holds without any node', holds: report.proof.valid },
  ];
}
