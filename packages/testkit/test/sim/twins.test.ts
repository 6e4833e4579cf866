/** Twins: a sample of the cases of docs/simulator.md in which a validator runs twice. */
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { sampleTwins } from '../../src/sim/twins-space.ts';

const foundry = createFoundry();

describe('twins', () => {
  it('given four validators of which one runs twice, then two hundred cases are harmless', async () => {
    const plan = { validators: 4, rounds: 4, count: 200, seed: 1 };

    const { played, failed } = await sampleTwins(plan, foundry);

    expect(failed).to.equal(undefined);
    expect(played).to.equal(200);
  }).timeout(240_000);
});
