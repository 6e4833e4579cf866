/** Random seeds of the simulator in a short form; `npm run sim` runs any number. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { simulationSwitches } from '@daybook/core';
import { expect } from 'chai';
import { CHECKERS } from '../../src/sim/checkers/all.ts';
import { FAULTS } from '../../src/sim/faults/all.ts';
import { createFoundry } from '../../src/sim/foundry.ts';
import { drawPlan } from '../../src/sim/plan.ts';
import { REGRESSIONS } from '../../src/sim/regressions/all.ts';
import { renderFailure, renderResult } from '../../src/sim/report.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import { shrink } from '../../src/sim/shrink.ts';
import { simulate } from '../../src/sim/simulate.ts';
import { endSimulation, openSimulation } from '../../src/sim/simulation.ts';
import { STRATEGIES } from '../../src/sim/strategies/all.ts';
import { TALLY_WORKLOAD } from '../../src/sim/tally-workload.ts';
import { startClients } from '../../src/sim/workload.ts';

/** The machines of a world that ran for twenty seconds and ended. */
async function liveAWhile(seed: number): Promise<readonly WeakRef<object>[]> {
  const simulation = await openSimulation(drawPlan(seed), foundry);
  const { world, workload } = simulation;
  const { machines, timeline } = world;
  for (const machine of machines) machine.start();
  const prng = world.prng.fork('clients');
  startClients(world, workload, { prng, untilMs: 20_000, meanMs: 1000 });
  await timeline.run(20_000);
  endSimulation(simulation);
  return machines.map((machine) => new WeakRef(machine));
}

/** A weak reference holds its target until the turn of the event loop ends. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}

const SEEDS = 50;
const SEEDS_PER_TEST = 5;
const foundry = createFoundry();

describe('simulator: seeds', () => {
  for (let from = 0; from < SEEDS; from += SEEDS_PER_TEST) {
    const last = from + SEEDS_PER_TEST - 1;
    it(`given the seeds ${from} to ${last}, then every invariant holds and the chain goes on after healing`, async function () {
      this.timeout(300_000);
      for (let seed = from; seed <= last; seed++) {
        const result = await simulate(drawPlan(seed), foundry);
        const words = result.violation === undefined ? '' : renderFailure(result, 'this one');
        expect(words.slice(0, 4000)).to.equal('');
      }
    });
  }

  it('given a seed run twice, once after others, then the traces are equal (I32)', async () => {
    const seeds = [1, 12, 37];
    const first: string[] = [];
    for (const seed of seeds) first.push((await simulate(drawPlan(seed), foundry)).traceHash);

    const second: string[] = [];
    for (const seed of seeds) {
      second.push((await simulate(drawPlan(seed), createFoundry())).traceHash);
    }

    expect(second).to.deep.equal(first);
  });

  it('given clients that remember an earlier run, then the traces differ (I32)', async () => {
    let calls = 0;
    const workload = {
      ...TALLY_WORKLOAD,
      nextCalls: () => {
        calls += 1;
        const args = { name: `sum-${calls}`, amount: 1 };
        return [{ contract: 'tally', action: 'add', args }];
      },
    };
    const plan = { ...drawPlan(4), workload: 'tally' as const, safetyMs: 10_000 };

    const first = await simulate(plan, foundry, { workload });
    const second = await simulate(plan, foundry, { workload });

    expect(second.traceHash).not.to.equal(first.traceHash);
  });

  it('given blocks executed once for all, or by every node, then the traces are equal', async () => {
    for (const seed of [4, 21]) {
      const plan = drawPlan(seed);
      const own = await simulate({ ...plan, execution: 'own' }, foundry);
      const shared = await simulate({ ...plan, execution: 'shared' }, foundry);

      expect(shared.traceHash).to.equal(own.traceHash);
    }
  });

  it('given a seed with its log printed, then the trace is that of the seed without', async () => {
    const lines: string[] = [];
    const silent = await simulate(drawPlan(4), foundry);
    const told = await simulate(drawPlan(4), foundry, { print: (line) => lines.push(line) });

    expect(told.traceHash).to.equal(silent.traceHash);
    expect(lines.length).to.be.greaterThan(1000);
  });

  it('given a plan made calm, then processes die less than half as often', async () => {
    const faults = ['crashes', 'crashes at disk work'];
    const plan = { ...drawPlan(4), validators: 4, observers: 0, traitors: [], faults };
    const restarts = async (calm: number): Promise<number> => {
      const { coverage } = await simulate({ ...plan, calm }, foundry);
      return coverage.get('restart') ?? 0;
    };

    const [usual, rare] = [await restarts(1), await restarts(4)];

    expect(rare, `${rare} of ${usual} restarts`)
      .to.be.above(0)
      .and.below(usual / 2);
  });

  it('given a series of seeds, then nothing of a world that has ended is kept', async () => {
    const ended = [await liveAWhile(4), await liveAWhile(5), await liveAWhile(6)].flat();

    await collectGarbage();
    const kept = ended.filter((one) => one.deref() !== undefined);
    expect(kept.length, `${kept.length} of ${ended.length} machines`).to.equal(0);
  });

  for (const [index, { plan, invariant, cause }] of REGRESSIONS.entries()) {
    it(`given regression ${index + 1}, which broke ${invariant}, then it holds`, async () => {
      const result = await simulate(plan, foundry);

      expect(result.violation, `${cause}\n${renderResult(result)}`).to.equal(undefined);
    });
  }

  it('given every checker, then it is one of those that watch, names its invariants, and faults differ', () => {
    const ids = CHECKERS.flatMap(({ invariants }) => invariants);
    const folder = join(import.meta.dirname, '../../src/sim/checkers');
    const files = readdirSync(folder).filter((file) => !['all.ts', 'checker.ts'].includes(file));
    expect(CHECKERS).to.have.length(files.length);
    const names = FAULTS.map(({ name }) => name);

    expect(ids.filter((id) => !/^I\d+$/.test(id))).to.deep.equal([]);
    expect(new Set(names).size).to.equal(names.length);
    // Those of docs/reliability.md.
    const strategies = Array.from({ length: 29 }, (_, index) => `B${index + 1}`);
    expect(STRATEGIES.map(({ name }) => name)).to.have.members(strategies);
  });
});

describe('simulator: a planted bug', () => {
  function plant(mutant: 'quorum-1' | undefined): void {
    const switches = simulationSwitches();
    if (switches === undefined) throw new Error('run with --conditions=simulation');
    switches.mutant = mutant;
  }

  afterEach(() => plant(undefined));

  it('given a quorum that is one too small, when the network falls into halves, then I1 is broken', async () => {
    plant('quorum-1');
    const scenario = await openScenario({ validators: 4 }, foundry);
    scenario.partition([0, 1], [2, 3]);
    scenario.submit(0);
    scenario.submit(2);

    const outcome = await scenario.run(60_000).then(
      () => 'all held',
      (error: Error) => error.message.slice(0, 3),
    );

    expect(outcome).to.equal('I1:');
  });

  it('given a failing plan, when it is shrunk, then less of it still breaks the same invariant', async function () {
    this.timeout(300_000);
    plant('quorum-1');
    const plan = {
      ...drawPlan(15),
      validators: 4,
      traitors: [],
      observers: 1,
      meanSubmissionMs: 1000,
      faults: ['partitions', 'duplicates', 'slow network'],
    };
    const failed = await simulate(plan, foundry);
    expect(failed.violation?.invariant, renderResult(failed)).to.equal('I1');

    const smallest = await shrink(failed, foundry);

    expect(smallest.violation?.invariant).to.equal('I1');
    expect(smallest.plan.faults.length).to.be.below(plan.faults.length);
    expect(smallest.plan.faults).to.include('partitions');
    expect(smallest.plan.safetyMs).to.be.below(plan.safetyMs);
  });
});
