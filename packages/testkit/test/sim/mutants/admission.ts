/** A bug in how many changes of the validator set one boundary admits. */
import { assert } from '@daybook/core';
import { keysAt, proposeNewcomer } from '../../../src/sim/governing.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { reach } from '../support/goals.ts';
import type { Killer } from './killer.ts';

const UNBOUNDED: Killer = {
  mutant: 'set-change-unbounded',
  scenario: 'given two newcomers of four at once, then each joins at a boundary of its own',
  invariants: ['I13'],
  play: async (foundry) => {
    const parameters = { epochBlocks: 25, emptyIntervalMs: 1000 };
    const scenario = await openScenario({ validators: 4, observers: 2, parameters }, foundry);
    const viewer = scenario.machine(0);
    const sizes = new Set<number>();
    scenario.world.events.on('committed', () => sizes.add(keysAt(viewer).length));

    for (const index of [4, 5]) await proposeNewcomer(scenario.world, scenario.machine(index));

    const holds = (): boolean => keysAt(viewer).length === 6;
    await reach(scenario, holds, { what: 'six validators', withinMs: 180_000 });
    assert(sizes.has(5), 'one came before the other');
    scenario.end();
  },
};

export const ADMISSION_KILLERS: readonly Killer[] = [UNBOUNDED];
