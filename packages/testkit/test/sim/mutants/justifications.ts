/** Bugs in what justifies a proposal of a later round. */
import type { Justification, PrePrepare, RoundChange } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { Division } from '../support/division.ts';
import { bySender, divide, entryOf, PATIENT, TRAITOR } from '../support/division.ts';
import { gain, reach } from '../support/goals.ts';
import { loseFrames, onSent, watchRoundChanges } from '../support/sightings.ts';
import { openBetrayed, proposeAndVote } from '../support/traitor.ts';
import { roundOf, toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

const ATTACK_MS = 3000;

/** The traitor proposes another block in its round, and in the end all go on with the first one. */
async function attack(
  { scenario, traitor, height, mend }: Division,
  justification: Justification,
): Promise<void> {
  const forged = traitor.forgeBlock(traitor.machine.clock.wall());
  assert(forged !== undefined, 'the traitor is where the others are');

  proposeAndVote(traitor, { height, round: 1, ...forged, justification });

  await scenario.run(ATTACK_MS);
  mend();
  await gain(scenario, traitor.honest(), { heights: 1, withinMs: 60_000 });
  scenario.end();
}

/** What the traitor itself asks for: nothing prepared. */
function ownRoundChange({ traitor, height }: Division): Pick<RoundChange, 'signed'> {
  return { signed: traitor.sign({ type: 'round-change', height, round: 1 }) };
}

function roundChangeOf({ roundChanges }: Division, machine: number): RoundChange {
  const found = roundChanges(1).get(machine);
  assert(found !== undefined, 'it has asked for round 1');
  return found;
}

const SKIPPED: Killer = {
  mutant: 'justification-skipped',
  scenario: 'given a decided block, then no proposal without a justification replaces it',
  invariants: ['I1', 'I33'],
  play: async (foundry) => {
    const division = await divide(foundry, { isOtherLocked: true });
    await attack(division, { entries: [] });
  },
};

const TOO_FEW: Killer = {
  mutant: 'justification-q-1',
  scenario: 'given a decided block, then Q-1 ROUND-CHANGEs without a lock do not replace it',
  invariants: ['I1', 'I33'],
  play: async (foundry) => {
    const division = await divide(foundry, { isOtherLocked: false });
    const unlocked = roundChangeOf(division, division.other.index);
    assert(unlocked.signed.content.prepared === undefined, 'it has no lock');
    const entries = [entryOf(unlocked), entryOf(ownRoundChange(division))];
    await attack(division, { entries: bySender(entries) });
  },
};

const REPEATED: Killer = {
  mutant: 'duplicate-signer',
  scenario: 'given a decided block, then the same ROUND-CHANGE twice does not replace it',
  invariants: ['I1', 'I33'],
  play: async (foundry) => {
    const division = await divide(foundry, { isOtherLocked: false });
    const unlocked = entryOf(roundChangeOf(division, division.other.index));
    const entries = [unlocked, unlocked, entryOf(ownRoundChange(division))];
    await attack(division, { entries: bySender(entries) });
  },
};

/**
 * Round 0: only the traitor collects the PREPAREs of block A. Round 1: block B is proposed, prepared
 * and decided by one. Round 2: the traitor proposes A with its certificate of round 0.
 */
const NOT_HIGHEST: Killer = {
  mutant: 'any-prepared-round',
  scenario: 'given a block decided in round 1, then a certificate of round 0 does not replace it',
  invariants: ['I1', 'I33'],
  play: async (foundry) => {
    const betrayed = await openBetrayed({ validators: 4, parameters: PATIENT }, TRAITOR, foundry);
    const { scenario, traitor, reins } = betrayed;
    const roundChanges = watchRoundChanges(scenario);
    let first: PrePrepare | undefined;
    onSent(scenario, (message) => {
      if (message.type === 'pre-prepare' && message.signed.content.round === 0) first = message;
    });
    const height = await toHeightWhere(scenario, (turn) => turn(2) === traitor.machine);
    const [decider, ...others] = traitor.honest();
    assert(decider !== undefined, 'three of four are correct');
    reins.isMute = true;
    const isEarly = (): boolean => others.some((one) => roundOf(one) === 0);
    const restore = loseFrames(scenario, ({ kind, to }) => {
      if (kind === 'prepare' && to !== TRAITOR) return isEarly();
      if (kind !== 'commit') return false;
      return to === TRAITOR || (to !== decider.index && decider.height() < height);
    });
    scenario.world.events.on('committed', ({ machine, block }) => {
      if (machine !== decider || block.header.height !== height) return;
      scenario.partition([...others.map(({ index }) => index), TRAITOR], [decider.index]);
    });
    scenario.submit(0);
    const lockOf = () => traitor.machine.replica()?.consensus.driver.state().current?.lock;
    await scenario.until('the traitor has the lock', () => lockOf()?.round === 0, 5000);
    const [lock, proposal] = [lockOf(), first];
    assert(lock !== undefined && proposal !== undefined, 'it has seen the proposal');
    await scenario.until('one decides alone', () => decider.height() === height, 20_000);
    const asked = (): readonly RoundChange[] => {
      return others.flatMap(({ index }) => roundChanges(height, 2).get(index) ?? []);
    };
    await reach(scenario, () => asked().length === 2, { what: 'two ask', withinMs: 20_000 });

    const prepared = { round: 0, blockHash: lock.blockHash };
    const own = traitor.sign({ type: 'round-change', height, round: 2, prepared });
    const entries = bySender([...asked(), { signed: own }].map(entryOf));
    const justification = { entries, certificate: lock.certificate };
    const block = { header: proposal.header, body: [] };
    proposeAndVote(traitor, { height, round: 2, hash: lock.blockHash, block, justification });

    await scenario.run(ATTACK_MS);
    restore();
    reins.isMute = false;
    scenario.heal();
    await gain(scenario, traitor.honest(), { heights: 1, withinMs: 60_000 });
    scenario.end();
  },
};

/**
 * A traitor claims in every round to have prepared its block of round 0, without a certificate; who
 * believed it would propose what nobody accepts, round after round.
 */
async function claimWithoutProof(foundry: Foundry): Promise<void> {
  const betrayed = await openBetrayed({ validators: 4, parameters: PATIENT }, TRAITOR, foundry);
  const { scenario, traitor, reins } = betrayed;
  const height = await toHeightWhere(scenario, (turn) => turn(0) === traitor.machine);
  let claimed: PrePrepare | undefined;
  reins.outgoing = (message) => {
    if (message.type !== 'pre-prepare' || message.signed.content.height !== height) return [];
    claimed ??= message;
    return [message];
  };
  const restore = loseFrames(scenario, ({ kind }) => {
    return kind === 'prepare' && traitor.honest().some((one) => roundOf(one) === 0);
  });
  const claim = (round: number): void => {
    if (claimed === undefined) return;
    const prepared = { round: 0, blockHash: claimed.signed.content.blockHash };
    const content = { type: 'round-change', height, round, prepared } as const;
    traitor.sendToAll({ type: 'round-change', signed: traitor.sign(content) });
  };
  onSent(scenario, (message, machine) => {
    if (machine === TRAITOR || message.type !== 'round-change') return;
    if (traitor.machine.height() + 1 !== height) return;
    claim(message.signed.content.round + 2);
  });
  scenario.submit(TRAITOR);
  await scenario.until('the proposal', () => claimed !== undefined, 5000);
  claim(1);
  claim(2);

  await gain(scenario, traitor.honest(), { heights: 1, withinMs: 60_000 });
  restore();
  scenario.end();
}

const UNCERTIFIED: Killer = {
  mutant: 'round-change-uncertified',
  scenario:
    'given a claim to have prepared without a certificate, then the others go on without it',
  invariants: ['I26', 'I33'],
  play: claimWithoutProof,
};

export const JUSTIFICATION_KILLERS: readonly Killer[] = [
  SKIPPED,
  TOO_FEW,
  REPEATED,
  NOT_HIGHEST,
  UNCERTIFIED,
];
