/** Many seeds over several processes. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Sizes } from '@daybook/testkit';
import { COVERAGE_GOALS, missedGoals, renderFailure } from '@daybook/testkit';
import { commitNow } from './journal.ts';
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

/** One of so many seeds runs once more at the end, in another process, whatever is asked for. */
const REPEATED_EVERY = 100;

/** @returns whether every invariant held in every seed */
export async function runSeeds(options: SeedsOptions): Promise<boolean> {
  const { from, count, twice, journal } = options;
  const commit = commitNow();
  const ledger = new SeriesLedger(from, commit, journal);
  const { series } = ledger;
  const traces = new Map<number, string>();
  const seeds = seedsBetween(series.next, from + count);
  const repeated = twice ? seeds : seeds.filter((seed) => seed % REPEATED_EVERY === 0);
  await inProcesses(seeds, options, (report) => {
    traces.set(report.seed, report.result.traceHash);
    ledger.take(report.seed, judge(report, commit));
  });
  ledger.save();
  const differing = await runAgain([...repeated].reverse(), options, traces);
  const coverage = new Map(Object.entries(series.coverage));
  if (options.showCoverage) printCoverage(coverage);
  const isVisited = tellMissed(coverage, count);
  for (const slice of series.slices.slice(0, -1)) tellSlice(slice);
  const ran = series.next - from;
  const violations = series.violations + differing;
  print(`${ran} seeds, ${violations} violations, ${(ran / ledger.seconds()).toFixed(1)} seeds/s`);
  return isVisited && violations === 0;
}

function seedsBetween(from: number, until: number): readonly number[] {
  return Array.from({ length: Math.max(0, until - from) }, (_, index) => from + index);
}

function judge({ result, coverage }: Report, commit: string): Found {
  if (result.violation === undefined) return { violations: 0, coverage };
  print(renderFailure({ ...result, coverage: new Map(coverage) }, commit));
  return { violations: 1, coverage };
}

/** @returns how many seeds have another trace than before (I32) */
async function runAgain(
  seeds: readonly number[],
  options: SeedsOptions,
  traces: ReadonlyMap<number, string>,
): Promise<number> {
  let differing = 0;
  await inProcesses(seeds, options, ({ seed, result }) => {
    const before = traces.get(seed);
    if (before === result.traceHash) return;
    differing += 1;
    print(`seed ${seed} breaks I32: trace ${before}, then ${result.traceHash}`);
  });
  return differing;
}

function tellSlice({ commit, from, until, seconds }: Slice): void {
  print(`seeds ${from} to ${until - 1} ran before, in ${seconds} s on ${commit}`);
}

/** Hands the seeds to that many processes, one at a time each. */
async function inProcesses(
  seeds: readonly number[],
  { jobs, sizes }: Pick<SeedsOptions, 'jobs' | 'sizes'>,
  onReport: (report: Report) => void,
): Promise<void> {
  const waiting = [...seeds];
  const workers = Array.from({ length: Math.min(jobs, seeds.length) }, () => startWorker());
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          const next = (): void => {
            const seed = waiting.shift();
            if (seed === undefined) worker.disconnect();
            else worker.send({ seed, sizes });
          };
          worker.on('message', (report: Report) => {
            onReport(report);
            next();
          });
          worker.once('exit', (code) => {
            if (code === 0) resolve();
            else reject(new Error(`a simulator process ended with ${code}`));
          });
          next();
        }),
    ),
  );
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
