/** What a proposal of a later round must prove, and how a proposer chooses its proof. */
import type { Certificate, Hash, Justification, PrePrepare, RoundChange } from '@daybook/core';
import { equalBytes, quorumOf, toHex } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { chooseRoundChanges } from '../src/choose.ts';
import { checkJustification } from '../src/justification.ts';
import {
  blockBy,
  certificateBy,
  contextOf,
  justificationOf,
  proposalBy,
  roundChangeBy,
} from './harness/machine.ts';

const context = contextOf();
const A = blockBy(context, 0, { salt: 1 });
const B = blockBy(context, 0, { salt: 2 });
const SIZES = { quorum: 3, count: 4 };

const unprepared = [0, 1, 3].map((sender) => roundChangeBy(sender, 2));
const locked = [
  roundChangeBy(0, 2, { prepared: { round: 0, blockHash: B.hash } }),
  roundChangeBy(1, 2, { prepared: { round: 1, blockHash: A.hash } }),
  roundChangeBy(3, 2),
];

function propose(justification?: Justification, block = A): PrePrepare {
  return proposalBy(1, block, { round: 2, ...(justification && { justification }) });
}

function faultOf(proposal: PrePrepare, sound = true): string {
  const checked = checkJustification(proposal, sound, SIZES);
  return checked.ok ? checked.value : checked.reason;
}

function withCertificate(certificate: Certificate): Justification {
  return { ...justificationOf(locked), certificate };
}

const FAULTS: readonly (readonly [string, PrePrepare, string])[] = [
  ['no justification', propose(), 'missing'],
  ['too few entries', propose(justificationOf(unprepared.slice(1))), 'count'],
  [
    'more entries than a quorum',
    propose(justificationOf([0, 1, 2, 3].map((sender) => roundChangeBy(sender, 2)))),
    'count',
  ],
  [
    'one sender twice',
    propose(justificationOf([0, 1, 1].map((sender) => roundChangeBy(sender, 2)))),
    'senders',
  ],
  [
    'senders out of order',
    propose(justificationOf([3, 1, 0].map((sender) => roundChangeBy(sender, 2)))),
    'senders',
  ],
  [
    'a sender outside the set',
    propose(justificationOf([0, 1, 4].map((sender) => roundChangeBy(sender, 2)))),
    'senders',
  ],
  [
    'a prepared round that is not below the round',
    propose(
      justificationOf([
        roundChangeBy(0, 2, { prepared: { round: 2, blockHash: A.hash } }),
        ...unprepared.slice(1),
      ]),
    ),
    'prepared-rounds',
  ],
  [
    'a block of a lower prepared round',
    propose(justificationOf(locked), B),
    'certificate-mismatch',
  ],
  [
    'a prepared entry but no certificate',
    propose({ entries: justificationOf(locked).entries }),
    'certificate-missing',
  ],
  [
    'a certificate of another round',
    propose(withCertificate(certificateBy('prepare', [0, 1, 2], A.hash, { round: 0 }))),
    'certificate-mismatch',
  ],
  [
    'a certificate of another block',
    propose(withCertificate(certificateBy('prepare', [0, 1, 2], B.hash, { round: 1 }))),
    'certificate-mismatch',
  ],
  [
    'a certificate of another height',
    propose(withCertificate(certificateBy('prepare', [0, 1, 2], A.hash, { round: 1, height: 9 }))),
    'certificate-mismatch',
  ],
  [
    'a COMMIT certificate',
    propose(withCertificate(certificateBy('commit', [0, 1, 2], A.hash, { round: 1 }))),
    'certificate-mismatch',
  ],
  [
    'a certificate though nothing is prepared',
    propose({
      ...justificationOf(unprepared),
      certificate: certificateBy('prepare', [0, 1, 2], A.hash, { round: 1 }),
    }),
    'certificate-surplus',
  ],
];

describe('consensus: justification', () => {
  for (const [name, proposal, fault] of FAULTS) {
    it(`spec C-7: given ${name}, then the fault is ${fault}`, () => {
      expect(faultOf(proposal)).to.equal(fault);
    });
  }

  it('spec C-6: given round 0, then nothing is to be proven', () => {
    expect(faultOf(proposalBy(0, A))).to.equal('fresh');
    const burdened = { ...proposalBy(0, A), justification: justificationOf(unprepared) };
    expect(faultOf(burdened)).to.equal('count');
  });

  it('spec C-7: given a signature that does not hold, then it is forged', () => {
    expect(faultOf(propose(justificationOf(unprepared)), false)).to.equal('forged');
  });

  it('spec C-7: given a quorum without locks, then a fresh block is due', () => {
    expect(faultOf(propose(justificationOf(unprepared), B))).to.equal('fresh');
  });

  it('spec C-7: given the highest prepared block, then it is a repeat', () => {
    expect(faultOf(propose(justificationOf(locked)))).to.equal('repeat');
  });
});

/**
 * Random quorums of ROUND-CHANGEs for round 6: per validator nothing, no lock, or one of a round.
 */
const votesArbitrary = fc
  .record({
    count: fc.integer({ min: 4, max: 10 }),
    locks: fc.array(fc.option(fc.integer({ min: -1, max: 5 })), { minLength: 10, maxLength: 10 }),
    here: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  })
  .map(({ count, locks, here }) => {
    // One block per prepared round: more cannot gather quorums.
    const blocks = here.map((_, round) => blockBy(context, 0, { salt: round + 10 }).hash);
    const votes: RoundChange[] = [];
    for (let sender = 0; sender < count; sender++) {
      const lock = locks[sender];
      const blockHash = lock === undefined || lock === null ? undefined : blocks[lock];
      if (lock === null || lock === undefined) continue;
      const prepared = blockHash && { prepared: { round: lock, blockHash } };
      votes.push(roundChangeBy(sender, 6, { ...prepared, count }));
    }
    return { count, votes, blocks, here };
  });

describe('consensus: choosing round changes', () => {
  it('spec R10: given any votes, then a choice is one that others accept as justified', () => {
    fc.assert(
      fc.property(votesArbitrary, ({ count, votes, blocks, here }) => {
        const { quorum } = quorumOf(count);
        const isHere = (hash: Hash) => {
          return here[blocks.findIndex((block) => equalBytes(block, hash))] ?? false;
        };

        const { choice } = chooseRoundChanges(votes, quorum, isHere);

        if (choice === undefined) return;
        const block = { ...A, hash: choice.repeat ?? A.hash };
        const { justification } = choice;
        const proposal = proposalBy(1, block, { round: 6, justification });
        const checked = checkJustification(proposal, true, { quorum, count });
        expect(checked).to.deep.equal({ ok: true, value: choice.repeat ? 'repeat' : 'fresh' });
        if (choice.repeat) expect(isHere(choice.repeat)).to.equal(true);
      }),
    );
  });

  it('spec R10: given any votes, then there is a choice whenever any Q of them allow one', () => {
    fc.assert(
      fc.property(votesArbitrary, ({ count, votes, blocks, here }) => {
        const { quorum } = quorumOf(count);
        const roundOf = ({ signed }: RoundChange) => signed.content.prepared?.round ?? -1;
        const isHere = (hash: Hash) => {
          return here[blocks.findIndex((block) => equalBytes(block, hash))] ?? false;
        };
        const levels = [-1, ...new Set(votes.map(roundOf))];
        const possible = levels.some((level) => {
          const within = votes.filter((vote) => roundOf(vote) <= level);
          const led = level < 0 || (within.some((vote) => roundOf(vote) === level) && here[level]);
          return within.length >= quorum && led;
        });

        const { choice, wanted } = chooseRoundChanges(votes, quorum, isHere);

        expect(choice !== undefined).to.equal(possible);
        for (const { hash } of wanted) expect(isHere(hash), toHex(hash)).to.equal(false);
      }),
    );
  });
});
