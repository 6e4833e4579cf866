/** Bugs in what is read back from a disk, and in how much work a message may cause. */
import { assert } from '@daybook/core';
import type { Foundry } from '../../../src/sim/foundry.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { PATIENT } from '../support/division.ts';
import { gain } from '../support/goals.ts';
import { onSent } from '../support/sightings.ts';
import { roundOf, toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

/** How the names begin that clients write. */
const NAME = 'sum-';

/** Bytes of stored blocks change while their node is down; then the blocks are asked for. */
const UNCHECKED: Killer = {
  mutant: 'checksum-unchecked',
  scenario:
    'given changed bytes in stored blocks, then reading them is an error and no other block',
  invariants: ['I22'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (let round = 0; round < 3; round++) {
      scenario.submit(round);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 30_000 });
    }
    const victim = scenario.machine(3);
    scenario.stop(3);
    victim.wasDamaged = true;
    const path = victim.disk.paths().find((one) => one.includes('/blocks/'));
    assert(path !== undefined, 'there is a block log');
    // Somewhere in the call of each transaction: what it says is another thing, and still decodes.
    victim.disk.damage(path, (bytes) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = text.indexOf(NAME); at >= 0; at = text.indexOf(NAME, at + 1))
        text[at] = 'z'.charCodeAt(0);
    });

    scenario.start(3);

    await scenario.run(30_000);
    scenario.end();
  },
};

/** Two rounds fail after a block was prepared: the third proposal carries its certificate. */
async function proposeAgain(foundry: Foundry): Promise<void> {
  const scenario = await openScenario({ validators: 7, parameters: PATIENT }, foundry);
  const height = await toHeightWhere(scenario, () => true);
  let hasCertificate = false;
  onSent(scenario, (message) => {
    if (message.type !== 'pre-prepare') return;
    hasCertificate ||= message.justification?.certificate !== undefined;
  });
  scenario.lose('commit', 1000);
  scenario.submit(0);
  const isPast = (): boolean => scenario.world.machines.some((one) => (roundOf(one) ?? 0) > 0);
  await scenario.until('a round later', isPast, 60_000);
  scenario.heal();

  await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });

  assert(hasCertificate && scenario.machine(0).height() >= height, 'it was proposed again');
  scenario.end();
}

const PER_ENTRY: Killer = {
  mutant: 'certificate-per-entry',
  scenario: 'given a block that is proposed again, then its certificate is verified once',
  invariants: ['I24'],
  play: proposeAgain,
};

/** More blocks than may be held at once, one after the other. */
const HEIGHTS = 20;

const KEPT: Killer = {
  mutant: 'bodies-kept',
  scenario: 'given twenty heights, then the blocks of those that are over are let go of',
  invariants: ['I23'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (let height = 0; height < HEIGHTS; height++) {
      scenario.submit(height % 4);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 30_000 });
    }
    await scenario.run(1000);
    scenario.end();
  },
};

export const BOUND_KILLERS: readonly Killer[] = [UNCHECKED, PER_ENTRY, KEPT];
