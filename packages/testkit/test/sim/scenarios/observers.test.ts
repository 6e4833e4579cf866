/** An observer that comes late to a chain in which nothing happens. */
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { QUIET, untilAllAt } from './staging.ts';

const foundry = createFoundry();
const VALIDATORS: readonly number[] = [0, 1, 2, 3];
/** Of it 300 ms are the start of a machine; idle nodes show their STATUS every 10 s. */
const CAUGHT_UP_MS = 2000;

describe('simulator scenarios: observers', () => {
  it('spec R11: given an idle chain, when an observer comes, then it hears at once how far the chain is', async () => {
    const scenario = await openScenario(
      { parameters: QUIET, validators: 4, observers: 1, down: [4] },
      foundry,
    );
    for (const height of [1, 2, 3, 4, 5, 6]) {
      scenario.submit(height % 4);
      await untilAllAt(scenario, VALIDATORS, { height, withinMs: 20_000 });
    }
    await scenario.run(15_000);
    const head = scenario.machine(0).height();

    scenario.start(4);
    await scenario.until('caught up', () => scenario.machine(4).height() >= head, CAUGHT_UP_MS);

    expect(head).to.be.greaterThan(5);
    await scenario.end();
  });
});
