/** Every failure has a row in the table and a sentence with its facts. */
import { expect } from 'chai';
import type { ConsensusFatal, ConsensusNotice } from '../src/index.ts';
import { CONSENSUS_ERRORS, explainConsensus } from '../src/index.ts';
import { blockBy, certificateBy, contextOf, prepareBy } from './harness/machine.ts';

const { hash } = blockBy(contextOf(), 0);
const slot = { height: 7, round: 3, sender: 1, blockHash: hash };
const certificate = certificateBy('commit', [0, 1, 2], hash);
const reason = { code: 'STATE_ROOT_MISMATCH' };

const FAILURES: readonly (ConsensusFatal | ConsensusNotice)[] = [
  { code: 'CONSENSUS_FORK', height: 7, first: undefined, second: certificate },
  { code: 'CONSENSUS_BLOCK_INVALID', height: 7, blockHash: hash, vouched: 'decided', reason },
  {
    code: 'CONSENSUS_KEY_ELSEWHERE',
    content: prepareBy(0, hash, { height: 7 }).signed.content,
    seenIn: 'message',
  },
  { ...slot, code: 'CONSENSUS_PROPOSAL_UNJUSTIFIED', fault: 'count' },
  { ...slot, code: 'CONSENSUS_PROPOSAL_AUTHOR' },
  { ...slot, code: 'CONSENSUS_PROPOSAL_UNTIMELY', timestampMs: 7, receivedWallMs: 9 },
  { ...slot, code: 'CONSENSUS_PROPOSAL_INVALID', reason },
  { code: 'CONSENSUS_SIGNING_REFUSED', height: 7, round: 0, step: 'commit', reason: 'paused' },
  { code: 'CONSENSUS_CLOCK_OFF', offsetMs: 700, proposing: true },
  { code: 'CONSENSUS_RECHECK_PASSED', height: 7, blockHash: hash },
];

describe('consensus: errors', () => {
  it('given the table, then it has exactly the codes that can occur', () => {
    const codes = FAILURES.map(({ code }) => code);

    expect(Object.keys(CONSENSUS_ERRORS).sort()).to.deep.equal(codes.sort());
  });

  for (const failure of FAILURES) {
    it(`given ${failure.code}, then its sentence names the facts`, () => {
      expect(explainConsensus(failure)).to.match(/7.*\.$/);
    });
  }
});
