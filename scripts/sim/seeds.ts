/** Many seeds over several processes. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Sizes } from '@daybook/testkit';
import { COVERAGE_GOALS, missedGoals, renderFailure } from '@daybook/testkit';
import type { Report } from './worker.ts';

export interface SeedsOptions {
  readonly from: number;
  readonly count: number;
  readonly jobs: number;
  readonly sizes: Sizes;
  /** Runs each seed in two processes and compares the traces. */
  readonly twice: boolean;
  readonly showCoverage: boolean;
}

interface Totals {
  seeds: number;
  violations: number;
  readonly coverage: Map<string, number>;
}

/** @returns whether every invariant held in every seed */
export async function runSeeds(options: SeedsOptions): Promise<boolean> {
  const startedMs = performance.now();
  const totals: Totals = { seeds: 0, violations: 0, coverage: new Map() };
  const traces = new Map<number, string>();
  const seeds = Array.from({ length: options.count }, (_, index) => options.from + index);
  const passes = options.twice ? [seeds, [...seeds].reverse()] : [seeds];
  for (const pass of passes) {
    await inProcesses(pass, options, (report) => note(report, totals, traces));
  }
  if (options.showCoverage) printCoverage(totals.coverage);
  const isVisited = tellMissed(totals.coverage, options.count);
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = (totals.seeds / seconds).toFixed(1);
  print(`${totals.seeds} seeds, ${totals.violations} violations, ${rate} seeds/s`);
  return isVisited && totals.violations === 0;
}

function note(
  { seed, result, coverage }: Report,
  totals: Totals,
  traces: Map<number, string>,
): void {
  totals.seeds += 1;
  for (const [name, count] of coverage) {
    totals.coverage.set(name, (totals.coverage.get(name) ?? 0) + count);
  }
  if (result.violation !== undefined) {
    totals.violations += 1;
    print(renderFailure({ ...result, coverage: new Map(coverage) }, commitNow()));
  }
  const before = traces.get(seed);
  traces.set(seed, result.traceHash);
  if (before === undefined || before === result.traceHash) return;
  totals.violations += 1;
  print(`seed ${seed} breaks I32: trace ${before}, then ${result.traceHash}`);
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
  const execArgv = [...process.execArgv, '--max-semi-space-size=64', '--single-threaded-gc'];
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

function commitNow(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // Outside a repository, as a user of the test kit is.
    return 'unknown';
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
