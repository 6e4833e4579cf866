/** Recovery step 5 of §12 in the middle of a height: votes whose answer was lost. Self is 2. */
import type { VoteMessage } from '@daybook/core';
import { expect } from 'chai';
import type { Effect, Recovered, SignRequest } from '../src/index.ts';
import type { Machine } from './harness/machine.ts';
import {
  blockBy,
  certificateBy,
  commitBy,
  contextOf,
  only,
  prepareBy,
  proposalBy,
  proposerFor,
  roundChangeBy,
  startedMachine,
} from './harness/machine.ts';

const context = contextOf();
const SELF = 2;
const PROPOSER = proposerFor(context, 0);
const A = blockBy(context, PROPOSER, { salt: 1 });
const LOCK = {
  round: 0,
  blockHash: A.hash,
  certificate: certificateBy('prepare', [0, 1, SELF], A.hash),
};
const COMMITTED: Recovered = {
  messages: [prepareBy(SELF, A.hash), commitBy(SELF, A.hash)],
  lock: LOCK,
  blocks: [A],
};

function refuse(
  machine: Machine,
  type: SignRequest['type'],
  round: number,
  reason: 'guard' | 'paused' = 'paused',
): readonly Effect[] {
  return machine.feed({ type: 'refused', slot: { type, height: 1, round }, reason });
}

function recall(machine: Machine, recovered = COMMITTED, height = 1): readonly Effect[] {
  return machine.feed({ type: 'recalled', height, recovered });
}

function sent(effects: readonly Effect[]): readonly VoteMessage[] {
  return only(effects, 'send').map(({ message }) => message);
}

/** The COMMIT was asked for, logged, and its answer lost. */
function machineWithLostCommit(): Machine {
  const { machine } = startedMachine();
  machine.propose(proposalBy(PROPOSER, A));
  machine.grant(machine.judge(A.hash));
  machine.vote(prepareBy(0, A.hash));
  machine.vote(prepareBy(1, A.hash));
  refuse(machine, 'commit', 0);
  return machine;
}

describe('consensus: votes recalled in the middle of a height', () => {
  it('spec C-25: given a COMMIT whose answer was lost, when it is recalled, then it leaves and the lock is back', () => {
    const machine = machineWithLostCommit();

    const effects = recall(machine);

    expect(sent(effects)).to.deep.include(commitBy(SELF, A.hash));
    expect(machine.state.current?.lock).to.deep.equal(LOCK);
    expect(machine.state.guard).to.deep.equal({ height: 1, round: 0, step: 'commit' });
    expect(only(effects, 'sign')).to.be.empty;
  });

  it('spec C-25 G3: given a round that passed meanwhile, when it is recalled, then the ROUND-CHANGE has the lock', () => {
    const machine = machineWithLostCommit();
    machine.fire('round', 2000);
    refuse(machine, 'round-change', 1);

    const effects = recall(machine);

    const [request] = only(effects, 'sign').map((effect) => effect.request);
    const prepared = { round: 0, blockHash: A.hash };
    expect(request?.type === 'round-change' && request.content.prepared).to.deep.equal(prepared);
    expect(sent(effects)).to.deep.include(commitBy(SELF, A.hash));
    machine.grant(effects);
  });

  it('spec R6: given Q - 1 COMMITs of others, when the own one is recalled in a later round, then it decides', () => {
    const machine = machineWithLostCommit();
    machine.fire('round', 2000);
    refuse(machine, 'round-change', 1);
    machine.vote(commitBy(0, A.hash));
    machine.vote(commitBy(1, A.hash));

    const [commit] = only(recall(machine), 'commit');

    expect(commit?.certificate.signers).to.deep.equal([0, 1, SELF]);
  });

  it('spec G3: given a ROUND-CHANGE refused for the lock it hides, when the log is read again, then it is asked for once more', () => {
    const machine = machineWithLostCommit();
    machine.fire('round', 2000);

    const recalled = recall(machine);
    const effects = refuse(machine, 'round-change', 1, 'guard');

    expect(only(recalled, 'sign')).to.be.empty;
    const [request] = only(effects, 'sign').map((effect) => effect.request);
    expect(request?.type === 'round-change' && request.content.prepared?.round).to.equal(0);
    expect(machine.state.current?.refused).to.be.empty;
  });

  it('given a slot that was refused for good, when the log holds more, then it may be asked for again', () => {
    const machine = machineWithLostCommit();
    machine.fire('round', 2000);
    refuse(machine, 'round-change', 1, 'guard');
    expect(machine.state.current?.refused).to.deep.equal(['1/round-change']);

    const effects = recall(machine);

    expect(only(effects, 'sign').map(({ request }) => request.type)).to.deep.equal([
      'round-change',
    ]);
  });

  it('given a log that holds nothing new, when it is read again, then nothing changes and no refusal repeats', () => {
    const machine = machineWithLostCommit();
    recall(machine);
    machine.fire('round', 2000);
    refuse(machine, 'round-change', 1, 'guard');
    const { state } = machine;

    const effects = recall(machine);

    expect(effects).to.be.empty;
    expect(machine.state.current).to.deep.equal(state.current);
  });

  it('given votes of a height that is over, when they are recalled, then nothing changes', () => {
    const machine = machineWithLostCommit();

    const effects = recall(machine, COMMITTED, 9);

    expect(effects).to.be.empty;
    expect(machine.state.current?.lock).to.equal(undefined);
  });

  it('given a request that waits still, when its vote is recalled, then a late answer does no harm', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));
    machine.grant(machine.judge(A.hash));
    machine.vote(prepareBy(0, A.hash));
    const asked = machine.vote(prepareBy(1, A.hash));

    recall(machine);
    expect(machine.state.current?.pending).to.deep.equal({});
    machine.grant(asked);

    expect(machine.state.current?.lock).to.deep.equal(LOCK);
    expect(machine.state.current?.commits[0]?.[SELF]?.message).to.deep.equal(
      commitBy(SELF, A.hash),
    );
  });

  it('spec C-25: given a lock whose block is held no more, when it is recalled, then the candidate takes its place', () => {
    const { machine } = startedMachine();
    machine.vote(roundChangeBy(0, 1));
    machine.vote(roundChangeBy(1, 1));

    recall(machine);

    const blocks = Object.values(machine.state.current?.blocks ?? {});
    expect(blocks.map(({ block }) => block)).to.deep.equal([A]);
    expect(machine.state.current?.round).to.equal(1);
  });

  it('given a log of a later round than the machine is in, when it is recalled, then the machine goes there', () => {
    const { machine } = startedMachine();
    const change = roundChangeBy(SELF, 3, { prepared: { round: 0, blockHash: A.hash } });

    recall(machine, { ...COMMITTED, messages: [...COMMITTED.messages, change] });

    expect(machine.state.current?.round).to.equal(3);
    expect(machine.state.current?.lock).to.deep.equal(LOCK);
  });

  it('given a PRE-PREPARE lost with its PREPARE, when they are recalled, then both leave and the block is accepted', () => {
    const own = contextOf({ self: PROPOSER });
    const { machine } = startedMachine({ self: PROPOSER });
    machine.feed({ type: 'work', pending: true });
    machine.fire('pacing', own.parameters.blockIntervalMs);
    const block = blockBy(own, PROPOSER, { salt: 4 });
    machine.feed({ type: 'built', height: 1, round: 0, block });
    refuse(machine, 'pre-prepare', 0);
    refuse(machine, 'prepare', 0);

    const messages = [proposalBy(PROPOSER, block), prepareBy(PROPOSER, block.hash)];
    const effects = machine.feed({
      type: 'recalled',
      height: 1,
      recovered: { messages, blocks: [block] },
    });

    expect(sent(effects)).to.deep.include.members(messages);
    expect(machine.state.current?.accepted).to.deep.equal(block.hash);
    expect(only(effects, 'sign')).to.be.empty;
  });
});
