/**
 * Tests the test system: every planted bug must be noticed by the scenario that is named for it, and
 * in the nightly form by random seeds. Which bug, by what, by which invariant, after how long.
 */
import type { ChildProcess } from 'node:child_process';
import type { MutantName } from '@daybook/core';
import { MUTANTS } from '@daybook/core';
import { createFoundry } from '@daybook/testkit';
import type { Killer } from '../../packages/testkit/test/sim/mutants/killer.ts';
import { playPlanted } from '../../packages/testkit/test/sim/mutants/killer.ts';
import { KILLERS } from '../../packages/testkit/test/sim/mutants/killers.ts';
import { startWorker } from './seeds.ts';
import type { Report } from './worker.ts';

export interface MutantsOptions {
  /** Random seeds for each bug beside its scenario; 0 for none. */
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
}

const NAME_WIDTH = Math.max(...MUTANTS.map((name) => name.length));

/** @returns whether every bug was noticed by its scenario */
export async function runMutants(options: MutantsOptions): Promise<boolean> {
  const survivors = await byScenarios();
  const words = [`${MUTANTS.length} mutants`, `${survivors} survive their scenario`];
  if (options.seeds > 0) {
    const unseen = await bySeeds(options);
    words.push(`${unseen} survive ${options.seeds} random seeds`);
  }
  print(words.join(', '));
  return survivors === 0;
}

async function byScenarios(): Promise<number> {
  const foundry = createFoundry();
  let survivors = 0;
  for (const mutant of MUTANTS) {
    const killers = KILLERS.filter((killer) => killer.mutant === mutant);
    const lines: string[] = [];
    for (const killer of killers) lines.push(await judge(killer, foundry));
    const isKilled = lines.length > 0 && lines.every((line) => line.startsWith('killed'));
    if (!isKilled) survivors += 1;
    for (const line of lines.length > 0 ? lines : ['SURVIVES  no scenario is named for it']) {
      print(`${mutant.padEnd(NAME_WIDTH)}  ${line}`);
    }
  }
  return survivors;
}

/** The scenario must hold without the bug, and break with it as it should. */
async function judge(killer: Killer, foundry: ReturnType<typeof createFoundry>): Promise<string> {
  await killer.play(foundry);
  const { error, isExpected, ms } = await playPlanted(killer, foundry);
  const seconds = `${(ms / 1000).toFixed(1)} s`;
  const invariant = error?.message.split(':')[0] ?? 'nothing';
  if (error !== undefined && isExpected) {
    return `killed  ${invariant.padEnd(3)}  ${seconds.padStart(6)}  ${killer.scenario}`;
  }
  const expected = killer.invariants.join(' or ');
  return `SURVIVES  ${invariant} broke, not ${expected}  ${seconds}  ${killer.scenario}`;
}

/** Random seeds until one notices the bug. @returns how many bugs none noticed */
async function bySeeds({ seeds, from, jobs }: MutantsOptions): Promise<number> {
  const waiting: MutantName[] = [...MUTANTS];
  let unseen = 0;
  const work = async (): Promise<void> => {
    const worker = startWorker();
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const found = await firstKill(worker, mutant, { seeds, from });
      if (found === undefined) unseen += 1;
      print(`${mutant.padEnd(NAME_WIDTH)}  ${found ?? `survives ${seeds} random seeds`}`);
    }
    worker.disconnect();
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  return unseen;
}

async function firstKill(
  worker: ChildProcess,
  mutant: MutantName,
  { seeds, from }: Pick<MutantsOptions, 'seeds' | 'from'>,
): Promise<string | undefined> {
  const startedMs = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const { result } = await ask(worker, seed, mutant);
    if (result.violation === undefined) continue;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    return `killed  ${result.violation.invariant.padEnd(3)}  ${seconds} s  seed ${seed}`;
  }
  return undefined;
}

function ask(worker: ChildProcess, seed: number, mutant: MutantName): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => {
      reject(new Error(`a simulator process ended with ${code} on ${mutant}, seed ${seed}`));
    };
    worker.once('exit', onExit);
    worker.once('message', (report: Report) => {
      worker.off('exit', onExit);
      resolve(report);
    });
    worker.send({ seed, sizes: 'usual', mutant });
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
