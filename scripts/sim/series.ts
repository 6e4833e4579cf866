/**
 * What a series of seeds has found so far, in the order of the seeds, and the journal from which a
 * long one goes on after it was stopped: a hundred thousand seeds take more than one sitting.
 */
import { expectCommit, readJournal, writeJournal } from './journal.ts';

/** Seeds of one stretch that ran on one commit. */
export interface Slice {
  readonly commit: string;
  readonly from: number;
  /** One above the last. */
  until: number;
  seconds: number;
}

export interface Series {
  readonly from: number;
  /** All below have run and count here. */
  next: number;
  violations: number;
  readonly coverage: Record<string, number>;
  readonly slices: Slice[];
}

/** What one seed adds. */
export interface Found {
  readonly violations: number;
  readonly coverage: readonly (readonly [string, number])[];
}

/** Seeds between two writes of the journal. */
const SAVED_EVERY = 100;

export class SeriesLedger {
  readonly series: Series;
  readonly #slice: Slice;
  readonly #file: string | undefined;
  readonly #startedMs = performance.now();
  /** Of seeds that overtook an earlier one. */
  readonly #early = new Map<number, Found>();

  /** @throws Error if the journal is of another series or another commit */
  constructor(from: number, commit: string, file?: string) {
    this.series = openSeries(from, commit, file);
    this.#file = file;
    const { next } = this.series;
    this.#slice = { commit, from: next, until: next, seconds: 0 };
    this.series.slices.push(this.#slice);
  }

  take(seed: number, found: Found): void {
    this.#early.set(seed, found);
    for (;;) {
      const { next } = this.series;
      const due = this.#early.get(next);
      if (due === undefined) return;
      this.#early.delete(next);
      this.#add(due);
      if ((next + 1 - this.series.from) % SAVED_EVERY === 0) this.save();
    }
  }

  #add({ violations, coverage }: Found): void {
    const { series } = this;
    series.next += 1;
    series.violations += violations;
    for (const [name, count] of coverage) {
      series.coverage[name] = (series.coverage[name] ?? 0) + count;
    }
  }

  save(): void {
    this.#slice.until = this.series.next;
    this.#slice.seconds = Math.round((performance.now() - this.#startedMs) / 1000);
    writeJournal(this.#file, this.series);
  }

  /** Of all slices together. */
  seconds(): number {
    return this.series.slices.reduce((sum, { seconds }) => sum + seconds, 0);
  }
}

function openSeries(from: number, commit: string, file: string | undefined): Series {
  const series = readJournal<Series>(file);
  if (series === undefined) return { from, next: from, violations: 0, coverage: {}, slices: [] };
  if (series.from !== from) throw new Error(`${file} is of the seeds from ${series.from} on`);
  for (const slice of series.slices) expectCommit(file, slice.commit, commit);
  return series;
}
