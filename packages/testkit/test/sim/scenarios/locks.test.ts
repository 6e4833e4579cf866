/** Named scenarios 8 to 13 of docs/reliability.md: what must survive of a prepared block. */
import { toHex } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import {
  awaitedBy,
  lockOf,
  losing,
  proposerMachine,
  QUIET,
  recordDecisions,
  recordProposals,
  roundOf,
  untilAllAt,
} from './staging.ts';

const foundry = createFoundry();
const EVERYBODY = [0, 1, 2, 3] as const;

/** Everybody but these. */
function othersThan(...machines: readonly number[]): number[] {
  return EVERYBODY.filter((index) => !machines.includes(index));
}

/**
 * One machine alone hears the COMMITs and decides; what tells of a decision is lost as well.
 * @returns how to end the losses
 */
async function decideAloneAt(scenario: Scenario, decider: number): Promise<() => void> {
  const restore = losing(scenario, ({ from, to, kind }) => {
    if (kind === 'commit') return to !== decider;
    return from === decider && (kind === 'decided' || kind === 'gossip');
  });
  const height = scenario.machine(decider).height() + 1;
  scenario.submit(decider);
  await scenario.until(
    'one has decided',
    () => scenario.machine(decider).height() === height,
    1500,
  );
  return restore;
}

describe('simulator scenarios: locks', () => {
  it('scenario 8: given a block decided at one node only, when all others lose power, then they decide it', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const decisions = recordDecisions(scenario);
    const others = othersThan(0);
    const restore = await decideAloneAt(scenario, 0);
    const hash = decisions[0]?.hash;

    for (const index of others) scenario.crash(index, 'power-loss');
    scenario.partition(others);
    restore();
    await scenario.run(500);
    scenario.start(...others);
    const restoreCommits = losing(scenario, ({ kind }) => kind === 'commit');
    await scenario.until('all locked again', () => locksOf(scenario, others).length === 3, 1900);
    const locks = locksOf(scenario, others);
    await scenario.until(
      'the block prepared in a later round',
      () => locksOf(scenario, others).every(({ round }) => round >= 1),
      15_000,
    );
    const locksLater = locksOf(scenario, others);
    restoreCommits();

    await untilAllAt(scenario, others, { height: 1, withinMs: 15_000 });

    // The locks outlived the power, and the block went through a later round.
    for (const lock of [...locks, ...locksLater]) expect(lock.hash).to.equal(hash);
    expect(locks.map(({ round }) => round)).to.deep.equal([0, 0, 0]);
    expect(new Set(decisions.map((decision) => decision.hash))).to.deep.equal(new Set([hash]));
    scenario.end();
  });

  it('scenario 9: given that and a traitor as next proposer, then its other block gets no vote', async () => {
    const scenario = await openScenario(
      { validators: 4, parameters: QUIET, traitors: [{ machine: 1, strategy: 'B18' }] },
      foundry,
    );
    const decisions = recordDecisions(scenario);
    const unjustified: number[] = [];
    scenario.world.events.on('notice', ({ machine, code }) => {
      if (code === 'CONSENSUS_PROPOSAL_UNJUSTIFIED') unjustified.push(machine.index);
    });
    // The traitor is to propose in round 1, after an honest proposer.
    const isStage = (): boolean => proposerMachine(scenario, 1, 0) === 1;
    for (let height = 1; !isStage(); height++) {
      scenario.submit(0);
      await untilAllAt(scenario, EVERYBODY, { height, withinMs: 8000 });
    }
    await scenario.run(600);
    const height = scenario.machine(0).height() + 1;
    const decider = proposerMachine(scenario, 0, 0);

    const restore = await decideAloneAt(scenario, decider);
    const others = othersThan(decider);
    scenario.partition(others);
    restore();
    const restoreCommits = losing(scenario, ({ kind }) => kind === 'commit');
    await scenario.until(
      'the block prepared in a later round',
      () => locksOf(scenario, others).every(({ round }) => round >= 1),
      40_000,
    );
    restoreCommits();
    await untilAllAt(scenario, others, { height, withinMs: 30_000 });

    const made = decisions.filter((decision) => decision.height === height);
    expect(new Set(made.map(({ hash }) => hash)).size).to.equal(1);
    expect(unjustified.filter((machine) => machine !== 1)).not.to.be.empty;
    scenario.heal();
    await untilAllAt(scenario, EVERYBODY, { height, withinMs: 15_000 });
    scenario.end();
  });

  it('scenario 10: given one block prepared in round 0 and another in round 2, then the later one wins', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const decisions = recordDecisions(scenario);
    // Who proposes in round 3 has prepared the other block.
    const locked = proposerMachine(scenario, 3, 0);
    const others = othersThan(locked);
    const restoreFirst = losing(scenario, ({ to, kind }) => {
      return kind === 'commit' || (kind === 'prepare' && to !== locked);
    });
    scenario.submit(0);
    await scenario.until('a lock', () => lockOf(scenario, locked) !== undefined, 1900);
    const first = lockOf(scenario, locked);
    restoreFirst();

    const restoreSecond = losing(scenario, ({ from, to, kind }) => {
      if (kind === 'commit') return true;
      if (kind !== 'status' && kind !== 'round-change' && to === locked) return true;
      if (from === locked) return true;
      const isEarly = others.some((index) => roundOf(scenario, index) < 2);
      return isEarly && (kind === 'pre-prepare' || kind === 'prepare');
    });
    await scenario.until(
      'the others locked in round 2',
      () => others.every((index) => lockOf(scenario, index)?.round === 2),
      20_000,
    );
    const second = lockOf(scenario, others[0] ?? 0);
    restoreSecond();
    const proposals = recordProposals(scenario, locked);
    const restoreCommits = losing(scenario, ({ kind }) => kind === 'commit');
    await scenario.until('its proposal', () => proposals.length > 0, 20_000);
    restoreCommits();
    await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 20_000 });

    expect(first?.round).to.equal(0);
    const firstHash = toHex(first?.blockHash ?? new Uint8Array());
    const secondHash = toHex(second?.blockHash ?? new Uint8Array());
    expect(firstHash).not.to.equal(secondHash);
    expect(new Set(decisions.map(({ hash }) => hash))).to.deep.equal(new Set([secondHash]));
    // It proposed what it had not prepared itself.
    const ofRound3 = proposals.filter(({ round }) => round === 3);
    expect(new Set(ofRound3.map(({ hash }) => hash))).to.deep.equal(new Set([secondHash]));
    scenario.end();
  });

  it('scenario 11: given that the block of the highest lock is missing, then the proposer waits for it', async () => {
    const parameters = { ...QUIET, roundBaseMs: 5000 };
    const scenario = await openScenario({ validators: 4, parameters }, foundry);
    const decisions = recordDecisions(scenario);
    const [first, next] = [0, 1].map((round) => proposerMachine(scenario, round, 0));
    const [locked, gone] = othersThan(first ?? 0, next ?? 0);
    const [proposer = 0, lockedAt = 0, dead = 0] = [next, locked, gone];
    const restoreFirst = losing(scenario, ({ to, kind }) => {
      if (kind === 'commit') return true;
      if (kind === 'prepare') return to !== lockedAt;
      return to === proposer && kind === 'pre-prepare';
    });
    scenario.submit(first ?? 0);
    await scenario.until('a lock', () => lockOf(scenario, lockedAt) !== undefined, 1900);
    const lock = lockOf(scenario, lockedAt);
    // With three left, the only quorum of ROUND-CHANGEs holds the lock.
    scenario.stop(dead);
    restoreFirst();
    const restore = losing(scenario, ({ to, kind }) => {
      if (to === proposer && kind === 'pre-prepare') return true;
      return kind === 'request' || kind === 'response' || kind === 'commit';
    });
    await scenario.until('round 1', () => roundOf(scenario, proposer) === 1, 12_000);
    const proposals = recordProposals(scenario, proposer);
    await scenario.run(2000);

    expect(awaitedBy(scenario, proposer)).to.equal('block');
    expect(proposals).to.be.empty;
    restore();
    await untilAllAt(scenario, othersThan(dead), { height: 1, withinMs: 12_000 });
    expect(new Set(decisions.map(({ hash }) => hash))).to.deep.equal(
      new Set([toHex(lock?.blockHash ?? new Uint8Array())]),
    );
    expect(decisions[0]?.round).to.equal(1);
    scenario.end();
  });

  it('scenario 12: given COMMITs that come when all are in a later round, then they still decide', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const decisions = recordDecisions(scenario);
    const restore = losing(scenario, ({ kind }) => kind === 'commit');
    scenario.submit(0);
    await scenario.until('all locked', () => isLockedEverywhere(scenario), 1900);
    // No later round brings a proposal either.
    losing(scenario, ({ kind }) => kind === 'pre-prepare');
    await scenario.until(
      'all in round 1 or later',
      () => EVERYBODY.every((index) => roundOf(scenario, index) >= 1),
      8000,
    );
    expect(decisions).to.be.empty;

    restore();
    losing(scenario, ({ kind }) => kind === 'pre-prepare');

    await untilAllAt(scenario, EVERYBODY, { height: 1, withinMs: 3000 });
    expect(decisions.map(({ round }) => round)).to.deep.equal([0, 0, 0, 0]);
    const byVotes = decisions[0];
    expect(byVotes?.ownRound).to.be.at.least(1);
    scenario.end();
  });

  it('scenario 13: given a quorum of COMMITs and no block, then a node waits, fetches it and decides', async () => {
    const scenario = await openScenario({ validators: 4, parameters: QUIET }, foundry);
    const decisions = recordDecisions(scenario);
    const poor = proposerMachine(scenario, 1, 0);
    const telling = new Set(['decided', 'gossip', 'pre-prepare']);
    const asking = new Set(['request', 'response']);
    losing(scenario, ({ to, kind }) => to === poor && telling.has(kind));
    const restore = losing(scenario, ({ from, to, kind }) => {
      return (to === poor || from === poor) && asking.has(kind);
    });
    scenario.submit(proposerMachine(scenario, 0, 0));
    await untilAllAt(scenario, othersThan(poor), { height: 1, withinMs: 1900 });
    await scenario.run(1500);

    expect(awaitedBy(scenario, poor)).to.equal('block');
    expect(scenario.machine(poor).height()).to.equal(0);
    restore();
    await untilAllAt(scenario, [poor], { height: 1, withinMs: 4000 });
    expect(new Set(decisions.map(({ hash }) => hash)).size).to.equal(1);
    scenario.end();
  });
});

function isLockedEverywhere(scenario: Scenario): boolean {
  return locksOf(scenario, EVERYBODY).length === EVERYBODY.length;
}

/** Locks of those who have one. */
function locksOf(
  scenario: Scenario,
  machines: readonly number[],
): readonly { readonly round: number; readonly hash: string }[] {
  return machines.flatMap((index) => {
    const lock = lockOf(scenario, index);
    return lock === undefined ? [] : [{ round: lock.round, hash: toHex(lock.blockHash) }];
  });
}
