/** A planted bug with the scenario that must notice it, and by which invariant. */
import type { MutantName } from '@daybook/core';
import { assert, simulationSwitches } from '@daybook/core';
import type { Foundry } from '../../../src/sim/foundry.ts';

export interface Killer {
  readonly mutant: MutantName;
  /** What holds without the bug, as a sentence: the name of the test. */
  readonly scenario: string;
  /** The invariants by which the bug may show; the error begins with one of them. */
  readonly invariants: readonly string[];
  /** Plays the scenario. @throws Error that begins with the invariant that broke */
  play(foundry: Foundry): Promise<void>;
}

/** What became of a planted bug. */
export interface Verdict {
  /** The error that the scenario ended with; undefined when the bug survived. */
  readonly error: Error | undefined;
  readonly isExpected: boolean;
  readonly ms: number;
}

/** Plays a scenario with its bug planted. */
export async function playPlanted(killer: Killer, foundry: Foundry): Promise<Verdict> {
  const switches = simulationSwitches();
  assert(switches !== undefined, 'mutants need the import condition `simulation`');
  switches.mutant = killer.mutant;
  const startedMs = performance.now();
  let error: Error | undefined;
  try {
    await killer.play(foundry);
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  } finally {
    switches.mutant = undefined;
  }
  const isExpected = killer.invariants.some((one) => error?.message.startsWith(`${one}: `));
  return { error, isExpected, ms: performance.now() - startedMs };
}
