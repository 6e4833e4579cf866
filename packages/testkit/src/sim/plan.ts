/**
 * What a seed decides about a run before it begins. Printed with every failure; scenarios and the
 * shrinker change it and run again.
 */
import type { ChainParameters } from '@daybook/core';
import { quorumOf } from '@daybook/core';
import { FAULTS } from './faults/all.ts';
import type { Prng } from './world/prng.ts';
import { createPrng } from './world/prng.ts';

/** A machine of the adversary. */
export interface Traitor {
  readonly machine: number;
  /** Name of its strategy, `B1` to `B29`. */
  readonly strategy: string;
}

export interface RunPlan {
  readonly seed: number;
  readonly validators: number;
  readonly observers: number;
  readonly traitors: readonly Traitor[];
  readonly parameters: Partial<ChainParameters>;
  readonly signatures: 'ed25519' | 'keyed-hash';
  readonly workload: 'tally' | 'treasury';
  /** Mean distance of transactions. */
  readonly meanSubmissionMs: number;
  /** How long faults last. */
  readonly safetyMs: number;
  /** Names of the faults that are on. */
  readonly faults: readonly string[];
}

/** Sizes that most seeds have; all others together are 5 % (docs/reliability.md). */
function drawSize(prng: Prng): number {
  if (prng.chance(30)) return prng.between(1, 3);
  if (prng.chance(50)) return prng.pick([13, 16, 22, 30]);
  return prng.between(4, 10);
}

function drawParameters(prng: Prng): Partial<ChainParameters> {
  return {
    blockIntervalMs: prng.pick([100, 500, 1000]),
    emptyIntervalMs: prng.pick([5000, 20_000]),
    roundBaseMs: prng.pick([1000, 2000, 3000]),
    roundStepMs: prng.pick([500, 1000]),
    roundMaxMs: prng.pick([10_000, 60_000]),
    epochBlocks: prng.chance(300) ? prng.pick([5, 10]) : 100,
  };
}

export function drawPlan(seed: number): RunPlan {
  const prng = createPrng(seed).fork('plan');
  const validators = drawSize(prng.fork('size'));
  const { faultyMax } = quorumOf(validators);
  const parameters = drawParameters(prng.fork('parameters'));
  const faults = FAULTS.filter(({ name, permille }) => prng.fork(name).chance(permille));
  const rest = prng.fork('rest');
  return {
    seed,
    validators,
    observers: rest.chance(250) ? 1 : 0,
    parameters,
    signatures: rest.chance(50) ? 'ed25519' : 'keyed-hash',
    workload: rest.chance(100) ? 'treasury' : 'tally',
    meanSubmissionMs: rest.pick([500, 1000, 2000, 5000]),
    safetyMs: 60_000,
    traitors: faultyMax === 0 ? [] : [],
    faults: faults.map(({ name }) => name),
  };
}
