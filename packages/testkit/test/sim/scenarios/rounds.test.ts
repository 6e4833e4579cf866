/** Named scenarios 1 to 7 of docs/reliability.md: everybody well, some down, rounds that drift. */
import { quorumOf, toHex } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import {
  losing,
  proposerMachine,
  QUIET,
  recordDecisions,
  recordVotes,
  roundOf,
  untilAllAt,
} from './staging.ts';

const foundry = createFoundry();

describe('simulator scenarios: rounds', () => {
  for (let count = 1; count <= 30; count++) {
    it(`scenario 1: given ${count} validators and no fault, then all decide in round 0`, async () => {
      const scenario = await openScenario({ validators: count, parameters: QUIET }, foundry);
      const decisions = recordDecisions(scenario);
      const everybody = scenario.running().map(({ index }) => index);
      expect(everybody).to.have.lengthOf(count);

      scenario.submit(count - 1);
      await untilAllAt(scenario, everybody, { height: 1, withinMs: 3000 });

      expect(decisions.map(({ round }) => round)).to.deep.equal(everybody.map(() => 0));
      expect(new Set(decisions.map(({ hash }) => hash)).size).to.equal(1);
      for (const { signers } of decisions) {
        expect(signers.length).to.be.at.least(quorumOf(count).quorum);
      }
      scenario.end();
    });
  }

  it('scenario 2: given each of four down in turn, then the others go on and it catches up', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const decisions = recordDecisions(scenario);
    for (const down of [0, 1, 2, 3]) {
      const others = [0, 1, 2, 3].filter((index) => index !== down);
      const height = scenario.machine(down).height();
      scenario.stop(down);
      const sealOfDown = indexOf(scenario, others[0] ?? 0, down);

      for (let block = 1; block <= 2; block++) {
        scenario.submit(others[block] ?? 0);
        await untilAllAt(scenario, others, { height: height + block, withinMs: 8000 });
      }

      const meanwhile = decisions.filter((decision) => decision.height > height);
      for (const { signers } of meanwhile) expect(signers).not.to.include(sealOfDown);
      expect(scenario.machine(down).height()).to.equal(height);
      scenario.start(down);
      await untilAllAt(scenario, [down], { height: height + 2, withinMs: 8000 });
    }
    scenario.end();
  });

  it('scenario 3: given n-Q down, then blocks come; one more down, then none until it is back', async () => {
    const scenario = await openScenario(
      { validators: 7, down: [5, 6], parameters: QUIET },
      foundry,
    );
    scenario.submit(0);
    await untilAllAt(scenario, [0, 1, 2, 3, 4], { height: 1, withinMs: 20_000 });
    scenario.stop(4);
    scenario.submit(0);
    await scenario.run(120_000);
    expect([0, 1, 2, 3].map((index) => scenario.machine(index).height())).to.deep.equal([
      1, 1, 1, 1,
    ]);
    // Without a quorum no timer runs beyond round 0 (R9): everybody asks for round 1 and waits.
    expect([0, 1, 2, 3].map((index) => roundOf(scenario, index))).to.deep.equal([1, 1, 1, 1]);

    scenario.start(4);

    await untilAllAt(scenario, [0, 1, 2, 3, 4], { height: 2, withinMs: 20_000 });
    scenario.end();
  });

  it('scenario 4: given f dead proposers in a row, then the round after them decides', async () => {
    const scenario = await openScenario({ validators: 10, parameters: QUIET }, foundry);
    const dead = [0, 1, 2].map((round) => proposerMachine(scenario, round, 0));
    const alive = scenario.running().flatMap(({ index }) => (dead.includes(index) ? [] : [index]));
    scenario.stop(...dead);
    const decisions = recordDecisions(scenario);
    const startMs = scenario.world.timeline.now();
    const [client = 0] = alive;

    scenario.submit(client);
    await untilAllAt(scenario, alive, { height: 1, withinMs: 15_000 });

    expect(new Set(decisions.map(({ round }) => round))).to.deep.equal(new Set([3]));
    const tookMs = (decisions[0]?.atMs ?? 0) - startMs;
    // T(0) + T(1) + T(2) and a few messages.
    expect(tookMs).to.be.within(9000, 11_000);
    scenario.end();
  });

  it('scenario 5: given one node two rounds ahead of another and capped timers, then they meet', async () => {
    const capped = { roundBaseMs: 1000, roundStepMs: 0, roundMaxMs: 1000 };
    const scenario = await openScenario(
      { validators: 4, parameters: { ...QUIET, ...capped } },
      foundry,
    );
    const restore = losing(scenario, ({ from, to, kind }) => {
      if (from === 3 || to === 3) return true;
      return kind === 'pre-prepare' || (kind === 'round-change' && to !== 0);
    });
    scenario.submit(0);
    await scenario.until('machine 0 in round 2', () => roundOf(scenario, 0) === 2, 10_000);
    await scenario.run(20_000);
    // Nobody can run away: a timer needs a quorum in its round (R9).
    const rounds = [0, 1, 2, 3].map((index) => roundOf(scenario, index));
    expect(rounds).to.deep.equal([2, 1, 1, 0]);

    restore();

    await untilAllAt(scenario, [0, 1, 2, 3], { height: 1, withinMs: 8000 });
    scenario.end();
  });

  it('scenario 6: given an idle chain, a dead proposer and one who knows of work, then it is decided', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const dead = proposerMachine(scenario, 0, 0);
    const lonely = (dead + 1) % 4;
    scenario.stop(dead);
    const decided = new Set<string>();
    scenario.world.events.on('committed', ({ block }) => {
      for (const entry of block.entries) {
        if (entry.type === 'transaction') decided.add(toHex(entry.transaction.id));
      }
    });
    const restore = losing(
      scenario,
      ({ from, kind }) => from === lonely && kind === 'transactions',
    );
    const id = toHex(scenario.submit(lonely));
    await scenario.run(1000);
    const others = [0, 1, 2, 3].filter((index) => index !== dead && index !== lonely);
    const known = others.map((index) => scenario.machine(index).replica()?.mempool.count());
    expect(known).to.deep.equal([0, 0]);
    restore();

    // Far less than EMPTY_INTERVAL.
    await scenario.until('the transaction final', () => decided.has(id), 15_000);
    scenario.end();
  });

  it('scenario 7: given the others in round 12, when a node comes back, then it joins them at once', async () => {
    const fast = { roundBaseMs: 1000, roundStepMs: 0, roundMaxMs: 1000 };
    const scenario = await openScenario(
      { validators: 4, down: [3], parameters: { ...QUIET, ...fast } },
      foundry,
    );
    const restore = losing(scenario, ({ kind }) => kind === 'pre-prepare');
    scenario.submit(0);
    await scenario.until('round 12', () => roundOf(scenario, 0) >= 12, 60_000);
    const votes = recordVotes(scenario);
    const decisions = recordDecisions(scenario);

    scenario.start(3);
    await scenario.until('the fourth in their round', () => roundOf(scenario, 3) >= 12, 5000);
    restore();
    await untilAllAt(scenario, [0, 1, 2, 3], { height: 1, withinMs: 8000 });

    const asked = votes.filter(({ machine, type }) => machine === 3 && type === 'round-change');
    expect(Math.min(...asked.map(({ round }) => round))).to.be.at.least(12);
    expect(Math.min(...decisions.map(({ round }) => round))).to.be.at.least(12);
    scenario.end();
  });
});

function indexOf(
  scenario: Awaited<ReturnType<typeof openScenario>>,
  viewer: number,
  machine: number,
): number | undefined {
  const { peerId } = scenario.machine(machine).member;
  return scenario.machine(viewer).replica()?.peers().validators.indexOf(peerId);
}
