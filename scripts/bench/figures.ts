/** Figures of several runs: middle, extremes and spread, with their unit. */

export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** One per run. */
  readonly values: readonly number[];
}

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Standard deviation in per cent of the mean. */
  readonly spreadPercent: number;
}

export function summarise(values: readonly number[]): Summary {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ascending.length / 2);
  const upper = ascending[middle] ?? 0;
  const lower = ascending[ascending.length % 2 === 0 ? middle - 1 : middle] ?? upper;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return {
    median: (lower + upper) / 2,
    least: ascending[0] ?? 0,
    most: ascending.at(-1) ?? 0,
    spreadPercent: mean === 0 ? 0 : (100 * Math.sqrt(variance)) / mean,
  };
}

function show(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}

/** A line for people. */
export function renderFigure({ name, unit, values }: Figure): string {
  const { median, least, most, spreadPercent } = summarise(values);
  const middle = show(median).padStart(8);
  const range = `${show(least)} to ${show(most)}`.padStart(18);
  return `  ${name.padEnd(34)} ${middle} ${unit.padEnd(12)} ${range}   ±${spreadPercent.toFixed(0)} %`;
}
