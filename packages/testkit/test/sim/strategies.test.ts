/**
 * Byzantine strategies B1 to B29 (docs/reliability.md): each does its deed, and with at most f of
 * them no invariant breaks and the chain goes on.
 */
import { quorumOf } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { drawPlan } from '../../src/sim/plan.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import { simulate } from '../../src/sim/simulate.ts';
import { STRATEGIES } from '../../src/sim/strategies/all.ts';

const foundry = createFoundry();
/** What turns on locks: rounds that end prepared come where COMMITs and decisions are lost. */
const NEEDS_LOCKS: ReadonlySet<string> = new Set(['B18', 'B19']);
/** What turns on rounds that end with nothing prepared. */
const NEEDS_ROUNDS: ReadonlySet<string> = new Set(['B13']);

describe('simulator: Byzantine strategies', () => {
  it('then there are 29 of them, by the names of docs/reliability.md', () => {
    const names = STRATEGIES.map(({ name }) => name);
    expect(names).to.deep.equal(Array.from({ length: 29 }, (_, index) => `B${index + 1}`));
  });

  for (const { name, title } of STRATEGIES) {
    it(`${name}: given one of four ${title}, then it is active and the chain goes on`, async () => {
      const scenario = await openScenario(
        {
          validators: 4,
          traitors: [{ machine: 1, strategy: name }],
          parameters: { epochBlocks: 5 },
        },
        foundry,
      );
      if (NEEDS_LOCKS.has(name)) {
        for (const kind of ['commit', 'decided', 'gossip'] as const) scenario.lose(kind, 950);
      }
      if (NEEDS_ROUNDS.has(name)) scenario.lose('prepare', 950);
      // One node is behind, so that there is somebody to serve.
      scenario.stop(3);
      scenario.submit(0);
      await scenario.run(3000);
      scenario.start(3);
      for (let second = 0; second < 20; second++) {
        scenario.submit(second % 4);
        await scenario.run(1000);
      }

      scenario.heal();
      const goal = scenario.machine(0).height() + 2;
      await scenario.until(
        'every correct node at the same height',
        () => [0, 2, 3].every((index) => scenario.machine(index).height() >= goal),
        60_000,
      );

      const { coverage } = scenario.end();
      expect(coverage.get(`heights under ${name}`) ?? 0).to.be.at.least(1);
    });
  }

  it('B5: given one of four that says nothing, then no frame of any kind leaves it', async () => {
    const traitors = [{ machine: 1, strategy: 'B5' }];
    const scenario = await openScenario({ validators: 4, traitors }, foundry);
    const kinds = new Set<string>();
    const { fate } = scenario.conditions;
    scenario.conditions.fate = (frame) => {
      if (frame.from === 1) kinds.add(frame.kind);
      return fate(frame);
    };
    // Whoever comes back asks it, too, and it has blocks to gossip.
    for (let second = 0; second < 20; second++) {
      if (second === 8) scenario.stop(3);
      if (second === 12) scenario.start(3);
      scenario.submit(second % 4);
      await scenario.run(1000);
    }

    expect(scenario.machine(1).height()).to.be.at.least(1);
    expect([...kinds]).to.deep.equal([]);
    scenario.end();
  });

  it('B29: given two colluders of seven, then they are at work together and the chain goes on', async () => {
    const traitors = [1, 4].map((machine) => ({ machine, strategy: 'B29' }));
    const scenario = await openScenario({ validators: 7, traitors }, foundry);
    const honest = [0, 2, 3, 5, 6].map((index) => scenario.machine(index));

    for (let turn = 0; turn < 20; turn++) {
      scenario.submit(turn % 7);
      await scenario.run(3000);
    }

    const goal = Math.max(...honest.map((machine) => machine.height())) + 2;
    scenario.submit(0);
    await scenario.until(
      'every correct node two heights on',
      () => honest.every((machine) => machine.height() >= goal),
      120_000,
    );
    const { coverage } = scenario.end();
    expect(coverage.get('two or more colluders at work') ?? 0).to.be.at.least(2);
  });

  it('given many seeds, then colluders are drawn for all that may be bad, or for none', () => {
    let plots = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const { validators, traitors } = drawPlan(seed);
      const { faultyMax } = quorumOf(validators);
      const colluders = traitors.filter(({ strategy }) => strategy === 'B29');
      if (faultyMax < 2 || colluders.length === 0) continue;
      plots += 1;
      const machines = new Set(colluders.map(({ machine }) => machine));
      expect([machines.size, traitors.length], `seed ${seed}`).to.deep.equal([
        faultyMax,
        faultyMax,
      ]);
    }

    // One seed in thirteen has seven validators or more, and a tenth of these a plot.
    expect(plots).to.be.within(10, 60);
  });

  for (const validators of [4, 7]) {
    it(`given ${validators} validators and faults, then each strategy is harmless`, async () => {
      for (const [index, { name }] of STRATEGIES.entries()) {
        const seed = 1_000_000 + 100 * index + validators;
        const machines = validators === 4 ? [1] : [1, 4];
        const traitors = machines.map((machine) => ({ machine, strategy: name }));
        const drawn = drawPlan(seed);
        const plan = { ...drawn, validators, traitors, observers: 0, safetyMs: 20_000 };

        const { violation, recent } = await simulate(plan, foundry);

        const words =
          violation && `${name} seed ${seed}: ${violation.invariant} ${violation.words}`;
        expect(words, recent.slice(-20).join('\n')).to.equal(undefined);
      }
    }).timeout(240_000);
  }
});
