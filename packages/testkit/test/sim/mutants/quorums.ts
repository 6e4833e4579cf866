/** Bugs in the arithmetic of quorums: too few agree, or too few pull the others along. */

import { keysAt, proposeRemoval } from '../../../src/sim/governing.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { gain, reach } from '../support/goals.ts';
import { openBetrayed } from '../support/traitor.ts';
import { roundOf } from '../support/turns.ts';
import type { Killer } from './killer.ts';

const HALVES_MS = 20_000;

function halves(mutant: Killer['mutant'], validators: number): Killer {
  const half = Array.from({ length: validators / 2 }, (_, index) => index);
  const otherHalf = half.map((index) => index + validators / 2);
  return {
    mutant,
    scenario: `given ${validators} validators in two halves, then neither half decides anything`,
    invariants: ['I1'],
    play: async (foundry) => {
      const scenario = await openScenario({ validators }, foundry);
      scenario.partition(half, otherHalf);
      scenario.submit(0);
      scenario.submit(validators - 1);
      await scenario.run(HALVES_MS);

      scenario.heal();

      await gain(scenario, scenario.running(), { withinMs: 60_000 });
      scenario.end();
    },
  };
}

/** A round needs four messages one after the other; the flood leaves time for one. */
const FLOOD_MS = 50;
const DELAY_MS = 60;
const FLOODED_MS = 5000;

const ONE_ASKS: Killer = {
  mutant: 'jump-at-f',
  scenario: 'given one validator that asks for round after round, then nobody follows it',
  invariants: ['I28', 'I26'],
  play: async (foundry) => {
    const { scenario, traitor, reins } = await openBetrayed({ validators: 4 }, 3, foundry);
    reins.isMute = true;
    scenario.conditions.meanMs = DELAY_MS;
    const { world } = scenario;
    let isFlooding = true;
    const flood = (): void => {
      const height = Math.max(...traitor.honest().map((one) => one.height())) + 1;
      const round = Math.max(...traitor.honest().map(roundOf)) + 1;
      if (traitor.machine.height() + 1 === height) {
        const content = { type: 'round-change', height, round } as const;
        traitor.sendToAll({ type: 'round-change', signed: traitor.sign(content) });
      }
      if (isFlooding) world.timeline.at(world.timeline.now() + FLOOD_MS, flood);
    };
    flood();

    scenario.submit(0);

    await gain(scenario, traitor.honest(), { heights: 1, withinMs: FLOODED_MS });
    isFlooding = false;
    scenario.end();
  },
};

const OLD_SET: Killer = {
  mutant: 'old-validator-set',
  scenario: 'given a validator that leaves, then the set changes at the epoch boundary',
  invariants: ['I13'],
  play: async (foundry) => {
    const parameters = { epochBlocks: 5, emptyIntervalMs: 1000 };
    const scenario = await openScenario({ validators: 5, parameters }, foundry);
    await gain(scenario, scenario.running(), { withinMs: 20_000 });

    proposeRemoval(scenario.world, scenario.machine(4));

    const staying = scenario.running().filter(({ index }) => index !== 4);
    const isOut = (): boolean => staying.every((one) => keysAt(one).length === 4);
    await reach(scenario, isOut, { what: 'it is out of the set', withinMs: 60_000 });
    await gain(scenario, staying, { withinMs: 20_000 });
    scenario.end();
  },
};

export const QUORUM_KILLERS: readonly Killer[] = [
  halves('quorum-1', 4),
  halves('quorum-2f+1', 6),
  ONE_ASKS,
  OLD_SET,
];
