/** Bugs in how a node ends that must end. */
import { failBeside } from '../../../src/sim/faults/crashes.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { gain } from '../support/goals.ts';
import type { Killer } from './killer.ts';

/** Of two ways to end, at once and with parts still to close, each is met in so many turns. */
const TURNS = 8;

const VOTES_ON: Killer = {
  mutant: 'failed-and-voting',
  scenario: 'given validators that fail in a part beside consensus, then none votes any more',
  invariants: ['I6'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (let turn = 0; turn < TURNS; turn++) {
      const victim = scenario.machine(turn % 4);
      scenario.submit((turn + 1) % 4);
      await scenario.run(300);
      failBeside(victim);
      scenario.submit((turn + 1) % 4);
      await scenario.until('it has ended', () => victim.state() === 'down', 2000);
      scenario.start(victim.index);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    }
    scenario.end();
  },
};

/** Longer than a node that must end may take. */
const GONE_MS = 25_000;

const STAYS: Killer = {
  mutant: 'stop-hangs',
  scenario: 'given validators whose disk fails while they sign, then each is gone soon',
  invariants: ['I18'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (let turn = 0; turn < TURNS; turn++) {
      const victim = scenario.machine(turn % 4);
      victim.strike = ({ operation, path }) => {
        return operation === 'write' && path.includes('/votes/') ? 'error' : undefined;
      };
      scenario.submit((turn + 1) % 4);
      await scenario.until('it has ended', () => victim.state() === 'down', GONE_MS);
      victim.strike = () => undefined;
      scenario.start(victim.index);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    }
    scenario.end();
  },
};

export const ENDING_KILLERS: readonly Killer[] = [VOTES_ON, STAYS];
