/**
 * The short forms of those faults that every submission runs (docs/reliability.md): killed at random
 * and at every sync, and files damaged in five places each. `npm run faults` has the others and the long forms.
 */
import { expect } from 'chai';
import { tryDamage } from '../faults/damage-trials.ts';
import type { Fault } from '../faults/fault.ts';
import { lackOf } from '../faults/machine.ts';
import { createRandom } from '../faults/random.ts';
import { CHOSEN_FAULTS, FAULTS } from '../faults/table.ts';
import { tellFigure } from './support/figures.ts';

const SEED = 1;

function named(id: string): Fault {
  const fault = FAULTS.find((one) => one.id === id);
  if (fault === undefined) throw new Error(`there is a fault ${id}`);
  return fault;
}

describe('faults on real processes, short forms', function () {
  this.timeout(600_000);

  for (const fault of CHOSEN_FAULTS.map(named)) {
    it(`${fault.id}: given ${fault.title}, then all agree and nothing is lost (I1, I3, I8, I9)`, async function () {
      const lack = lackOf(fault.needs);
      if (lack !== undefined) {
        tellFigure(`skipped: ${lack}`);
        this.skip();
      }
      tellFigure(await fault.run({ short: true, random: createRandom(SEED), tell: tellFigure }));
    });
  }

  it('F7: given damage at five places of every kind of file, then a node names it or answers as before (I3, I22)', async () => {
    const run = { positions: [1, 2, 3, 4, 5], random: createRandom(SEED), tell: tellFigure };

    // Throws what was silent, or another answer than before.
    const lines = await tryDamage(run);

    expect(lines.length).to.be.at.least(20);
  });
});
