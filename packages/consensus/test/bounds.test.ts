/**
 * Section 11: what a machine keeps is bounded whatever it is told, and what it is asked to verify
 * is only what has a place. The machine of the harness checks invariants and purity at every step.
 */
import type { VoteMessage } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { triage } from '../src/index.ts';
import type { Machine } from './harness/machine.ts';
import {
  blockBy,
  commitBy,
  contextOf,
  decidedBy,
  justificationOf,
  prepareBy,
  proposalBy,
  proposerFor,
  roundChangeBy,
  startedMachine,
  statusOf,
} from './harness/machine.ts';

const context = contextOf();
const PROPOSER = proposerFor(context, 0);
const A = blockBy(context, PROPOSER, { salt: 0 });
const B = blockBy(context, PROPOSER, { salt: 1 });
const BLOCKS = [A, B, ...[2, 3].map((salt) => blockBy(context, PROPOSER, { salt }))];

describe('consensus: triage', () => {
  it('spec C-17: given votes within ROUND_WINDOW, then they are wanted, others dropped', () => {
    const { machine } = startedMachine();
    const ask = (round: number) => triage(machine.state, prepareBy(0, A.hash, { round }));

    expect([0, 8, 9].map(ask)).to.deep.equal(['wanted', 'wanted', 'unwanted']);
  });

  it('spec C-17: given identical bytes, then they cost no verification', () => {
    const { machine } = startedMachine();
    machine.vote(prepareBy(0, A.hash));

    expect(triage(machine.state, prepareBy(0, A.hash))).to.equal('held');
    expect(triage(machine.state, prepareBy(0, B.hash)), 'evidence').to.equal('wanted');
    const { signature } = prepareBy(0, A.hash).signed;
    const forged = prepareBy(0, B.hash);
    const borrowed = { ...forged, signed: { ...forged.signed, signature } };
    expect(triage(machine.state, borrowed), 'a signature borrowed').to.equal('wanted');
  });

  it('spec C-17: given evidence that is reported, then more of it is not verified', () => {
    const { machine } = startedMachine();
    machine.vote(prepareBy(0, A.hash));
    machine.vote(prepareBy(0, B.hash));

    expect(triage(machine.state, prepareBy(0, B.hash))).to.equal('unwanted');
  });

  it('spec C-18: given a proposal from another than the proposer, then it is dropped', () => {
    const { machine } = startedMachine();
    const other = PROPOSER === 0 ? 1 : 0;

    expect(triage(machine.state, proposalBy(PROPOSER, A))).to.equal('wanted');
    expect(triage(machine.state, proposalBy(other, A))).to.equal('unwanted');
  });

  it('spec C-18: given a taken proposal slot, then another block there is only evidence', () => {
    const { machine } = startedMachine();
    machine.propose(proposalBy(PROPOSER, A));

    expect(triage(machine.state, proposalBy(PROPOSER, A))).to.equal('held');
    expect(triage(machine.state, proposalBy(PROPOSER, B))).to.equal('wanted');
    machine.propose(proposalBy(PROPOSER, B));
    expect(triage(machine.state, proposalBy(PROPOSER, B))).to.equal('unwanted');
  });

  it('spec C-17: given four ROUND-CHANGEs of one, then only higher rounds are wanted', () => {
    const { machine } = startedMachine();
    for (const round of [5, 6, 7, 8]) machine.vote(roundChangeBy(0, round));

    expect(triage(machine.state, roundChangeBy(0, 4))).to.equal('unwanted');
    machine.vote(roundChangeBy(0, 2 ** 31 - 1));
    const held = Object.keys(machine.state.current?.roundChanges ?? {});
    expect(held).to.deep.equal(['6', '7', '8', String(2 ** 31 - 1)]);
  });

  it('spec C-19: given the next height, then one vote of each kind and rounds 0 and 1', () => {
    const { machine } = startedMachine();
    const ask = (message: VoteMessage) => triage(machine.state, message);
    expect(ask(prepareBy(0, A.hash, { height: 2, round: 2 }))).to.equal('unwanted');
    expect(ask(prepareBy(0, A.hash, { height: 2, round: 1 }))).to.equal('wanted');
    machine.vote(prepareBy(0, A.hash, { height: 2, round: 1 }));

    expect(ask(prepareBy(0, A.hash, { height: 2, round: 0 }))).to.equal('unwanted');
    expect(ask(prepareBy(0, A.hash, { height: 2, round: 1 }))).to.equal('unwanted');
    expect(ask(roundChangeBy(0, 40, { height: 2 }))).to.equal('wanted');
  });

  it('spec C-20: given later or earlier heights, then nothing is kept', () => {
    const { machine } = startedMachine({ height: 5 });
    const ask = (height: number) => triage(machine.state, commitBy(0, A.hash, { height }));

    expect([3, 4, 7].map(ask)).to.deep.equal(['unwanted', 'unwanted', 'ahead']);
  });

  it('given the own index, or one outside the set, then it is no ordinary vote', () => {
    const { machine } = startedMachine();

    expect(triage(machine.state, prepareBy(2, A.hash))).to.equal('own');
    expect(triage(machine.state, prepareBy(4, A.hash))).to.equal('unwanted');
  });
});

/** One hostile deed: any kind of event, mostly plausible, at any round and height near by. */
const deedArbitrary = fc.record({
  kind: fc.constantFrom(
    'prepare',
    'commit',
    'round-change',
    'proposal',
    'decided',
    'status',
    'judged',
    'block',
    'timer',
    'grant',
    'refuse',
    'next',
    'work',
  ),
  sender: fc.integer({ min: 0, max: 5 }),
  round: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(1000, 2 ** 31 - 1)),
  height: fc.integer({ min: 0, max: 3 }),
  block: fc.integer({ min: 0, max: 3 }),
  waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 70_000 })),
  flag: fc.boolean(),
});
type Deed = typeof deedArbitrary extends fc.Arbitrary<infer T> ? T : never;

const TIMERS = ['round', 'pacing', 'patience', 'empty', 'hold', 'resend'] as const;

function vote(machine: Machine, deed: Deed): void {
  const { kind, sender, round, height, flag } = deed;
  const hash = BLOCKS[deed.block]?.hash ?? A.hash;
  if (kind === 'prepare') machine.vote(prepareBy(sender, hash, { round, height }));
  if (kind === 'commit' && round === 0) machine.vote(commitBy(sender, A.hash, { round, height }));
  if (kind === 'commit' && flag) machine.vote(commitBy(sender, hash, { round: 3, height }));
  if (kind !== 'round-change' || round === 0) return;
  const lock = flag && { prepared: { round: Math.min(round - 1, 4), blockHash: hash } };
  machine.vote(roundChangeBy(sender, round, { height, ...lock }));
}

function disturb(machine: Machine, deed: Deed, asked: Set<string>): void {
  const { kind, sender, round, flag } = deed;
  const block = BLOCKS[deed.block] ?? A;
  if (kind === 'proposal') {
    const votes = [0, 1, 3].map((index) => roundChangeBy(index, round));
    const justification = round === 0 ? undefined : justificationOf(votes);
    const proposer = flag ? sender : proposerFor(context, round);
    const author = blockBy(context, Math.min(proposer, 3), { salt: deed.block });
    machine.propose(
      proposalBy(proposer, author, { round, ...(justification && { justification }) }),
    );
  }
  if (kind === 'decided' && sender === 5) {
    const message = decidedBy([0, 1, 3], A, { round });
    machine.feed({ type: 'decided', message, blockHash: A.hash, bodyHeld: flag });
  }
  if (kind === 'status') {
    const status = statusOf({ height: deed.height, round, wallMs: deed.waitMs });
    const peer = `p${sender}`;
    machine.feed({ type: 'status', peer, status, ...(sender < 4 && { validator: sender }) });
  }
  if (kind === 'judged' && asked.has(block.hash.join())) machine.judge(block.hash, true);
  if (kind === 'block') machine.feed({ type: 'block', block });
  if (kind === 'work') machine.feed({ type: 'work', pending: flag });
}

function answerSigner(machine: Machine, { kind, flag }: Deed): void {
  const [request] = Object.values(machine.state.current?.pending ?? {});
  if (request === undefined) return;
  if (kind === 'grant') machine.grant([{ type: 'sign', request }]);
  if (kind !== 'refuse') return;
  const { type, height, round } = request.type === 'pre-prepare' ? request : request.content;
  const reason = flag ? 'guard' : 'paused';
  machine.feed({ type: 'refused', slot: { type, height, round }, reason });
}

function goOn(machine: Machine, { kind, sender, flag }: Deed): void {
  if (kind === 'timer') machine.feed({ type: 'timer', timer: TIMERS[sender] ?? 'round' });
  if (kind !== 'next' || !flag || machine.state.phase !== 'finalising') return;
  const height = (machine.state.current?.context.height ?? 0) + 1;
  machine.feed({ type: 'height-entered', context: contextOf({ height }) });
}

describe('consensus: bounds', () => {
  it('I23 I7 I4: given any events in any order, then no invariant breaks', () => {
    fc.assert(
      fc.property(fc.array(deedArbitrary, { minLength: 20, maxLength: 120 }), (deeds) => {
        const { machine } = startedMachine({ self: 2 });
        const asked = new Set(BLOCKS.map(({ hash }) => hash.join()));
        for (const deed of deeds) {
          machine.monoMs += deed.waitMs;
          vote(machine, deed);
          disturb(machine, deed, asked);
          answerSigner(machine, deed);
          goOn(machine, deed);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('spec §11: given a flood from every validator, then the state stays within its bounds', () => {
    const { machine } = startedMachine({ count: 7 });
    for (let round = 0; round < 60; round++) {
      for (const sender of [0, 1, 3, 4, 5, 6]) {
        for (const height of [0, 1, 2, 3]) {
          machine.vote(prepareBy(sender, A.hash, { round, height }));
          machine.vote(commitBy(sender, A.hash, { round, height }));
          if (round > 0) machine.vote(roundChangeBy(sender, 1_000_000 - round, { height }));
        }
      }
    }

    const { current, next } = machine.state;
    const places = [current?.prepares, current?.commits, current?.roundChanges]
      .flatMap((table) => Object.values(table ?? {}))
      .flat()
      .filter((held) => held !== undefined);
    expect(places.length).to.be.at.most(6 * (17 + 17 + 4));
    expect(next.prepares).to.have.length(7);
  });
});
