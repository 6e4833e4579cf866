/** Each planted bug is noticed by a scenario that holds without it (docs/reliability.md). */
import { MUTANTS, simulationSwitches } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import { playPlanted } from './killer.ts';
import { KILLERS } from './killers.ts';

const foundry = createFoundry();

describe('mutants', () => {
  afterEach(() => {
    const switches = simulationSwitches();
    if (switches !== undefined) switches.mutant = undefined;
  });

  it('given every planted bug, then a scenario is named for it', () => {
    const bugs = KILLERS.map(({ mutant }) => mutant);

    expect([...new Set(bugs)]).to.have.members(MUTANTS);
  });

  for (const killer of KILLERS) {
    it(`${killer.scenario}; mutant ${killer.mutant}`, async () => {
      await killer.play(foundry);

      const verdict = await playPlanted(killer, foundry);

      expect(verdict.error, 'the bug survives').not.to.equal(undefined);
      expect(verdict.isExpected, verdict.error?.stack).to.equal(true);
    });
  }
});
