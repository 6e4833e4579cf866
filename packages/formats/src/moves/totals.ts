/**
 * The sums by which an import is checked: what the files say is what was imported plus what was
 * refused, in minor units and in lines.
 */
import { assert } from '@daybook/core';
import type { LineFault } from '../errors.ts';
import type { SourcePlace } from '../records.ts';
import type { MoneyLine } from './move.ts';
import { signedOf } from './move.ts';

/** Sums of one currency; what comes back is negative. */
export interface ImportTotals {
  readonly currency: string;
  /** Minor units; a refused line whose amount could not be read counts as 0. */
  readonly file: bigint;
  readonly imported: bigint;
  readonly refused: bigint;
  readonly linesImported: number;
  readonly linesRefused: number;
  /** Refused lines whose amount could not be read. */
  readonly linesWithoutAmount: number;
  /** Imported lines by which money came back, and their sum in positive minor units. */
  readonly credits: number;
  readonly credited: bigint;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Totals by currency, in the order of the codes. */
export function totalLines(lines: Iterable<MoneyLine>): readonly ImportTotals[] {
  const byCurrency = new Map<string, Mutable<ImportTotals>>();
  for (const line of lines) {
    const currency = line.ok ? line.move.currency : line.currency;
    const totals = byCurrency.get(currency) ?? noTotals(currency);
    byCurrency.set(currency, totals);
    addLine(totals, line);
    assert(totals.file === totals.imported + totals.refused, 'every amount is counted once');
  }
  return [...byCurrency.values()].toSorted((a, b) => (a.currency < b.currency ? -1 : 1));
}

function noTotals(currency: string): Mutable<ImportTotals> {
  const money = { file: 0n, imported: 0n, refused: 0n, credited: 0n };
  const lines = { linesImported: 0, linesRefused: 0, linesWithoutAmount: 0, credits: 0 };
  return { currency, ...money, ...lines };
}

function addLine(totals: Mutable<ImportTotals>, line: MoneyLine): void {
  if (!line.ok) {
    totals.linesRefused += 1;
    totals.linesWithoutAmount += line.amount === undefined ? 1 : 0;
    totals.refused += line.amount ?? 0n;
    totals.file += line.amount ?? 0n;
    return;
  }
  const signed = signedOf(line.move);
  const isBack = signed < 0n;
  totals.linesImported += 1;
  totals.credits += isBack ? 1 : 0;
  totals.credited += isBack ? -signed : 0n;
  totals.imported += signed;
  totals.file += signed;
}

/** One fault with its place, for the list that a person works through. */
export interface ReportedFault extends SourcePlace {
  /** Header of the column, path of an XML element, or empty for the whole line. */
  readonly field: string;
  readonly reason: LineFault['code'];
  readonly expected: string;
  readonly found: string;
}

function placeOf({ file, line, column }: SourcePlace): SourcePlace {
  return column === undefined ? { file, line } : { file, line, column };
}

/** Every fault of every refused line, in the order of the lines; a line may have several. */
export function listFaults(lines: Iterable<MoneyLine>): readonly ReportedFault[] {
  const list: ReportedFault[] = [];
  for (const line of lines) {
    if (line.ok) continue;
    const place = placeOf(line);
    for (const { field, code, expected, found } of line.faults) {
      list.push({ ...place, field, reason: code, expected, found });
    }
  }
  return list;
}
