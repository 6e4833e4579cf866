/**
 * What a seed decides about a run before it begins. Printed with every failure; scenarios and the
 * shrinker change it and run again.
 */
import type { ChainParameters } from '@daybook/core';
import { quorumOf } from '@daybook/core';
import { FAULTS } from './faults/all.ts';
import { STRATEGIES } from './strategies/all.ts';
import { COLLUDERS } from './strategies/b29-colluders.ts';
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
  /** Whether a block is executed by each node, or once for all who have the same parent. */
  readonly execution: 'own' | 'shared';
  readonly workload: 'tally' | 'treasury';
  /** Mean distance of transactions. */
  readonly meanSubmissionMs: number;
  /** How long faults last. */
  readonly safetyMs: number;
  /** Names of the faults that are on. */
  readonly faults: readonly string[];
  /** Processes are made to die so many times as rarely as they could be; 1 where absent. */
  readonly calm?: number;
}

/** How large the clusters of a series of seeds are. */
export type Sizes = 'usual' | 'large';

/**
 * Four to ten, and four in six of seven: most faults of a protocol show with few validators, and a
 * run of seven costs twice as much, one of ten four times.
 */
function drawSize(prng: Prng, sizes: Sizes): number {
  if (sizes === 'large') return prng.pick([13, 16, 22, 30]);
  if (prng.chance(30)) return prng.between(1, 3);
  if (prng.chance(850)) return 4;
  return prng.pick([5, 6, 7, 7, prng.between(8, 10)]);
}

/** A few sets of parameters: a genesis is made once for each. */
const PACES: readonly Partial<ChainParameters>[] = [
  { blockIntervalMs: 1000, emptyIntervalMs: 20_000, roundMaxMs: 10_000 },
  { blockIntervalMs: 500, emptyIntervalMs: 5000, roundBaseMs: 1000, roundStepMs: 500 },
  { blockIntervalMs: 2000, emptyIntervalMs: 10_000, roundBaseMs: 3000 },
  { blockIntervalMs: 4000, emptyIntervalMs: 20_000, roundBaseMs: 4000 },
];

/** A start costs as much as a hundred messages, and what recovery leaves behind shows in calm runs. */
const CALMS = [1, 2, 3, 4];

/** Whatever takes effect at a boundary needs one within the run. */
const AT_BOUNDARIES = ['set changes', 'mixed releases'];

function drawParameters(prng: Prng, isBusy: boolean): Partial<ChainParameters> {
  const pace = prng.pick(PACES);
  return { ...pace, epochBlocks: prng.chance(300) || isBusy ? 5 : 100 };
}

/** Under these, what a node reads from its disk may not be what it wrote. */
const LYING_DISKS = ['damaged storage', 'misdirected writes'];

/** Shared in most seeds, because it is the same work again; by each node in the others. */
function drawExecution(faults: readonly string[], prng: Prng): RunPlan['execution'] {
  const isDoubtful = faults.some((name) => LYING_DISKS.includes(name));
  return isDoubtful || prng.chance(100) ? 'own' : 'shared';
}

/** Of a thousand sets with room for two or more traitors, in how many all of them collude. */
const PLOTS_PERMILLE = 100;

/** Half of the seeds have none; the others up to f, each with a strategy of its own. */
function drawEach(validators: number, prng: Prng): readonly Traitor[] {
  const { faultyMax } = quorumOf(validators);
  if (faultyMax === 0 || prng.chance(500)) return [];
  const machines = prng.shuffle([...Array(validators).keys()]);
  return machines.slice(0, prng.between(1, faultyMax)).map((machine) => ({
    machine,
    strategy: prng.pick(STRATEGIES).name,
  }));
}

/** A colluder needs somebody to plot with: where there is room for two, all f collude or none. */
function drawTraitors(validators: number, prng: Prng): readonly Traitor[] {
  const drawn = drawEach(validators, prng);
  const { faultyMax } = quorumOf(validators);
  if (faultyMax < 2) return drawn;
  const strategy = COLLUDERS.name;
  const isPlot = prng.fork('plot').chance(PLOTS_PERMILLE);
  if (!isPlot && drawn.every((one) => one.strategy !== strategy)) return drawn;
  const machines = prng.fork('colluders').shuffle([...Array(validators).keys()]);
  return machines.slice(0, faultyMax).map((machine) => ({ machine, strategy }));
}

export function drawPlan(seed: number, sizes: Sizes = 'usual'): RunPlan {
  const prng = createPrng(seed).fork('plan');
  const validators = drawSize(prng.fork('size'), sizes);
  const drawn = FAULTS.filter(({ name, permille }) => prng.fork(name).chance(permille));
  const faults = drawn.map(({ name }) => name);
  const isBusy = faults.some((name) => AT_BOUNDARIES.includes(name));
  const parameters = drawParameters(prng.fork('parameters'), isBusy);
  const rest = prng.fork('rest');
  // Those who may join.
  const candidates = faults.includes('set changes') ? prng.fork('candidates').pick([1, 1, 2]) : 0;
  return {
    seed,
    validators,
    observers: Math.max(candidates, rest.chance(150) ? 1 : 0),
    parameters,
    signatures: rest.chance(50) ? 'ed25519' : 'keyed-hash',
    execution: drawExecution(faults, prng.fork('execution')),
    workload: rest.chance(100) ? 'treasury' : 'tally',
    meanSubmissionMs: rest.pick([1000, 2000, 5000, 10_000, 20_000]),
    safetyMs: 60_000,
    traitors: drawTraitors(validators, prng.fork('traitors')),
    faults,
    calm: prng.fork('calm').pick(CALMS),
  };
}
