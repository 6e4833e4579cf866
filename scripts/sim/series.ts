/**
 * What a series of seeds has found so far, in the order of the seeds, and the journal from which a
 * long one goes on after it was stopped: a hundred thousand seeds take more than one sitting.
 */
import type { Sizes } from '@daybook/testkit';
import { expectCommit, readJournal, writeJournal } from './journal.ts';

/** Seeds of one stretch that ran on one commit. */
export interface Slice {
  readonly commit: string;
  readonly from: number;
  /** One above the last. */
  until: number;
  seconds: number;
}

/** What makes a seed another run: a journal counts seeds of one kind. */
export interface SeriesKind {
  readonly from: number;
  readonly sizes: Sizes;
  /** Whether each seed runs in two processes, and not only one of a hundred. */
  readonly twice: boolean;
}

/** A seed that broke an invariant. */
export interface Broken {
  readonly seed: number;
  /** For example `I1`; `I32` where the second run had another trace. */
  readonly invariant: string;
}

export interface Series extends SeriesKind {
  /** All below have run and count here. */
  next: number;
  readonly violations: Broken[];
  /** How many seeds ran once more in another process, and how many of those with another trace. */
  repeated: number;
  differing: number;
  readonly coverage: Record<string, number>;
  readonly slices: Slice[];
}

/** What one seed adds. */
export interface Found {
  /** The invariant that it broke; undefined where all held. */
  readonly invariant: string | undefined;
  /** Whether the trace was the same when the seed ran again; undefined where it ran once. */
  readonly isSame: boolean | undefined;
  readonly coverage: readonly (readonly [string, number])[];
}

export class SeriesLedger {
  readonly series: Series;
  readonly #slice: Slice;
  readonly #file: string | undefined;
  readonly #startedMs = performance.now();
  /** Of seeds that overtook an earlier one. */
  readonly #early = new Map<number, Found>();

  /** @throws Error if the journal is of another series or another commit */
  constructor(kind: SeriesKind, commit: string, file?: string) {
    this.series = openSeries(kind, commit, file);
    this.#file = file;
    const { next } = this.series;
    this.#slice = { commit, from: next, until: next, seconds: 0 };
    this.series.slices.push(this.#slice);
  }

  /** A seed with all its runs. The journal knows it once all seeds before it are done, too. */
  take(seed: number, found: Found): void {
    this.#early.set(seed, found);
    for (;;) {
      const { next } = this.series;
      const due = this.#early.get(next);
      if (due === undefined) break;
      this.#early.delete(next);
      this.#add(due);
    }
    this.save();
  }

  #add({ invariant, isSame, coverage }: Found): void {
    const { series } = this;
    const seed = series.next;
    series.next += 1;
    if (invariant !== undefined) series.violations.push({ seed, invariant });
    if (isSame === false) series.violations.push({ seed, invariant: 'I32' });
    if (isSame !== undefined) series.repeated += 1;
    if (isSame === false) series.differing += 1;
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

function openSeries(kind: SeriesKind, commit: string, file: string | undefined): Series {
  const { from, sizes, twice } = kind;
  const series = readJournal<Series>(file);
  if (series === undefined) {
    const counts = { violations: [], repeated: 0, differing: 0, coverage: {} };
    return { from, sizes, twice, next: from, ...counts, slices: [] };
  }
  if (series.from !== from) throw new Error(`${file} is of the seeds from ${series.from} on`);
  if (series.sizes !== sizes) {
    throw new Error(`${file} is of ${series.sizes ?? 'unknown'} sizes, these are ${sizes}`);
  }
  if (series.twice !== twice) {
    const [then, now] = [series.twice, twice].map((one) => (one ? 'twice' : 'once'));
    throw new Error(`${file} is of seeds that run ${then}, these run ${now}`);
  }
  for (const slice of series.slices) expectCommit(file, slice.commit, commit);
  return series;
}
