/** Reports of money as people read them: minor units and currency become one amount. */
import { describeAmount } from '@daybook/contracts';

interface Table {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** The columns `minor` and `currency` as one, `amount`; a table without both as it is. */
export function withAmounts({ titles, rows }: Table): Table {
  const [minor, currency] = [titles.indexOf('minor'), titles.indexOf('currency')];
  if (minor < 0 || currency < 0) return { titles, rows };
  const without = <T>(row: readonly T[]): readonly T[] => row.filter((_, at) => at !== currency);
  return {
    titles: without(titles.map((title) => (title === 'minor' ? 'amount' : title))),
    rows: rows.map((row) => without(row.map((cell, at) => (at === minor ? amountOf(row) : cell)))),
  };

  function amountOf(row: readonly unknown[]): unknown {
    const value = row[minor];
    return value === null ? value : describeAmount(String(value), String(row[currency] ?? ''));
  }
}
