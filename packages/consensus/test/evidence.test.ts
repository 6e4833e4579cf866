/** Evidence: the six kinds, nothing else, and once per validator, height and kind. */
import type { PreparedRef, Unsigned, VoteMessage } from '@daybook/core';
import { conflictOf, evidenceOf } from '@daybook/core';
import { expect } from 'chai';
import {
  blockBy,
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
const A = blockBy(context, 0, { salt: 1 });
const B = blockBy(context, 0, { salt: 2 });
const prepared = (round: number, block = A): { prepared: PreparedRef } => {
  return { prepared: { round, blockHash: block.hash } };
};

interface Case {
  readonly name: string;
  readonly first: VoteMessage;
  readonly second: VoteMessage;
  readonly kind: string | undefined;
}

const CASES: readonly Case[] = [
  {
    name: 'two proposals of a round',
    first: proposalBy(0, A),
    second: proposalBy(0, B),
    kind: 'E1',
  },
  {
    name: 'two PREPAREs of a round',
    first: prepareBy(0, A.hash),
    second: prepareBy(0, B.hash),
    kind: 'E2',
  },
  {
    name: 'two COMMITs of a round',
    first: commitBy(0, A.hash),
    second: commitBy(0, B.hash),
    kind: 'E3',
  },
  {
    name: 'two ROUND-CHANGEs of a round with different locks',
    first: roundChangeBy(0, 2),
    second: roundChangeBy(0, 2, prepared(1)),
    kind: 'E4',
  },
  {
    name: 'a COMMIT, then a ROUND-CHANGE without a lock',
    first: commitBy(0, A.hash),
    second: roundChangeBy(0, 1),
    kind: 'E5',
  },
  {
    name: 'a COMMIT, then a ROUND-CHANGE with a lower lock',
    first: commitBy(0, A.hash, { round: 3 }),
    second: roundChangeBy(0, 4, prepared(2)),
    kind: 'E5',
  },
  {
    name: 'a COMMIT, then a ROUND-CHANGE with another lock of that round',
    first: commitBy(0, A.hash, { round: 3 }),
    second: roundChangeBy(0, 4, prepared(3, B)),
    kind: 'E6',
  },
  {
    name: 'a lock that falls from one ROUND-CHANGE to the next',
    first: roundChangeBy(0, 4, prepared(3)),
    second: roundChangeBy(0, 5, prepared(2)),
    kind: 'E6',
  },
  {
    name: 'a lock that vanishes from one ROUND-CHANGE to the next',
    first: roundChangeBy(0, 4, prepared(3)),
    second: roundChangeBy(0, 5),
    kind: 'E6',
  },
  {
    name: 'a COMMIT and a later ROUND-CHANGE with its lock',
    first: commitBy(0, A.hash),
    second: roundChangeBy(0, 1, prepared(0)),
    kind: undefined,
  },
  {
    name: 'a ROUND-CHANGE without a lock and a later COMMIT',
    first: roundChangeBy(0, 1),
    second: commitBy(0, A.hash, { round: 1 }),
    kind: undefined,
  },
  {
    name: 'a lock that rises to another block',
    first: roundChangeBy(0, 1, prepared(0)),
    second: roundChangeBy(0, 3, prepared(2, B)),
    kind: undefined,
  },
  {
    name: 'PREPAREs of two rounds',
    first: prepareBy(0, A.hash),
    second: prepareBy(0, B.hash, { round: 1 }),
    kind: undefined,
  },
  {
    name: 'COMMITs of two heights',
    first: commitBy(0, A.hash),
    second: commitBy(0, B.hash, { height: 2 }),
    kind: undefined,
  },
];

describe('consensus: evidence', () => {
  for (const { name, first, second, kind } of CASES) {
    it(`spec §16: given ${name}, then the evidence is ${kind ?? 'none'}`, () => {
      const contents: readonly Unsigned[] = [first.signed.content, second.signed.content];
      const [a, b] = contents;

      expect(a && b && conflictOf(a, b)).to.equal(kind);
      expect(a && b && conflictOf(b, a), 'in either order').to.equal(kind);
    });
  }

  it('given two validators, then their messages prove nothing together', () => {
    const evidence = evidenceOf(prepareBy(0, A.hash).signed, prepareBy(1, B.hash).signed);

    expect(evidence).to.equal(undefined);
  });

  it('spec C-17 E2: given a second, different vote, then it is reported, not kept', () => {
    const { machine } = startedMachine();
    machine.vote(prepareBy(1, A.hash));

    const effects = machine.vote(prepareBy(1, B.hash));

    const [report] = only(effects, 'report');
    expect(report?.evidence.kind).to.equal('E2');
    expect(machine.state.current?.prepares[0]?.[1]?.message).to.deep.equal(prepareBy(1, A.hash));
  });

  it('spec §16: given more of a kind, then the validator is reported once a height', () => {
    const { machine } = startedMachine();
    machine.vote(prepareBy(1, A.hash));
    machine.vote(prepareBy(1, B.hash));
    machine.vote(prepareBy(1, A.hash, { round: 1 }));

    const again = machine.vote(prepareBy(1, B.hash, { round: 1 }));

    expect(only(again, 'report')).to.deep.equal([]);
  });

  it('spec §16: given a message that contradicts two alike, then one report is enough', () => {
    const { machine } = startedMachine();
    machine.vote(commitBy(1, A.hash));
    machine.vote(commitBy(1, A.hash, { round: 1 }));

    const effects = machine.vote(roundChangeBy(1, 2));

    expect(only(effects, 'report')).to.have.length(1);
  });

  it('given an amnesiac, when its ROUND-CHANGE comes before its COMMIT, then E5 is found', () => {
    const { machine } = startedMachine();
    machine.vote(roundChangeBy(1, 2));

    const effects = machine.vote(commitBy(1, A.hash));

    expect(only(effects, 'report').map(({ evidence }) => evidence.kind)).to.deep.equal(['E5']);
  });

  it('given a second vote after the height has ended, then it is still reported', () => {
    const { machine } = startedMachine();
    machine.vote(commitBy(1, A.hash));
    machine.feed({ type: 'height-entered', context: contextOf({ height: 2 }) });

    const effects = machine.vote(commitBy(1, B.hash));

    expect(only(effects, 'report').map(({ evidence }) => evidence.kind)).to.deep.equal(['E3']);
  });

  it('spec §16 E1: given one block with two justifications, then the proposer is reported', () => {
    const { machine } = startedMachine();
    const proposer = proposerFor(context, 1);
    const block = blockBy(context, proposer);
    const votes = [0, 1, 3].map((sender) => roundChangeBy(sender, 1));
    const others = [0, 1, 2].map((sender) => roundChangeBy(sender, 1));
    const justify = (from: typeof votes) => ({
      entries: from.map(({ signed: { sender, signature } }) => ({ sender, signature })),
    });
    machine.propose(proposalBy(proposer, block, { round: 1, justification: justify(votes) }));

    const second = proposalBy(proposer, block, { round: 1, justification: justify(others) });
    const effects = machine.propose(second);

    expect(only(effects, 'report').map(({ evidence }) => evidence.kind)).to.deep.equal(['E1']);
  });
});
