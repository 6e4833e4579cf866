/** R2 and pacing: when a block is wanted, and when its turn comes. Self is validator 2. */
import { expect } from 'chai';
import type { Effect } from '../src/index.ts';
import {
  blockBy,
  contextOf,
  only,
  proposalBy,
  proposerFor,
  roundChangeBy,
  startedMachine,
  typesOf,
} from './harness/machine.ts';

const context = contextOf();
const PROPOSER = proposerFor(context, 0);
const A = blockBy(context, PROPOSER, { salt: 1 });

function signed(effects: readonly Effect[]): readonly string[] {
  return only(effects, 'sign').map(({ request }) => request.type);
}

describe('consensus: wanting and pacing', () => {
  it('spec R2: given work, then timer(0) waits for BLOCK_INTERVAL; work is handed over', () => {
    const { machine } = startedMachine();

    const early = machine.feed({ type: 'work', pending: true });
    const due = machine.fire('pacing', 100);

    expect(only(early, 'schedule').map(({ timer }) => timer)).to.deep.equal(['resend', 'pacing']);
    expect(machine.state.timers.round).to.equal(2100);
    expect(only(due, 'hand-over')).to.deep.equal([{ type: 'hand-over', to: PROPOSER }]);
  });

  it('spec R2 C-16 C-30: given an idle chain, then only EMPTY_INTERVAL wants a block', () => {
    const { machine } = startedMachine();
    machine.fire('resend', 59_999);
    expect(machine.state.current?.want).to.equal(false);

    machine.fire('empty', 1);

    expect(machine.state.current?.want).to.equal(true);
    expect(machine.state.timers.round).to.equal(62_000);
  });

  it('spec R2: given a request before T(0) has passed, then it only counts after', () => {
    const { machine } = startedMachine();
    const early = machine.vote(roundChangeBy(1, 1));

    const patient = machine.fire('patience', 2000);

    expect(only(early, 'send')).to.deep.equal([]);
    expect(only(patient, 'send').map(({ message }) => message.type)).to.deep.equal([
      'round-change',
    ]);
    expect(machine.state.timers.round).to.equal(4000);
  });

  it('spec R3: given its turn, then the node builds once, with a time above the parent', () => {
    const self = PROPOSER;
    const { machine } = startedMachine({ self });
    machine.wallShiftMs = -500_000;
    machine.feed({ type: 'work', pending: true });

    const effects = machine.fire('pacing', 100);

    expect(only(effects, 'build').map(({ timestampMs }) => timestampMs)).to.deep.equal([900_001]);
    expect(only(machine.feed({ type: 'work', pending: true }), 'build')).to.deep.equal([]);
  });

  it('spec R3: given a built block, then PRE-PREPARE and PREPARE are asked for in one step', () => {
    const { machine } = startedMachine({ self: PROPOSER });
    machine.feed({ type: 'work', pending: true });
    machine.fire('pacing', 100);

    const effects = machine.feed({ type: 'built', height: 1, round: 0, block: A });

    expect(typesOf(effects)).to.deep.equal(['store', 'sign', 'sign']);
    expect(signed(effects)).to.deep.equal(['pre-prepare', 'prepare']);
  });

  it('given a signer that pauses, then the same request is made again each RESEND', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));
    machine.judge(A.hash);
    const slot = { type: 'prepare', height: 1, round: 0 } as const;
    const refused = machine.feed({ type: 'refused', slot, reason: 'paused' });

    const again = machine.fire('resend', 1200);

    expect(signed(refused)).to.deep.equal([]);
    expect(signed(again)).to.deep.equal(['prepare']);
  });

  it('given a timer that fires early or after it was cancelled, then it does no harm', () => {
    const { machine } = startedMachine();
    machine.feed({ type: 'work', pending: true });

    const early = machine.fire('pacing', 99);
    const stale = machine.fire('hold', 0);

    expect(early).to.deep.equal([{ type: 'schedule', timer: 'pacing', atMonoMs: 100 }]);
    expect(stale).to.deep.equal([]);
  });
});
