/** Named scenarios 14 to 16 of docs/reliability.md: validators that die at the worst moment. */
import { expect } from 'chai';
import { listCrashPoints, runCrashPoint } from '../../../src/sim/crash-points.ts';
import { createFoundry } from '../../../src/sim/foundry.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import {
  onVote,
  proposerMachine,
  QUIET,
  recordDecisions,
  recordProposals,
  recordVotes,
  untilAllAt,
} from './staging.ts';

const foundry = createFoundry();
const EVERYBODY: readonly number[] = [0, 1, 2, 3];
const DOWN_MS = 200;
/** Of some six hundred points; `npm run sim -- --crash-points` takes all of them. */
const POINTS_SAMPLED = 16;

/** Kills a machine now and starts it again soon after. */
function dieOnce(scenario: Scenario, machine: number, why: string): void {
  const { timeline } = scenario.world;
  const victim = scenario.machine(machine);
  victim.crash('power-loss', why);
  timeline.at(timeline.now() + DOWN_MS, () => victim.start());
}

describe('simulator scenarios: restarts', () => {
  it('scenario 14: given a death at any point of disk work or sending, then everybody goes on', async () => {
    const points = await listCrashPoints(foundry);
    // Every kind of moment is among them: before and after each write, each mirror, each vote.
    const kinds = new Set(points.map(({ moment }) => moment));
    for (const kind of [
      'write /data/votes/wal-A',
      'write /data/votes/wal-B',
      'sync /data/votes/wal-A',
      'synced /data/votes/wal-A',
      'synced /data/votes/wal-B',
      'synced /data/blocks/blocks-000000000000.log',
      'batch /data/state/index',
      'batch-written /data/state/index',
      'half of a pre-prepare',
      'half of a prepare',
      'half of a commit',
    ]) {
      expect([...kinds]).to.include(kind);
    }

    const step = points.length / POINTS_SAMPLED;
    for (let at = 0; at < points.length; at += step) {
      const point = points[Math.floor(at)];
      // Throws what broke.
      if (point !== undefined) await runCrashPoint(point, foundry);
    }
  }).timeout(240_000);

  for (const framesBefore of [0, 1]) {
    it(`scenario 15: given a proposer that dies after ${framesBefore} frames of its proposal, then it repeats that one`, async () => {
      const parameters = { ...QUIET, roundBaseMs: 5000 };
      const scenario = await openScenario({ validators: 4, parameters }, foundry);
      const decisions = recordDecisions(scenario);
      const votes = recordVotes(scenario);
      const proposer = proposerMachine(scenario, 0, 0);
      const proposals = recordProposals(scenario, proposer);
      let frames = 0;
      scenario.world.events.on('sent', ({ machine, kind }) => {
        if (machine.index !== proposer || kind !== 'pre-prepare' || machine.lives > 1) return;
        // The frame that is being sent is lost with the process.
        if (frames++ === framesBefore) dieOnce(scenario, proposer, 'while proposing');
      });

      scenario.submit((proposer + 1) % 4);
      await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 4500 });

      expect(scenario.machine(proposer).lives).to.equal(2);
      const [logged] = votes.filter(({ type }) => type === 'pre-prepare');
      const again = proposals.filter(({ life }) => life === 2);
      expect(again).not.to.be.empty;
      expect(new Set(again.map(({ hash }) => hash))).to.deep.equal(new Set([logged?.hash]));
      // In time for round 0, with the block it had logged.
      expect(decisions.map(({ round, hash }) => `${round} ${hash}`)).to.deep.equal(
        EVERYBODY.map(() => `0 ${logged?.hash}`),
      );
      scenario.end();
    });
  }

  it('scenario 16: given an equivocating proposer, when the others restart after their PREPARE, then each keeps to it', async () => {
    const scenario = await openScenario(
      { validators: 4, parameters: QUIET, traitors: [{ machine: 2, strategy: 'B2' }] },
      foundry,
    );
    const honest = EVERYBODY.filter((index) => index !== 2);
    for (let height = 1; proposerMachine(scenario, 0, 0) !== 2; height++) {
      scenario.submit(0);
      await untilAllAt(scenario, EVERYBODY, { height, withinMs: 8000 });
    }
    await scenario.run(1000);
    const height = scenario.machine(0).height() + 1;
    const votes = recordVotes(scenario);
    const accused: string[] = [];
    scenario.world.events.on('evidence', ({ kind }) => accused.push(kind));
    const died = new Set<number>();
    onVote(scenario, ({ machine, type }) => {
      if (type !== 'prepare' || !honest.includes(machine) || died.has(machine)) return;
      died.add(machine);
      dieOnce(scenario, machine, 'after its PREPARE');
    });

    scenario.submit(0);
    await untilAllAt(scenario, EVERYBODY, { height, withinMs: 20_000 });

    expect(died.size).to.equal(3);
    for (const machine of honest) {
      const own = votes.filter((vote) => vote.machine === machine && vote.type === 'prepare');
      const first = own.filter((vote) => vote.height === height && vote.round === 0);
      expect(new Set(first.map(({ hash }) => hash)).size).to.equal(1);
    }
    expect(accused).to.include('E1');
    scenario.end();
  });
});
