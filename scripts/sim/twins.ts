/** Twins from the command line: every case for four validators, or a sample for more. */
import type { TwinsCursor, TwinsReport } from '@daybook/testkit';
import { createFoundry, enumerateTwins, sampleTwins } from '@daybook/testkit';
import { commitNow, expectCommit, readJournal, writeJournal } from './journal.ts';

export interface TwinsOptions {
  readonly validators: number;
  readonly rounds: number;
  /** So many cases, drawn; all of them when absent. */
  readonly count?: number | undefined;
  readonly seed: number;
  /** File from which an enumeration goes on that was stopped. */
  readonly journal: string | undefined;
}

interface Journal {
  readonly commit: string;
  readonly validators: number;
  readonly rounds: number;
  readonly cursor: TwinsCursor;
  /** Of all sittings together. */
  readonly seconds: number;
  /** Processor time of all sittings together. */
  readonly cpuSeconds: number;
}

/** @returns whether every case kept every invariant */
export async function runTwins(options: TwinsOptions): Promise<boolean> {
  const { validators, rounds, count, seed, journal } = options;
  if (count === undefined) return await runAll(options);
  if (journal !== undefined) throw new Error('--journal is for all cases, not for a sample');
  const startedMs = performance.now();
  const report = await sampleTwins({ validators, rounds, count, seed }, createFoundry());
  return tell(report, (performance.now() - startedMs) / 1000);
}

async function runAll({ validators, rounds, journal: file }: TwinsOptions): Promise<boolean> {
  const commit = commitNow();
  const before = readJournal<Journal>(file);
  if (before !== undefined) expectPlan(file, before, { commit, validators, rounds });
  const startedMs = performance.now();
  const seconds = (): number =>
    (before?.seconds ?? 0) + Math.round((performance.now() - startedMs) / 1000);
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage();
    return (before?.cpuSeconds ?? 0) + Math.round((user + system) / 1_000_000);
  };
  const onProgress = (cursor: TwinsCursor): void => {
    const times = { seconds: seconds(), cpuSeconds: cpuSeconds() };
    writeJournal<Journal>(file, { commit, validators, rounds, cursor, ...times });
    const { played, equal } = cursor;
    print(`${played} cases played, ${equal} equal to one of them`);
  };
  const plan = { validators, rounds, onProgress };
  const report = await enumerateTwins(plan, createFoundry(), before?.cursor);
  return tell(report, seconds());
}

function expectPlan(
  file: string | undefined,
  before: Journal,
  { commit, validators, rounds }: Pick<Journal, 'commit' | 'validators' | 'rounds'>,
): void {
  expectCommit(file, before.commit, commit);
  if (before.validators === validators && before.rounds === rounds) return;
  throw new Error(`${file} is of ${before.validators} validators and ${before.rounds} rounds`);
}

function tell({ played, equal, failed }: TwinsReport, seconds: number): boolean {
  if (failed !== undefined) {
    const { one, violation } = failed;
    print(`breaks ${violation.invariant}: ${violation.words}`);
    print(`  role ${one.role}, layouts ${one.layouts.join(' ')}, lost ${one.dropped ?? 'nothing'}`);
  }
  const violations = failed === undefined ? 0 : 1;
  const rate = (played / seconds).toFixed(1);
  print(
    `${played} cases, ${equal} equal to one of them, ${violations} violations, ${rate} cases/s`,
  );
  return failed === undefined;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
