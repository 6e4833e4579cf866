/** Twins: samples of the cases of docs/simulator.md in which a validator runs twice. */
import type { MutantName } from '@daybook/core';
import { simulationSwitches } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { sampleTwins } from '../../src/sim/twins-space.ts';

const foundry = createFoundry();
/** Together a thousand cases. */
const SEEDS = [1, 2, 3, 4, 5];

describe('twins', () => {
  for (const seed of SEEDS) {
    it(`given four validators of which one runs twice, then two hundred cases are harmless (${seed} of ${SEEDS.length})`, async () => {
      const plan = { validators: 4, rounds: 4, count: 200, seed };

      const { played, failed } = await sampleTwins(plan, foundry);

      expect(failed).to.equal(undefined);
      expect(played).to.equal(200);
    }).timeout(240_000);
  }

  it('given seven validators of which one runs twice, then twenty cases are harmless', async () => {
    const plan = { validators: 7, rounds: 7, count: 20, seed: 1 };

    const { played, failed } = await sampleTwins(plan, foundry);

    expect(failed).to.equal(undefined);
    expect(played).to.equal(20);
  }).timeout(240_000);
});

describe('twins: a planted bug', () => {
  function plant(mutant: MutantName | undefined): void {
    const switches = simulationSwitches();
    if (switches === undefined) throw new Error('run with --conditions=simulation');
    switches.mutant = mutant;
  }

  afterEach(() => plant(undefined));

  const bugs: readonly (readonly [MutantName, string])[] = [
    ['quorum-1', 'I1'],
    ['round-change-forgets-lock', 'I4'],
  ];
  for (const [mutant, invariant] of bugs) {
    it(`given the mutant ${mutant}, then the first cases of the sample break ${invariant}`, async () => {
      plant(mutant);

      const plan = { validators: 4, rounds: 4, count: 200, seed: 1 };
      const { failed } = await sampleTwins(plan, foundry);

      expect(failed?.violation.invariant).to.equal(invariant);
    }).timeout(240_000);
  }
});
