/** Bugs in the rules of rounds: timers, sending again, and when a block is decided. */
import { openScenario } from '../../../src/sim/scenario.ts';
import { PATIENT } from '../support/division.ts';
import { gain, reach } from '../support/goals.ts';
import { loseFrames } from '../support/sightings.ts';
import { roundOf, toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

const EQUAL_ROUNDS = { ...PATIENT, roundBaseMs: 1000, roundStepMs: 0, roundMaxMs: 1000 };

const NO_GATE: Killer = {
  mutant: 'no-timer-gate',
  scenario: 'given one that waited alone and rounds of equal length, then the others meet it',
  invariants: ['I26'],
  play: async (foundry) => {
    const options = { validators: 4, parameters: EQUAL_ROUNDS, down: [3] };
    const scenario = await openScenario(options, foundry);
    scenario.partition([0], [1, 2]);
    scenario.submit(0);
    await scenario.run(8500);

    scenario.heal();
    scenario.submit(1);

    await gain(scenario, scenario.running(), { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

const NO_RESEND: Killer = {
  mutant: 'no-resend',
  scenario: 'given ROUND-CHANGEs that were all lost, then they are sent again',
  invariants: ['I26'],
  play: async (foundry) => {
    const options = { validators: 4, parameters: PATIENT, down: [3] };
    const scenario = await openScenario(options, foundry);
    scenario.world.wire.partition(() => true, false);
    for (const { index } of scenario.running()) scenario.submit(index);
    const haveAsked = (): boolean => scenario.running().every((one) => roundOf(one) === 1);
    await scenario.until('all ask for round 1', haveAsked, 20_000);
    await scenario.run(500);

    scenario.heal();

    await gain(scenario, scenario.running(), { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

const ONLY_NOW: Killer = {
  mutant: 'decide-in-current-round',
  scenario: 'given COMMITs that arrive after everybody moved on, then they decide at once (R6)',
  invariants: ['R6'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
    const height = await toHeightWhere(scenario, () => true);
    const all = scenario.world.machines;
    let isCommitLost = true;
    const hasLeft = (): boolean => all.every((one) => roundOf(one) > 0);
    const isAway = (): boolean => all.some((one) => roundOf(one) > 0);
    const restore = loseFrames(scenario, ({ kind }) => {
      return kind === 'commit' ? isCommitLost : kind === 'pre-prepare' && isAway();
    });
    scenario.submit(0);
    await scenario.until('all have moved on', hasLeft, 20_000);

    isCommitLost = false;

    const what = 'the COMMITs of round 0 decide, though no proposal passes any more';
    const holds = (): boolean => all.every((one) => one.height() === height);
    await reach(scenario, holds, { invariant: 'R6', what, withinMs: 5000 });
    restore();
    scenario.end();
  },
};

const MIXED: Killer = {
  mutant: 'mixed-rounds',
  scenario: 'given COMMITs of a quorum from two rounds, then nothing is decided by them',
  invariants: ['I2'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
    const height = await toHeightWhere(scenario, () => true);
    const all = scenario.world.machines;
    // Machine 3 hears one COMMIT of round 0, from machine 0, and one of a later round, from 1.
    const rounds = (): readonly number[] => all.map(roundOf);
    const restore = loseFrames(scenario, ({ kind, from, to }) => {
      if (kind !== 'commit') return false;
      const speaker = Math.max(...rounds()) === 0 ? 0 : 1;
      return to !== 3 || from !== speaker;
    });
    scenario.submit(0);
    const isLater = (): boolean => Math.min(...rounds()) > 0;
    await scenario.until('all are in a later round', isLater, 20_000);
    await scenario.run(6000);

    restore();

    const holds = (): boolean => all.every((one) => one.height() >= height);
    await reach(scenario, holds, { what: 'all decide', withinMs: 60_000 });
    scenario.end();
  },
};

export const ROUND_KILLERS: readonly Killer[] = [NO_GATE, NO_RESEND, ONLY_NOW, MIXED];
