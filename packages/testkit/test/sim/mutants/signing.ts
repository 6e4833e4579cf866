/** Bugs in the signing guard, the vote log and what a restart makes of it. */
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { PATIENT } from '../support/division.ts';
import { gain, reach } from '../support/goals.ts';
import { loseFrames, onSigned } from '../support/sightings.ts';
import { roundOf, toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';
import { proposeTwice } from './twice-proposing.ts';

const NO_GUARD: Killer = {
  mutant: 'no-guard',
  scenario: 'given a proposer that restarts after signing, then it proposes nothing else',
  invariants: ['I3'],
  play: (foundry) => proposeTwice(foundry, 'power-loss'),
};

const GUARD_NOT_DURABLE: Killer = {
  mutant: 'guard-not-durable',
  scenario: 'given a proposer that loses power after signing, then it knows what it proposed',
  invariants: ['I3', 'I6'],
  play: (foundry) => proposeTwice(foundry, 'power-loss'),
};

const SEND_BEFORE_SYNC: Killer = {
  mutant: 'send-before-sync',
  scenario: 'given a disk that takes its time, then no vote leaves before it is durable',
  invariants: ['I6'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    scenario.machine(1).syncMs = () => 300;
    scenario.submit(1);
    await gain(scenario, scenario.world.machines, { heights: 2, withinMs: 30_000 });
    scenario.end();
  },
};

const CANDIDATE_NOT_DURABLE: Killer = {
  mutant: 'candidate-not-durable',
  scenario:
    'given blocks that take longer to write than votes, then no vote leaves before its block',
  invariants: ['I6'],
  play: async (foundry) => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const victim = scenario.machine(1);
    let syncs = 0;
    // The block is written first, then the vote in two mirrors: one of three syncs is slow.
    victim.syncMs = () => (syncs++ % 3 === 0 ? 300 : 0);
    for (let turn = 0; turn < 4; turn++) {
      scenario.submit(1);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 30_000 });
    }
    scenario.end();
  },
};

/** No COMMIT arrives, so that everybody is locked and nobody has decided. */
async function openLocked(foundry: Foundry): Promise<{
  readonly scenario: Scenario;
  readonly restore: () => void;
}> {
  const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
  await toHeightWhere(scenario, () => true);
  const restore = loseFrames(scenario, ({ kind }) => kind === 'commit');
  return { scenario, restore };
}

const LOCK_NOT_DURABLE: Killer = {
  mutant: 'lock-not-durable',
  scenario: 'given a power loss after a COMMIT, then the lock is there after the restart',
  invariants: ['I4', 'I18'],
  play: async (foundry) => {
    const { scenario, restore } = await openLocked(foundry);
    onSigned(scenario, { machine: 1, step: 'commit', round: 0 }, () => {
      scenario.crash(1, 'power-loss');
    });
    scenario.submit(0);
    await scenario.until('the power loss', () => scenario.machine(1).state() === 'down', 5000);
    await scenario.run(100);

    scenario.start(1);

    await reach(scenario, () => roundOf(scenario.machine(1)) > 0, {
      what: 'it asks for the next round',
      withinMs: 20_000,
    });
    restore();
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

const FORGOTTEN_LOCK: Killer = {
  mutant: 'round-change-forgets-lock',
  scenario: 'given locked validators, then their ROUND-CHANGEs report the lock',
  invariants: ['I4'],
  play: async (foundry) => {
    const { scenario, restore } = await openLocked(foundry);
    scenario.submit(0);
    await reach(scenario, () => scenario.running().every((one) => roundOf(one) > 0), {
      what: 'all leave round 0',
      withinMs: 20_000,
    });
    restore();
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

const TORN_TAIL: Killer = {
  mutant: 'torn-tail-of-one-mirror',
  scenario: 'given the last vote torn in one mirror, then it is taken from the other',
  invariants: ['I3'],
  play: async (foundry) => {
    const { scenario, restore } = await openLocked(foundry);
    const victim = scenario.machine(1);
    onSigned(scenario, { machine: 1, step: 'round-change', round: 1 }, () => scenario.crash(1));
    scenario.submit(0);
    await scenario.until('the crash', () => victim.state() === 'down', 20_000);
    victim.disk.damage('/data/votes/wal-A', tearLastRecord);

    scenario.start(1);

    restore();
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

/** The file is allocated ahead with zeros: the last other byte belongs to the last record. */
function tearLastRecord(bytes: Uint8Array): void {
  const last = bytes.findLastIndex((byte) => byte !== 0);
  bytes.fill(0, last - 8, last + 1);
}

const FORGOTTEN_VOTES: Killer = {
  mutant: 'own-votes-forgotten',
  scenario: 'given a quorum that restarts in round 1, then its ROUND-CHANGEs are sent again',
  invariants: ['I26'],
  play: async (foundry) => {
    const options = { validators: 4, parameters: PATIENT, down: [3] };
    const scenario = await openScenario(options, foundry);
    const up = scenario.running();
    // Nothing arrives, and nobody notices.
    scenario.world.wire.partition(() => true, false);
    for (const { index } of up) scenario.submit(index);
    const hasAsked = (): boolean => up.every((one) => roundOf(one) === 1);
    await scenario.until('all ask for round 1', hasAsked, 20_000);
    await scenario.run(500);

    for (const { index } of up) scenario.crash(index, 'power-loss');
    await scenario.run(100);
    scenario.heal();
    for (const { index } of up) scenario.start(index);

    await gain(scenario, up, { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

export const SIGNING_KILLERS: readonly Killer[] = [
  NO_GUARD,
  GUARD_NOT_DURABLE,
  SEND_BEFORE_SYNC,
  CANDIDATE_NOT_DURABLE,
  LOCK_NOT_DURABLE,
  FORGOTTEN_LOCK,
  TORN_TAIL,
  FORGOTTEN_VOTES,
];
