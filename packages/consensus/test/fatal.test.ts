/** R15: what stops a node, what does not, and who never signs. Self is validator 2. */
import { expect } from 'chai';
import { explainWaiting } from '../src/index.ts';
import {
  blockBy,
  commitBy,
  contextOf,
  decidedBy,
  justificationOf,
  only,
  prepareBy,
  proposalBy,
  proposerFor,
  roundChangeBy,
  startedMachine,
  typesOf,
} from './harness/machine.ts';

const context = contextOf();
const PROPOSER = proposerFor(context, 0);
const A = blockBy(context, PROPOSER, { salt: 1 });
const B = blockBy(context, PROPOSER, { salt: 2 });

describe('consensus: fatal', () => {
  it('spec R15 C-32: given two certificates of one height, then the node stops with both', () => {
    const { machine } = startedMachine();
    for (const sender of [0, 1, 3]) machine.vote(commitBy(sender, A.hash));

    const message = decidedBy([0, 1, 3], B);
    const effects = machine.feed({ type: 'decided', message, blockHash: B.hash, bodyHeld: true });

    const [fatal] = only(effects, 'fatal');
    expect(fatal?.failure.code).to.equal('CONSENSUS_FORK');
    const fork = fatal?.failure.code === 'CONSENSUS_FORK' ? fatal.failure : undefined;
    expect(fork?.first?.blockHash).to.equal(A.hash);
    expect(fork?.second.blockHash).to.equal(B.hash);
  });

  it('spec R15: given a certificate against the head, then the node stops', () => {
    const { machine } = startedMachine({ height: 2 });
    const message = decidedBy([0, 1, 3], B);

    const effects = machine.feed({ type: 'decided', message, blockHash: B.hash, bodyHeld: false });

    expect(only(effects, 'fatal')[0]?.failure.code).to.equal('CONSENSUS_FORK');
  });

  it('spec R15: given a certificate against a block below the head, then the node stops', () => {
    const { machine } = startedMachine({ height: 9 });
    const old = blockBy(contextOf({ height: 3 }), 0);
    const message = decidedBy([0, 1, 3], old);

    const proof = { type: 'decided', message, blockHash: old.hash, bodyHeld: false } as const;

    expect(only(machine.feed(proof), 'fatal')[0]?.failure).to.include({ height: 3 });
  });

  it('spec R15: given a head by sync that is not what was decided, then the node stops', () => {
    const { machine } = startedMachine();
    for (const sender of [0, 1, 3]) machine.vote(commitBy(sender, A.hash));

    const effects = machine.feed({ type: 'height-entered', context: contextOf({ height: 2 }) });

    expect(only(effects, 'fatal')[0]?.failure.code).to.equal('CONSENSUS_FORK');
  });

  it('spec R15: given a decided block invalid twice, then the node stops; once: again', () => {
    const { machine } = startedMachine();
    const message = decidedBy([0, 1, 3], A);
    machine.feed({ type: 'decided', message, blockHash: A.hash, bodyHeld: true });

    const first = machine.judge(A.hash, false);
    const second = machine.judge(A.hash, false);

    expect(only(first, 'judge')).to.deep.equal([{ type: 'judge', hash: A.hash, again: true }]);
    const [fatal] = only(second, 'fatal');
    expect(fatal?.failure).to.deep.include({
      code: 'CONSENSUS_BLOCK_INVALID',
      vouched: 'decided',
      reason: { code: 'TEST_INVALID' },
    });
  });

  it('spec R15: given a block that is valid when re-checked, then it goes on with alarm', () => {
    const { machine } = startedMachine();
    const message = decidedBy([0, 1, 3], A);
    machine.feed({ type: 'decided', message, blockHash: A.hash, bodyHeld: true });
    machine.judge(A.hash, false);

    const effects = machine.judge(A.hash, true);

    expect(typesOf(effects)).to.include.members(['notice', 'commit']);
    expect(only(effects, 'notice')[0]?.notice.code).to.equal('CONSENSUS_RECHECK_PASSED');
  });

  it('spec R15 C-12: given a justified re-proposal invalid twice, then the node stops', () => {
    const { machine } = startedMachine();
    const proposer = proposerFor(context, 1);
    const prepared = { prepared: { round: 0, blockHash: A.hash } };
    const votes = [roundChangeBy(0, 1, prepared), roundChangeBy(1, 1), roundChangeBy(3, 1)];
    const justification = justificationOf(votes);
    machine.propose(proposalBy(proposer, A, { round: 1, justification }));
    machine.judge(A.hash, false);

    const effects = machine.judge(A.hash, false);

    expect(only(effects, 'fatal')[0]?.failure).to.include({ vouched: 'prepared' });
  });

  it('given a stopped machine, then nothing moves it', () => {
    const { machine } = startedMachine();
    machine.feed({ type: 'stranger', message: prepareBy(2, A.hash) });
    const { state } = machine;

    const effects = machine.feed({ type: 'height-entered', context: contextOf({ height: 2 }) });

    expect(effects).to.deep.equal([]);
    expect(machine.state).to.equal(state);
  });

  it('spec R15: given an own signature that the log lacks, then another instance runs', () => {
    const { machine } = startedMachine();

    const effects = machine.feed({ type: 'stranger', message: prepareBy(2, A.hash) });

    expect(only(effects, 'fatal')[0]?.failure.code).to.equal('CONSENSUS_KEY_ELSEWHERE');
  });

  it('spec C-25: given one below the guard or of a final height, then it is old', () => {
    const guard = { height: 7, round: 0, step: 'commit' } as const;
    const { machine } = startedMachine({ height: 5 }, { guard });

    const below = machine.feed({ type: 'stranger', message: prepareBy(2, A.hash, { height: 6 }) });
    const final = machine.feed({ type: 'stranger', message: prepareBy(2, A.hash, { height: 4 }) });

    expect([...below, ...final]).to.deep.equal([]);
  });
});

describe('consensus: who signs', () => {
  const voteAll = (machine: ReturnType<typeof startedMachine>['machine']) => {
    machine.propose(proposalBy(PROPOSER, A));
    const judged = machine.judge(A.hash);
    const votes = [0, 1, 3].flatMap((sender) => machine.vote(prepareBy(sender, A.hash)));
    const moved = machine.fire('round', 2000);
    return only([...judged, ...votes, ...moved], 'sign');
  };

  it('I16: given an observer, then it follows to the decision and never signs', () => {
    const { machine } = startedMachine({ self: undefined });

    expect(voteAll(machine)).to.deep.equal([]);

    const effects = [0, 1, 3].flatMap((sender) => machine.vote(commitBy(sender, A.hash)));
    expect(only(effects, 'commit')).to.have.length(1);
  });

  it('I16 spec C-26: given a quarantine without end, then nothing is signed nor feared', () => {
    const { machine } = startedMachine();
    machine.feed({ type: 'quarantine' });

    expect(voteAll(machine)).to.deep.equal([]);
    const stranger = machine.feed({ type: 'stranger', message: prepareBy(2, A.hash) });
    expect(stranger).to.deep.equal([]);
  });

  it('I16 spec C-26: given a quarantine up to a height, then signing resumes above it', () => {
    const { machine } = startedMachine({ height: 5 });
    machine.feed({ type: 'quarantine', resumeAbove: 5 });
    const later = contextOf({ height: 6 });
    machine.feed({ type: 'height-entered', context: later });
    const proposer = proposerFor(later, 0);
    const block = blockBy(later, proposer);
    machine.propose(proposalBy(proposer, block));

    const effects = machine.judge(block.hash);

    expect(only(effects, 'sign')).to.have.length(1);
  });

  it('spec C-25: given a guard above the height, then nothing is signed below it', () => {
    const guard = { height: 3, round: 0, step: 'prepare' } as const;
    const { machine } = startedMachine({}, { guard });

    expect(voteAll(machine)).to.deep.equal([]);
  });

  it('spec C-25: given logged COMMITs above the head, then they are sent', () => {
    const carried = [commitBy(2, A.hash, { height: 3 })];
    const guard = { height: 3, round: 0, step: 'commit' } as const;
    const { machine } = startedMachine({}, { guard, carried });

    const effects = machine.fire('resend', 12_000);

    expect(only(effects, 'send').map(({ message }) => message)).to.deep.equal(carried);
    machine.feed({ type: 'height-entered', context: contextOf({ height: 3 }) });
    expect(machine.state.carried).to.deep.equal([]);
  });
});

describe('consensus: explaining', () => {
  const awaited = ({ machine }: ReturnType<typeof startedMachine>) => {
    return explainWaiting(machine.state, { monoMs: machine.monoMs, wallMs: 0 });
  };

  it('given each stage of a height, then what is awaited has a name and counts', () => {
    const started = startedMachine();
    const { machine } = started;
    const stages = [awaited(started).awaited];
    machine.feed({ type: 'work', pending: true });
    stages.push(awaited(started).awaited);
    machine.fire('pacing', 100);
    stages.push(awaited(started).awaited);
    machine.propose(proposalBy(PROPOSER, A));
    stages.push(awaited(started).awaited);
    machine.grant(machine.judge(A.hash));
    stages.push(awaited(started).awaited);
    machine.vote(prepareBy(0, A.hash));
    machine.grant(machine.vote(prepareBy(1, A.hash)));
    const report = awaited(started);

    expect(stages).to.deep.equal(['work', 'pacing', 'proposal', 'judgement', 'prepares']);
    expect(report).to.include({ awaited: 'commits', votes: 1, quorum: 3, proposer: PROPOSER });
    expect(report.validators.map(({ prepared }) => prepared)).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
    expect(report.validators[3]).to.not.have.property('silentMs');
    expect(report.roundEndsMs).to.equal(2000);
  });

  it('given a node ahead of the others, then it says that a quorum of requests is missing', () => {
    const started = startedMachine();
    started.machine.feed({ type: 'work', pending: true });
    started.machine.fire('pacing', 100);
    started.machine.grant(started.machine.fire('round', 2000));

    expect(awaited(started)).to.include({ awaited: 'round-changes', votes: 1, round: 1 });
  });
});
