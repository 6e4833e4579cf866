/** Twins from the command line: every scenario of four validators, or a sample of whole replicas. */
import type { TwinsFound, TwinsProgress, TwinsUnit } from '@daybook/testkit';
import { createFoundry, DROPPED, sampleTwins, searchTwins } from '@daybook/testkit';
import {
  describeSource,
  expectClean,
  expectCommit,
  lockJournal,
  readJournal,
  readSource,
  writeJournal,
} from './journal.ts';

export interface TwinsOptions {
  readonly validators: number;
  readonly rounds: number;
  /** So many cases of whole replicas, drawn; every scenario, searched, when absent. */
  readonly count?: number | undefined;
  readonly seed: number;
  /** File from which a search goes on that was stopped. */
  readonly journal: string | undefined;
}

interface Journal {
  readonly commit: string;
  readonly validators: number;
  readonly rounds: number;
  /** Searches that have come to their end. */
  readonly done: readonly TwinsProgress[];
  /** The one that was under way. */
  readonly progress: TwinsProgress | undefined;
  /** Processor time of all sittings together. */
  readonly cpuSeconds: number;
}

/** @returns whether every scenario kept every invariant */
export async function runTwins(options: TwinsOptions): Promise<boolean> {
  const { validators, rounds, count, seed, journal } = options;
  if (count === undefined) {
    const lock = await lockJournal(journal);
    try {
      return searchAll(options);
    } finally {
      await lock?.close();
    }
  }
  if (journal !== undefined) throw new Error('--journal is for all scenarios, not for a sample');
  const startedMs = performance.now();
  const { played, failed } = await sampleTwins(
    { validators, rounds, count, seed },
    createFoundry(),
  );
  if (failed !== undefined) {
    const { one, violation } = failed;
    print(`breaks ${violation.invariant}: ${violation.words}`);
    print(`  role ${one.role}, layouts ${one.layouts.join(' ')}, lost ${one.dropped ?? 'nothing'}`);
  }
  const rate = ((1000 * played) / (performance.now() - startedMs)).toFixed(1);
  print(`${played} cases, ${failed === undefined ? 0 : 1} violations, ${rate} cases/s`);
  return failed === undefined;
}

function searchAll({ validators, rounds, journal: file }: TwinsOptions): boolean {
  const source = readSource();
  const commit = file === undefined ? describeSource(source) : expectClean(source);
  const before = readJournal<Journal>(file);
  if (before !== undefined) expectPlan(file, before, { commit, validators, rounds });
  const done: TwinsProgress[] = [...(before?.done ?? [])];
  const roles = Array.from({ length: validators }, (_, role) => role);
  const units: readonly TwinsUnit[] = DROPPED.flatMap((dropped) => {
    return roles.map((role) => ({ validators, rounds, role, dropped }));
  });
  const cpuSeconds = (): number => {
    const { user, system } = process.cpuUsage();
    return (before?.cpuSeconds ?? 0) + Math.round((user + system) / 1_000_000);
  };
  const save = (progress: TwinsProgress | undefined): void => {
    const plan = { commit, validators, rounds };
    writeJournal<Journal>(file, { ...plan, done, progress, cpuSeconds: cpuSeconds() });
  };
  let from = before?.progress;
  for (const unit of units.slice(done.length)) {
    const { failed, ...end } = searchTwins(unit, { from, onProgress: save });
    if (failed !== undefined) return tellFailure(unit, failed);
    from = undefined;
    done.push(end);
    save(undefined);
    print(`role ${unit.role}, lost ${unit.dropped ?? 'nothing'}: ${wordsOf(end)}`);
  }
  const sum = (count: (one: TwinsProgress) => number): number =>
    done.reduce((total, one) => total + count(one), 0);
  const figures = `${sum((one) => one.scenarios)} scenarios, ${sum((one) => one.passages)} rounds`;
  print(`${done.length} searches, ${figures} played, 0 violations, ${cpuSeconds()} s of CPU`);
  return true;
}

function wordsOf({ scenarios, passages, states }: TwinsProgress): string {
  return `${scenarios} scenarios, ${passages} rounds played, clusters ${states.join(', ')}`;
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

function tellFailure(
  { role, dropped }: TwinsUnit,
  { scenario, violation }: NonNullable<TwinsFound['failed']>,
): false {
  print(`breaks ${violation.words}`);
  const rounds = scenario.map(
    ({ layout, isSecondFirst }) => `${layout}${isSecondFirst ? 's' : ''}`,
  );
  print(`  role ${role}, layouts ${rounds.join(' ')}, lost ${dropped ?? 'nothing'}`);
  return false;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
