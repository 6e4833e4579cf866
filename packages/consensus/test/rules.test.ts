/** Rules R1 and R3 to R15 on one machine, where a transcript hides the point. Self is validator 2. */
import { expect } from 'chai';
import type { Effect } from '../src/index.ts';
import type { Machine } from './harness/machine.ts';
import {
  blockBy,
  certificateBy,
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
  statusOf,
  typesOf,
} from './harness/machine.ts';

const context = contextOf();
const PROPOSER = proposerFor(context, 0);
const A = blockBy(context, PROPOSER, { salt: 1 });
const B = blockBy(context, PROPOSER, { salt: 2 });

function signed(effects: readonly Effect[]): readonly string[] {
  return only(effects, 'sign').map(({ request }) => request.type);
}

/** Block A accepted, the own PREPARE signed. */
function preparedMachine(): Machine {
  const { machine } = startedMachine();
  machine.propose(proposalBy(PROPOSER, A));
  machine.grant(machine.judge(A.hash));
  return machine;
}

/** As above, with the lock on A and the own COMMIT of round 0. */
function lockedMachine(): Machine {
  const machine = preparedMachine();
  machine.vote(prepareBy(0, A.hash));
  machine.grant(machine.vote(prepareBy(1, A.hash)));
  return machine;
}

describe('consensus: the machine', () => {
  it('spec C-13: given the same events, then states and effects are equal', () => {
    // The harness freezes every state and event before it hands them to the machine.
    const runs = [0, 1].map(() => {
      const machine = lockedMachine();
      return { effects: machine.fire('resend', 1200), state: machine.state };
    });

    expect(runs[0]).to.deep.equal(runs[1]);
  });

  it('spec C-14: given a vote that is asked for, then it is sent only when it is durable', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));
    const judged = machine.judge(A.hash);

    const durable = machine.feed({ type: 'signed', message: prepareBy(2, A.hash) });

    expect(only(judged, 'send')).to.deep.equal([]);
    expect(only(durable, 'send')).to.deep.equal([
      { type: 'send', message: prepareBy(2, A.hash), to: 'validators' },
    ]);
  });

  it('spec R1: given a new height, then everything of the last one is forgotten', () => {
    const machine = lockedMachine();
    machine.fire('round', 2000);

    machine.feed({ type: 'height-entered', context: contextOf({ height: 2 }) });

    const { current, timers } = machine.state;
    expect(current).to.deep.include({ round: 0, want: false, blocks: {}, prepares: {} });
    expect(current?.lock).to.equal(undefined);
    expect(Object.keys(timers).sort()).to.deep.equal(['empty', 'resend']);
  });

  it('spec C-15: given round after round, then their time grows by a step up to its cap', () => {
    const { machine } = startedMachine({ parameters: { roundMaxMs: 3500 } });
    machine.feed({ type: 'work', pending: true });
    machine.fire('pacing', 100);
    const lasted = [1, 2, 3].map((round) => {
      machine.fire('round', (machine.state.timers.round ?? 0) - machine.monoMs);
      for (const sender of [0, 1, 3]) machine.vote(roundChangeBy(sender, round));
      return (machine.state.timers.round ?? 0) - machine.monoMs;
    });

    expect(lasted).to.deep.equal([3000, 3500, 3500]);
  });

  it('spec C-16: given nothing that is wanted, then no round timer runs', () => {
    const { machine } = startedMachine();

    machine.fire('resend', 30_000);

    expect(machine.state.timers.round).to.equal(undefined);
  });
});

describe('consensus: proposals', () => {
  it('spec R4: given a valid proposal, then its block is judged once, stored, and PREPAREd', () => {
    const { machine } = startedMachine();

    const received = machine.propose(proposalBy(PROPOSER, A));
    const judged = machine.judge(A.hash);

    expect(only(received, 'judge')).to.have.length(1);
    expect(typesOf(judged)).to.deep.equal(['store', 'schedule', 'hand-over', 'sign']);
    expect(signed(judged)).to.deep.equal(['prepare']);
  });

  it('spec R4: given a proposal from anybody but the proposer, then nothing happens', () => {
    const { machine } = startedMachine();
    const other = (PROPOSER + 1) % 4 === 2 ? 3 : (PROPOSER + 1) % 4;

    machine.propose(proposalBy(other, blockBy(context, other)));

    expect(machine.state.current?.proposals).to.deep.equal({});
  });

  it('spec C-9: given a header that names another author, then it is rejected', () => {
    const { machine } = startedMachine();

    const effects = machine.propose(proposalBy(PROPOSER, blockBy(context, 3)));

    const [notice] = only(effects, 'notice');
    expect(notice?.notice.code).to.equal('CONSENSUS_PROPOSAL_AUTHOR');
    expect(only(effects, 'judge')).to.deep.equal([]);
  });

  it('spec C-10: given an invalid fresh block, then no vote and no alarm follow', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));

    const effects = machine.judge(A.hash, false);

    expect(only(effects, 'notice')[0]?.notice.code).to.equal('CONSENSUS_PROPOSAL_INVALID');
    expect(signed(effects)).to.deep.equal([]);
    expect(machine.state.phase).to.equal('running');
  });

  it('spec C-28 C-11: given a proposal that is too old, then it is not even judged', () => {
    const { machine } = startedMachine();
    machine.monoMs = 20_000;

    const effects = machine.propose(proposalBy(PROPOSER, A));

    expect(only(effects, 'notice')[0]?.notice.code).to.equal('CONSENSUS_PROPOSAL_UNTIMELY');
    expect(only(effects, 'judge')).to.deep.equal([]);
  });

  it('spec R4: given a justified proposal of a higher round, then it is entered at once', () => {
    const { machine } = startedMachine();
    const proposer = proposerFor(context, 2);
    const block = blockBy(context, proposer);
    const justification = justificationOf([0, 1, 3].map((sender) => roundChangeBy(sender, 2)));
    machine.propose(proposalBy(proposer, block, { round: 2, justification }));

    const effects = machine.judge(block.hash);

    expect(machine.state.current?.round).to.equal(2);
    expect(signed(effects), 'no ROUND-CHANGE of its own is needed').to.deep.equal(['prepare']);
    expect(machine.state.timers.round, 'T(2)').to.equal(4000);
  });

  it('spec C-7: given an unsound justification, then it is never judged', () => {
    const { machine } = startedMachine();
    const proposer = proposerFor(context, 1);
    const justification = justificationOf([0, 1, 3].map((sender) => roundChangeBy(sender, 1)));
    const proposal = proposalBy(proposer, blockBy(context, proposer), { round: 1, justification });

    const effects = machine.propose(proposal, false);

    const [notice] = only(effects, 'notice');
    expect(notice?.notice).to.include({ code: 'CONSENSUS_PROPOSAL_UNJUSTIFIED', fault: 'forged' });
    expect(machine.state.current?.round).to.equal(0);
  });

  it('spec R4: given a guard that refuses the PREPARE, then nothing is accepted', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));
    machine.judge(A.hash);

    const slot = { type: 'prepare', height: 1, round: 0 } as const;
    machine.feed({ type: 'refused', slot, reason: 'guard' });

    expect(machine.state.current?.accepted).to.equal(undefined);
    expect(signed(machine.vote(prepareBy(0, A.hash)))).to.deep.equal([]);
  });

  it('spec R4: given an own PREPARE from before a restart, then no other block is accepted', () => {
    const guard = { height: 1, round: 0, step: 'prepare' } as const;
    const { machine } = startedMachine({ self: undefined }, { guard });
    const recovered = { messages: [prepareBy(2, B.hash, { height: 2 })], blocks: [] };
    const second = { height: 2, round: 0, step: 'prepare' } as const;
    machine.state = { ...machine.state, guard: second };
    const next = contextOf({ height: 2 });
    machine.feed({ type: 'height-entered', context: next, recovered });
    const proposer = proposerFor(next, 0);
    const block = blockBy(next, proposer);
    machine.propose(proposalBy(proposer, block));

    const effects = machine.judge(block.hash);

    expect(signed(effects)).to.deep.equal([]);
    expect(machine.state.current?.accepted).to.equal(undefined);
    expect(machine.state.current?.proposals[0]?.stage).to.equal('refused');
  });
});

describe('consensus: locking and deciding', () => {
  it('spec R5: given a quorum of PREPAREs, then the COMMIT has a lock of exactly Q seals', () => {
    const machine = preparedMachine();
    machine.vote(prepareBy(0, A.hash));

    const effects = machine.vote(prepareBy(3, A.hash));

    const [commit] = only(effects, 'sign');
    expect(commit?.request.type).to.equal('commit');
    const lock = commit?.request.type === 'commit' ? commit.request.lock : undefined;
    expect(lock?.certificate).to.deep.equal(certificateBy('prepare', [0, 2, 3], A.hash));
  });

  it('spec R5: given a quorum without the own PREPARE on disk, then nothing is committed', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));
    machine.judge(A.hash);

    const effects = [0, 1, 3].flatMap((sender) => machine.vote(prepareBy(sender, A.hash)));

    expect(signed(effects)).to.deep.equal([]);
  });

  it('spec R5: given PREPAREs of another block, then they do not count', () => {
    const machine = preparedMachine();
    machine.vote(prepareBy(0, B.hash));

    const effects = machine.vote(prepareBy(1, A.hash));

    expect(signed(effects)).to.deep.equal([]);
  });

  it('spec R6: given COMMITs of different rounds, then they are never merged', () => {
    const machine = lockedMachine();
    machine.vote(commitBy(0, A.hash));

    const effects = machine.vote(commitBy(1, A.hash, { round: 1 }));

    expect(only(effects, 'commit')).to.deep.equal([]);
  });

  it('spec R6: given Q COMMITs, then the own one is among them only if it was signed', () => {
    const machine = preparedMachine();
    machine.vote(commitBy(0, A.hash));

    const two = machine.vote(commitBy(1, A.hash));
    const three = machine.vote(commitBy(3, A.hash));

    expect(only(two, 'commit')).to.deep.equal([]);
    expect(only(three, 'commit')[0]?.certificate.signers).to.deep.equal([0, 1, 3]);
  });

  it('spec R6: given all COMMITs held, then the certificate has every seal of the round', () => {
    const { machine } = startedMachine();
    for (const sender of [0, 1, 3]) machine.vote(commitBy(sender, A.hash));
    machine.feed({ type: 'block', block: A });

    const effects = machine.judge(A.hash);

    expect(only(effects, 'commit')[0]?.certificate).to.deep.equal(
      certificateBy('commit', [0, 1, 3], A.hash),
    );
  });

  it('spec R6: given a decided block that is missing, then it is fetched again each RESEND', () => {
    const { machine } = startedMachine();
    const first = [0, 1, 3].flatMap((sender) => machine.vote(commitBy(sender, A.hash)));

    const again = machine.fire('resend', 12_000);

    expect(only(first, 'fetch').map(({ from }) => from)).to.deep.equal([[0, 1, 3]]);
    expect(only(again, 'fetch').map(({ hash }) => hash)).to.deep.equal([A.hash]);
  });

  it('spec R12: given DECIDED with its body, then it is judged and committed as it came', () => {
    const { machine } = startedMachine();
    const message = decidedBy([0, 1, 3], A, { round: 7 });
    machine.feed({ type: 'decided', message, blockHash: A.hash, bodyHeld: true });

    const effects = machine.judge(A.hash);

    expect(only(effects, 'commit')[0]).to.deep.include({ round: 7, blockHash: A.hash });
    expect(machine.state.phase).to.equal('finalising');
  });

  it('spec R12: given DECIDED of a later height, then it is a hint to sync', () => {
    const { machine } = startedMachine();
    const far = blockBy(contextOf({ height: 9 }), 0);

    const message = decidedBy([0, 1, 3], far);
    const effects = machine.feed({ type: 'decided', message, blockHash: far.hash, bodyHeld: true });

    expect(effects).to.deep.equal([{ type: 'sync', height: 9 }]);
  });

  it('given a height that is being finalised, then late votes change nothing', () => {
    const machine = lockedMachine();
    machine.vote(commitBy(0, A.hash));
    machine.vote(commitBy(1, A.hash));

    const effects = machine.vote(commitBy(3, A.hash));

    expect(effects).to.deep.equal([]);
  });
});

describe('consensus: round changes', () => {
  it('spec R7 G3: given a lock, when the round times out, then the ROUND-CHANGE carries it', () => {
    const machine = lockedMachine();

    const effects = machine.fire('round', 2000);

    const [request] = only(effects, 'sign').map((effect) => effect.request);
    const prepared = { round: 0, blockHash: A.hash };
    expect(request?.type === 'round-change' && request.content.prepared).to.deep.equal(prepared);
    expect(request?.type === 'round-change' && request.certificate?.signers).to.have.length(3);
  });

  it('spec G3: given a COMMIT still being written, then the ROUND-CHANGE reports its lock', () => {
    const machine = preparedMachine();
    machine.vote(prepareBy(0, A.hash));
    machine.vote(prepareBy(1, A.hash));

    const effects = machine.fire('round', 2000);

    const [request] = only(effects, 'sign').map((effect) => effect.request);
    expect(request?.type === 'round-change' && request.content.prepared?.round).to.equal(0);
  });

  it('spec G3: given that COMMIT refused after all, then the ROUND-CHANGE is corrected', () => {
    const machine = preparedMachine();
    machine.vote(prepareBy(0, A.hash));
    machine.vote(prepareBy(1, A.hash));
    machine.fire('round', 2000);
    const commit = { type: 'commit', height: 1, round: 0 } as const;
    machine.feed({ type: 'refused', slot: commit, reason: 'paused' });

    const change = { type: 'round-change', height: 1, round: 1 } as const;
    const effects = machine.feed({ type: 'refused', slot: change, reason: 'guard' });

    const [request] = only(effects, 'sign').map((effect) => effect.request);
    expect(request?.type === 'round-change' && 'prepared' in request.content).to.equal(false);
  });

  it('spec R8: given F1 requests of others, then the node jumps to the F1-th largest round', () => {
    const { machine } = startedMachine();
    machine.vote(roundChangeBy(0, 9));

    const effects = machine.vote(roundChangeBy(1, 4));

    expect(machine.state.current?.round).to.equal(4);
    expect(signed(effects)).to.deep.equal(['round-change']);
    expect(machine.state.timers.round, 'R9: two of three needed').to.equal(undefined);
  });

  it('spec R9: given a quorum in the round or beyond, then its timer runs', () => {
    const { machine } = startedMachine();
    machine.vote(roundChangeBy(0, 9));
    const own = machine.vote(roundChangeBy(1, 4));

    machine.grant(own);

    expect(machine.state.timers.round).to.equal(6000);
  });

  for (const [title, voteOf] of [
    ['PREPARE', prepareBy],
    ['COMMIT', commitBy],
  ] as const) {
    it(`spec R9: given a validator that shows itself in the round by a ${title} alone, then it counts`, () => {
      const { machine } = startedMachine();
      machine.vote(roundChangeBy(0, 9));
      machine.vote(roundChangeBy(1, 4));

      machine.vote(voteOf(3, A.hash, { round: 3 }));
      expect(machine.state.timers.round, 'a vote of a lower round').to.equal(undefined);
      machine.vote(voteOf(3, A.hash, { round: 4 }));

      expect(machine.state.timers.round).to.equal(6000);
    });
  }

  it('spec R10: given Q exact requests and a missing prepared block, then it is fetched', () => {
    const round = [1, 2, 3].find((at) => proposerFor(context, at) === 2) ?? 0;
    const { machine } = startedMachine();
    const prepared = { prepared: { round: 0, blockHash: A.hash } };
    machine.vote(roundChangeBy(0, round, prepared));
    const jumped = machine.vote(roundChangeBy(1, round, prepared));
    const asked = machine.grant(jumped);

    const arrived = machine.feed({ type: 'block', block: A });
    const proposed = machine.judge(A.hash);

    expect(only(asked, 'fetch')[0]?.from).to.deep.equal([0, 1]);
    expect(typesOf(arrived), 'never proposed unjudged').to.deep.equal(['judge']);
    const [request] = only(proposed, 'sign').map((effect) => effect.request);
    expect(request?.type === 'pre-prepare' && request.blockHash).to.equal(A.hash);
    expect(request?.type === 'pre-prepare' && request.justification?.entries).to.have.length(3);
  });

  it('spec R10: given a fourth request without a lock, then other choices of Q are tried', () => {
    const round = [1, 2, 3].find((at) => proposerFor(context, at) === 2) ?? 0;
    const { machine } = startedMachine();
    machine.vote(roundChangeBy(0, round, { prepared: { round: 0, blockHash: A.hash } }));
    machine.grant(machine.vote(roundChangeBy(1, round)));

    const effects = machine.vote(roundChangeBy(3, round));

    expect(only(effects, 'build')).to.have.length(1);
  });
});

describe('consensus: status and help', () => {
  const behind = (machine: Machine, height: number, peer = 'p') => {
    return machine.feed({ type: 'status', peer, status: statusOf({ height }) });
  };

  it('spec R13: given a peer behind, then help is once a second, once in 5 s a height', () => {
    const { machine } = startedMachine({ height: 9 });

    const helped = [0, 500, 500, 1000, 4000].map((waitMs) => {
      machine.monoMs += waitMs;
      return only(behind(machine, 5), 'help').length;
    });

    expect(helped).to.deep.equal([1, 0, 0, 0, 1]);
    machine.monoMs += 1000;
    expect(only(behind(machine, 6), 'help')).to.deep.equal([
      { type: 'help', peer: 'p', height: 6 },
    ]);
  });

  it('spec R13: given more peers than are remembered, then memory stays bounded', () => {
    const { machine } = startedMachine({ height: 9 });
    for (let peer = 0; peer < 300; peer++) {
      machine.monoMs += 1;
      behind(machine, 5, `p${peer}`);
    }

    expect(Object.keys(machine.state.helped)).to.have.length(128);
  });

  it('spec §18: given a peer ahead, then it is a hint and nothing else', () => {
    const { machine } = startedMachine();

    expect(behind(machine, 7)).to.deep.equal([{ type: 'sync', height: 6, peer: 'p' }]);
  });

  it('spec R11: given a peer that has come, then it alone is shown the STATUS, at once', () => {
    const { machine } = startedMachine();

    const effects = machine.feed({ type: 'peer-linked', peer: 'observer' });

    expect(effects.map(({ type }) => type)).to.deep.equal(['send-status']);
    const [shown] = only(effects, 'send-status');
    expect(shown?.to).to.equal('observer');
    expect(shown?.status.height).to.equal(machine.state.current?.context.height);
  });

  it('spec R11: given votes of its own, then RESEND repeats them byte by byte', () => {
    const machine = lockedMachine();

    const effects = machine.fire('resend', 1200);

    const sent = only(effects, 'send').map(({ message }) => message);
    expect(sent).to.deep.equal([prepareBy(2, A.hash), commitBy(2, A.hash)]);
    expect(only(effects, 'send-status')[0]?.status.held.commit).to.deep.equal(new Uint8Array([4]));
  });

  it('spec R11: given later rounds, then old COMMITs and the newest request go out', () => {
    const machine = lockedMachine();
    machine.grant(machine.fire('round', 2000));

    const effects = machine.fire('resend', 1000);

    const prepared = { prepared: { round: 0, blockHash: A.hash } };
    const sent = only(effects, 'send').map(({ message }) => message.signed.content);
    expect(sent).to.deep.equal([
      roundChangeBy(2, 1, prepared).signed.content,
      commitBy(2, A.hash).signed.content,
    ]);
  });

  it('spec C-19: given messages of the next height, then they wait for it', () => {
    const { machine } = startedMachine();
    const next = contextOf({ height: 2 });
    machine.vote(prepareBy(0, A.hash, { height: 2 }));
    machine.vote(roundChangeBy(1, 1, { height: 2 }));

    machine.feed({ type: 'height-entered', context: next });

    expect(machine.state.current?.prepares[0]?.[0]?.message.signed.sender).to.equal(0);
    expect(machine.state.current?.maxRoundChange).to.deep.equal([0, 1, 0, 0]);
  });

  it('spec C-19: given a proposal for the next height, then it is judged there', () => {
    const { machine } = startedMachine();
    const next = contextOf({ height: 2 });
    const proposer = proposerFor(next, 0);
    const block = blockBy(next, proposer);
    machine.propose(proposalBy(proposer, block));

    const effects = machine.feed({ type: 'height-entered', context: next });

    expect(only(effects, 'judge').map(({ hash }) => hash)).to.deep.equal([block.hash]);
  });

  it('given another set at the next height, then buffered messages are dropped', () => {
    const { machine } = startedMachine();
    machine.vote(prepareBy(0, A.hash, { height: 2 }));

    machine.feed({ type: 'height-entered', context: contextOf({ height: 2, count: 5 }) });

    expect(machine.state.current?.prepares).to.deep.equal({});
  });
});
