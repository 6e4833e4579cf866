/** R14: what is forwarded, to whom, and by whom. Self is validator 2 of seven unless stated. */
import { expect } from 'chai';
import type { Machine } from './harness/machine.ts';
import {
  blockBy,
  contextOf,
  only,
  prepareBy,
  proposalBy,
  proposerFor,
  startedMachine,
  statusOf,
} from './harness/machine.ts';

const context = contextOf({ count: 7 });
const { hash } = blockBy(context, 0);
const bits = (...indices: readonly number[]): Uint8Array => {
  return new Uint8Array([indices.reduce((sum, index) => sum | (1 << index), 0)]);
};
const ALL = [0, 1, 2, 3, 4, 5, 6];

function tellStatus(machine: Machine, validator: number, fields = {}) {
  const links = bits(...ALL.filter((index) => index !== validator));
  const status = statusOf({ links, ...fields });
  return machine.feed({ type: 'status', peer: `p${validator}`, validator, status });
}

/** Everybody is linked to everybody but validator 6, who lacks the links in `lacking`. */
function meshLacking(lacking: readonly number[], self = 2): Machine {
  const { machine } = startedMachine({ count: 7, self });
  machine.feed({ type: 'links', validators: ALL.filter((index) => index !== self) });
  for (const validator of ALL.filter((index) => index !== self && index !== 6)) {
    const others = ALL.filter((index) => index !== validator);
    const links = others.filter((index) => index !== 6 || !lacking.includes(validator));
    tellStatus(machine, validator, { links: bits(...links) });
  }
  const linked = ALL.filter((index) => index !== 6 && !lacking.includes(index));
  if (self !== 6) tellStatus(machine, 6, { links: bits(...linked) });
  return machine;
}

describe('consensus: relay', () => {
  it('spec R14: given a healthy mesh, then nothing is forwarded', () => {
    const machine = meshLacking([]);

    expect(only(machine.vote(prepareBy(0, hash)), 'send')).to.deep.equal([]);
  });

  it('spec R14: given a link that is down, then the lowest F1 between forward at once', () => {
    const forwarders = ALL.slice(1, 6).filter((self) => {
      const machine = meshLacking([0], self);
      return only(machine.vote(prepareBy(0, hash)), 'send').length > 0;
    });

    expect(forwarders, 'of 1 to 5, all linked to both').to.deep.equal([1, 2, 3]);
    const machine = meshLacking([0]);
    const [send] = only(machine.vote(prepareBy(0, hash)), 'send');
    expect(send).to.deep.equal({ type: 'send', message: prepareBy(0, hash), to: [6] });
  });

  it('spec R14: given a message that comes again, then it goes on again, once per RESEND', () => {
    const machine = meshLacking([0]);
    machine.vote(prepareBy(0, hash));
    const sends = [10, 1000].map((waitMs) => {
      machine.monoMs += waitMs;
      return only(machine.vote(prepareBy(0, hash)), 'send').length;
    });

    expect(sends).to.deep.equal([0, 1]);
  });

  it('spec R14: given a STATUS that lacks votes held for RESEND, then they are sent', () => {
    const machine = meshLacking([]);
    machine.vote(prepareBy(0, hash));
    machine.vote(prepareBy(1, hash));
    const early = tellStatus(machine, 3, { held: { ...statusOf().held, prepare: bits(1) } });
    machine.monoMs += 1000;

    const late = tellStatus(machine, 3, { held: { ...statusOf().held, prepare: bits(1) } });
    const again = tellStatus(machine, 3);

    expect(only(early, 'send')).to.deep.equal([]);
    expect(only(late, 'send')).to.deep.equal([
      { type: 'send', message: prepareBy(0, hash), to: [3] },
    ]);
    expect(only(again, 'send'), 'not before another RESEND').to.deep.equal([]);
  });

  it('spec R14 R15: given a STATUS that lacks a vote of its own sender, then it is sent: there is a double', () => {
    const machine = meshLacking([]);
    machine.vote(prepareBy(3, hash));
    machine.monoMs += 1000;

    const effects = tellStatus(machine, 3);

    const back = { type: 'send', message: prepareBy(3, hash), to: [3] };
    expect(only(effects, 'send')).to.deep.equal([back]);
  });

  it('spec R14: given a lost proposal, then F1 supply it, and others the next time', () => {
    const proposer = proposerFor(context, 0);
    const block = blockBy(context, proposer);
    const receiver = 6;
    const helpers = ALL.filter((index) => index !== proposer && index !== receiver);
    const supplied = helpers.map((self) => {
      const { machine } = startedMachine({ count: 7, self });
      machine.propose(proposalBy(proposer, block));
      return [1, 2].map(() => {
        machine.monoMs += 1000;
        return only(tellStatus(machine, receiver), 'send').length;
      });
    });

    for (const turn of [0, 1]) {
      const suppliers = supplied.filter((turns) => turns[turn] === 1).length;
      expect(suppliers, `turn ${turn}`).to.be.within(1, 3);
    }
    expect(supplied.every((turns) => turns.includes(1))).to.equal(true);
  });

  it('spec R14: given links that change, then STATUS tells it at once, and only then', () => {
    const { machine } = startedMachine();
    const changed = machine.feed({ type: 'links', validators: [0, 1] });
    const same = machine.feed({ type: 'links', validators: [1, 0] });

    expect(only(changed, 'send-status')[0]?.status.links).to.deep.equal(bits(0, 1));
    expect(same).to.deep.equal([]);
  });
});
