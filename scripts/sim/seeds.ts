/** Many seeds over several processes. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Sizes } from '@daybook/testkit';
import { COVERAGE_GOALS, missedGoals, renderFailure } from '@daybook/testkit';
import type { Source } from './journal.ts';
import { describeSource, expectClean, lockJournal, readSource } from './journal.ts';
import { SeedPool } from './pool.ts';
import type { Found, Slice } from './series.ts';
import { SeriesLedger } from './series.ts';
import type { Report } from './worker.ts';

export interface SeedsOptions {
  readonly from: number;
  readonly count: number;
  readonly jobs: number;
  readonly sizes: Sizes;
  /** Runs each seed in two processes and compares the traces, and not only one of a hundred. */
  readonly twice: boolean;
  readonly showCoverage: boolean;
  /** File from which a series goes on that was stopped, and in which it says how far it came. */
  readonly journal: string | undefined;
}

/** One of so many seeds runs once more in another process, whatever is asked for. */
const REPEATED_EVERY = 100;

/** What the tests of this file start in place of the simulator. */
export interface SeedsParts {
  readonly startWorker: () => ChildProcess;
  readonly readSource: () => Source;
}

/** @returns whether every invariant held in every seed */
export async function runSeeds(
  options: SeedsOptions,
  parts: SeedsParts = { startWorker, readSource: () => readSource() },
): Promise<boolean> {
  const lock = await lockJournal(options.journal);
  try {
    return await runLocked(options, parts);
  } finally {
    await lock?.close();
  }
}

async function runLocked(options: SeedsOptions, parts: SeedsParts): Promise<boolean> {
  const { from, count, twice, jobs, sizes, journal } = options;
  const source = parts.readSource();
  const commit = journal === undefined ? describeSource(source) : expectClean(source);
  const ledger = new SeriesLedger({ from, sizes, twice }, commit, journal);
  const { series } = ledger;
  const pool = new SeedPool<Report>(seedsBetween(series.next, from + count), {
    jobs,
    taskOf: (seed) => ({ seed, sizes }),
    isRepeated: (seed) => twice || seed % REPEATED_EVERY === 0,
    startWorker: parts.startWorker,
    onDone: (first, again) => {
      ledger.take(first.seed, { ...judge(first, commit), isSame: compare(first, again) });
      if (isAbandoned()) end(ABANDONED);
    },
  });
  const end = (exitCode: number): void => {
    ledger.save();
    pool.kill();
    process.exit(exitCode);
  };
  const release = onSignals(end);
  await pool.run().finally(release);
  ledger.save();
  return tell(ledger, options);
}

function tell(ledger: SeriesLedger, { from, showCoverage }: SeedsOptions): boolean {
  const { series } = ledger;
  const coverage = new Map(Object.entries(series.coverage));
  if (showCoverage) printCoverage(coverage);
  const ran = series.next - from;
  const isVisited = tellMissed(coverage, ran);
  for (const slice of series.slices.slice(0, -1)) tellSlice(slice);
  const { repeated, differing } = series;
  print(`${repeated} seeds ran again in another process, ${differing} with another trace (I32)`);
  for (const { seed, invariant } of series.violations)
    print(`broken: ${invariant} by seed ${seed}`);
  const violations = series.violations.length;
  print(`${ran} seeds, ${violations} violations, ${(ran / ledger.seconds()).toFixed(1)} seeds/s`);
  return isVisited && violations === 0;
}

function seedsBetween(from: number, until: number): readonly number[] {
  return Array.from({ length: Math.max(0, until - from) }, (_, index) => from + index);
}

function judge({ result, coverage }: Report, commit: string): Omit<Found, 'isSame'> {
  const { violation } = result;
  if (violation === undefined) return { invariant: undefined, coverage };
  print(renderFailure({ ...result, coverage: new Map(coverage) }, commit));
  return { invariant: violation.invariant, coverage };
}

/** @returns whether both runs have the same trace (I32); undefined where there is one run only */
function compare(first: Report, again: Report | undefined): boolean | undefined {
  if (again === undefined) return undefined;
  const [one, other] = [first.result.traceHash, again.result.traceHash];
  if (one !== other) print(`seed ${first.seed} breaks I32: trace ${one}, then ${other}`);
  return one === other;
}

function tellSlice({ commit, from, until, seconds }: Slice): void {
  if (until === from) return;
  print(`seeds ${from} to ${until - 1} ran before, in ${seconds} s on ${commit}`);
}

// --- the end before the end ----------------------------------------------------------------------

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
/** Exit code of a series whose starter is gone. */
const ABANDONED = 1;
const STARTED_BY = process.ppid;

/** @returns what takes the listeners away again */
function onSignals(end: (exitCode: number) => void): () => void {
  const listeners = Object.entries(SIGNALS).map(([signal, exitCode]) => {
    const listener = (): void => end(exitCode);
    process.once(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/**
 * npm ends at a signal and passes none on. Who started a series by npm and ended it would start the
 * next one beside it; a series that was started by itself may outlive its shell.
 */
function isAbandoned(): boolean {
  return process.env.npm_lifecycle_event !== undefined && process.ppid !== STARTED_BY;
}

export function startWorker(): ChildProcess {
  const script = join(import.meta.dirname, '..', 'sim.ts');
  // A seed allocates some 100 MB and keeps little: few collections, on the thread that has the core.
  const execArgv = [...process.execArgv, '--max-semi-space-size=128', '--single-threaded-gc'];
  return fork(script, ['--worker'], { serialization: 'advanced', execArgv });
}

function printCoverage(coverage: ReadonlyMap<string, number>): void {
  const unvisited = COVERAGE_GOALS.filter(({ counter }) => !coverage.has(counter));
  const zeros = unvisited.map(({ counter }) => [counter, 0] as const);
  const counts = new Map([...zeros, ...coverage]);
  for (const [name, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    print(`${String(count).padStart(10)}  ${name}`);
  }
}

/** @returns whether the series has visited what one of its length must have visited */
function tellMissed(coverage: ReadonlyMap<string, number>, seeds: number): boolean {
  const missed = missedGoals(coverage, seeds);
  for (const { counter, least } of missed) {
    print(`not visited: ${counter} (${coverage.get(counter) ?? 0} of ${least})`);
  }
  return missed.length === 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
