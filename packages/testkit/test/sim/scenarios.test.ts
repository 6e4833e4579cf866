/** Named scenarios of the simulator: the happy path and single failures (docs/reliability.md). */
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { openScenario } from '../../src/sim/scenario.ts';

const foundry = createFoundry();

describe('simulator: scenarios', () => {
  it('given four validators, when transactions come, then all decide the same blocks (1)', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);

    for (let count = 0; count < 3; count++) {
      scenario.submit(count);
      await scenario.run(1000);
    }

    await scenario.until(
      'everybody at one height',
      () => new Set(scenario.running().map((machine) => machine.height())).size === 1,
      10_000,
    );
    expect(scenario.machine(0).height()).to.be.at.least(3);
    scenario.end();
  });

  it('given more than n-Q validators down, then nothing is decided until one is back (3)', async () => {
    const scenario = await openScenario({ validators: 4, down: [2, 3] }, foundry);
    scenario.submit(0);
    await scenario.run(60_000);
    expect(scenario.machine(0).height()).to.equal(0);

    scenario.start(2);

    await scenario.until('a block', () => scenario.machine(0).height() > 0, 40_000);
    scenario.end();
  });

  it('given a partition without a quorum, when it heals, then all go on (25)', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    scenario.partition([0, 1], [2, 3]);
    scenario.submit(0);
    await scenario.run(20_000);
    const heights = scenario.running().map((machine) => machine.height());

    scenario.heal();

    const least = Math.max(...heights) + 1;
    await scenario.until(
      'a block everywhere',
      () => scenario.running().every((machine) => machine.height() >= least),
      40_000,
    );
    scenario.end();
  });
});
