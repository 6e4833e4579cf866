/** A long series of seeds that has not met what it must have met has failed. */
import { expect } from 'chai';
import {
  COMMON_SEEDS,
  COVERAGE_GOALS,
  missedGoals,
  RARE_SEEDS,
} from '../../src/sim/coverage-goals.ts';
import { FAULTS } from '../../src/sim/faults/all.ts';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { RunPlan } from '../../src/sim/plan.ts';
import { drawPlan } from '../../src/sim/plan.ts';
import { renderResult } from '../../src/sim/report.ts';
import { simulate } from '../../src/sim/simulate.ts';
import { STRATEGIES } from '../../src/sim/strategies/all.ts';

const foundry = createFoundry();

/** Counters that have just reached every goal. */
function allReached(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { counter, least } of COVERAGE_GOALS) {
    counts.set(counter, Math.max(least, counts.get(counter) ?? 0));
  }
  return counts;
}

describe('coverage of many seeds', () => {
  it('given counters that have reached every goal, then nothing is missed', () => {
    expect(missedGoals(allReached(), RARE_SEEDS)).to.deep.equal([]);
  });

  it('given one counter at zero, when the series is long, then it is named', () => {
    for (const { counter } of COVERAGE_GOALS) {
      const counts = allReached();
      counts.delete(counter);

      const names = missedGoals(counts, RARE_SEEDS).map((goal) => goal.counter);

      expect(new Set(names), counter).to.deep.equal(new Set([counter]));
    }
  });

  it('given nothing visited, then a short series is not blamed, and one of the stated length is', () => {
    const empty = new Map<string, number>();

    expect(missedGoals(empty, COMMON_SEEDS - 1)).to.deep.equal([]);
    expect(missedGoals(empty, COMMON_SEEDS)).not.to.deep.equal([]);
  });

  it('given a strategy at work for a few heights only, then a nightly series misses it', () => {
    const counts = allReached();
    counts.set('heights under B18', 99);

    const missed = missedGoals(counts, RARE_SEEDS);

    expect(missed).to.deep.equal([{ counter: 'heights under B18', least: 100, seeds: RARE_SEEDS }]);
    expect(missedGoals(counts, RARE_SEEDS - 1)).to.deep.equal([]);
  });

  it('given every strategy, then a series must have drawn it and seen it at work', () => {
    for (const { name } of STRATEGIES) {
      const goals = COVERAGE_GOALS.map(({ counter }) => counter);

      expect(goals).to.include(`strategy ${name}`);
      expect(goals).to.include(`heights under ${name}`);
    }
  });
});

describe('the deeds of faults', () => {
  /** Seeds that a fault gets to do one of its deeds. */
  const SEEDS_MAX = 12;

  it('given every fault, then each of its counters is a goal, and no two faults share one', () => {
    const goals = COVERAGE_GOALS.map(({ counter }) => counter);
    const deeds = FAULTS.flatMap(({ counters }) => counters);

    expect(goals).to.include.members(deeds);
    expect(new Set(deeds).size).to.equal(deeds.length);
    expect(new Set(goals).size).to.equal(goals.length);
  });

  /** A plan of one fault and of nothing else that goes wrong. */
  const planOf = (seed: number, faults: readonly string[]): RunPlan => ({
    ...drawPlan(seed),
    validators: 4,
    observers: 1,
    traitors: [],
    workload: 'tally',
    signatures: 'keyed-hash',
    parameters: { blockIntervalMs: 500, emptyIntervalMs: 2000, epochBlocks: 5 },
    safetyMs: 20_000,
    calm: 1,
    faults,
  });

  it('given no fault, then there is no deed of any', async () => {
    const { coverage } = await simulate(planOf(0, []), foundry);

    const deeds = FAULTS.flatMap(({ counters }) => counters);
    expect(deeds.filter((one) => coverage.has(one))).to.deep.equal([]);
  });

  for (const { name, counters } of FAULTS) {
    it(`given ${name} alone, then it does one of its deeds`, async () => {
      let deeds: readonly string[] = [];
      for (let seed = 0; seed < SEEDS_MAX && deeds.length === 0; seed++) {
        const result = await simulate(planOf(seed, [name]), foundry);
        expect(result.violation, renderResult(result)).to.equal(undefined);
        deeds = counters.filter((one) => result.coverage.has(one));
      }

      expect(deeds).not.to.deep.equal([]);
    });
  }
});

describe('what the consortium does to its cluster', () => {
  /** A plan of these faults alone, in a chain of short epochs. */
  const planOf = (seed: number, faults: readonly string[]): RunPlan => ({
    ...drawPlan(seed),
    validators: 5,
    observers: 2,
    traitors: [],
    workload: 'tally',
    parameters: { blockIntervalMs: 500, emptyIntervalMs: 2000, epochBlocks: 5 },
    faults,
  });

  /** Runs a few seeds of a fault; all counters together. */
  async function run(faults: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const total = new Map<string, number>();
    for (const seed of [1, 2, 3]) {
      const result = await simulate(planOf(seed, faults), foundry);
      expect(result.violation, renderResult(result)).to.equal(undefined);
      for (const [name, count] of result.coverage) total.set(name, (total.get(name) ?? 0) + count);
    }
    return total;
  }

  it('given changes of the set, then it grows and shrinks, keys turn, and all go on', async () => {
    const counts = await run(['set changes', 'crashes']);

    expect(counts).to.include.all.keys(['set grew', 'set shrank', 'key rotated']);
    expect(counts).to.include.all.keys(['light client across a change']);
  });

  it('given two releases at work, then blocks are final among them and the next one is put in force', async () => {
    const counts = await run(['mixed releases', 'pauses']);

    expect(counts).to.include.all.keys([
      'release upgraded',
      'release downgraded',
      'block final among mixed releases',
      'contract version in force',
    ]);
  });

  it('given writes that land elsewhere on a disk, then its node says so or goes on as if nothing were', async () => {
    const counts = await run(['misdirected writes', 'crashes']);

    expect(counts).to.include.all.keys(['misdirected write', 'restart']);
  });
});
