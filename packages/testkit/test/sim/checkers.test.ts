/** Checkers see what they are there for: violations that are planted from outside. */
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { openScenario } from '../../src/sim/scenario.ts';

const foundry = createFoundry();

/** The invariant that a scenario breaks; its name alone. */
async function brokenBy(run: () => Promise<void>): Promise<string | undefined> {
  return await run().then(
    () => undefined,
    (error: Error) => error.message.split(':')[0],
  );
}

describe('simulator: checkers', () => {
  it('given a node that executes more blocks than a round can have, then I24 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (const machine of scenario.world.machines) {
      const height = machine.height() + 1;
      for (let count = 0; count < 4; count++) {
        scenario.world.events.emit({ type: 'executed', machine, height });
      }
    }

    expect(await brokenBy(() => scenario.run(0))).to.equal('I24');
  });

  it('given a message that costs more signature checks than two quorums, then I24 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const machine = scenario.machine(0);
    // Q is three of four.
    scenario.world.events.emit({ type: 'arrived', machine, kind: 'prepare', checks: 8 });
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    scenario.world.events.emit({ type: 'arrived', machine, kind: 'prepare', checks: 9 });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I24');
  });

  it('given a node that ends as a defect over a damaged disk, then I22 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const machine = scenario.machine(3);
    machine.wasDamaged = true;

    const error = new Error('an assertion');
    scenario.world.events.emit({ type: 'fatal', machine, code: 'DEFECT', error });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I22');
  });
});
