/** Evidence on chain: recorded once, for whoever held the key at that height, and nobody else. */
import { assert, fail, LIMITS, toHex } from '@daybook/core';
import { expect } from 'chai';
import { judgeEvidence } from '../src/governance/evidence.ts';
import { codeOf, createChain, keyOf, proofOf, rowsOf, systemEntry } from './consortium.ts';
import { evidenceEntry } from './faults.ts';

const FOUR = ['audit', 'finance', 'health', 'works'] as const;
const rows = rowsOf.governance;

describe('governance: evidence (spec X-15)', () => {
  for (const kind of ['E1', 'E2', 'E3', 'E4', 'E5', 'E6'] as const) {
    it(`spec ${kind}: given proof of it, then it is a record and an event`, () => {
      const chain = createChain({ organisations: FOUR });
      chain.passTo(3);
      const validator = chain.validators().find(({ publicKey }) => {
        return toHex(publicKey) === toHex(keyOf('works consensus'));
      });
      assert(validator !== undefined, 'works is a validator');

      const { transactions } = chain.block([evidenceEntry(chain, 'works consensus', { kind })]);

      const key = { validator: validator.id, height: 1, kind };
      const row = rows.evidence(chain.view, key);
      expect(row).to.include({ organisation: 'works', height: 1, kind });
      const [event] = transactions[0]?.result.events ?? [];
      expect(event?.name).to.equal('evidenceRecorded');
    });
  }

  it('given the same fault twice, then the second makes the block invalid', () => {
    const chain = createChain({ organisations: FOUR });
    chain.passTo(3);
    const entry = evidenceEntry(chain, 'works consensus');
    chain.block([entry]);

    expect(chain.tryBlock([entry])).to.equal('CORE_EVIDENCE_RECORDED');
    expect(chain.tryBlock([evidenceEntry(chain, 'works consensus', { kind: 'E3' })])).to.equal(
      'OK',
    );
    expect(chain.tryBlock([evidenceEntry(chain, 'works consensus', { height: 2 })])).to.equal('OK');
  });

  it('given a stranger, a height to come, another chain, or what is no proof, then refused by code', () => {
    const chain = createChain({ organisations: FOUR });
    chain.passTo(3);
    const other = createChain({ organisations: [...FOUR, 'parks'], validators: FOUR });
    const cases = [
      [evidenceEntry(chain, 'stranger'), 'CORE_EVIDENCE_STRANGER'],
      [evidenceEntry(chain, 'works consensus', { height: 5 }), 'CORE_EVIDENCE_FUTURE'],
      [evidenceEntry(other, 'works consensus'), 'CORE_EVIDENCE_SIGNATURE'],
      [systemEntry('evidence', [1, 2, 3]), 'CORE_EVIDENCE_MALFORMED'],
    ] as const;

    for (const [entry, code] of cases) expect(chain.tryBlock([entry])).to.equal(code);
    expect(chain.height()).to.equal(3);
  });

  it('scenario 27: given a fault of exactly as many blocks ago as may be, then it is taken, and one block later it has expired', () => {
    const chain = createChain({ organisations: FOUR });
    const entry = evidenceEntry(chain, 'works consensus', { height: 1 });
    assert(entry.type === 'system', 'evidence is a system transaction');
    const judgeAt = (height: number) =>
      judgeEvidence(entry.system.payload, {
        height,
        chainAt: () => chain.genesis.chain,
        keyHolder: () => ({ id: keyOf('works consensus'), fromHeight: 0 }),
        isRecorded: () => false,
      });

    expect(judgeAt(1 + LIMITS.evidenceBlocksMax).ok).to.equal(true);
    expect(judgeAt(2 + LIMITS.evidenceBlocksMax)).to.deep.equal(
      fail({ code: 'CORE_EVIDENCE_EXPIRED' }),
    );
  });

  it('given a rotated key, then each key answers for its own heights only', () => {
    const chain = createChain({ organisations: FOUR });
    const { id } =
      chain.validators().find(({ publicKey }) => {
        return toHex(publicKey) === toHex(keyOf('works consensus'));
      }) ?? {};
    assert(id !== undefined, 'works is a validator');
    const args = {
      validator: id,
      consensusKey: keyOf('works second'),
      proof: proofOf(chain.genesis.chain, 'works second', 'works'),
      reason: 'because of the test',
    };
    const signers = FOUR.slice(0, 3).map((slug) => `${slug}/admin`);
    expect(codeOf(chain.act(signers, 'governance.proposeKeyRotation', args))).to.equal('OK');
    chain.block([]);
    const ready = ['audit consensus', 'finance consensus', 'health consensus', 'works second'];
    chain.block(ready.map((key) => chain.ready(key, 1)));
    chain.passTo(12);

    const judge = (key: string, height: number) =>
      chain.tryBlock([evidenceEntry(chain, key, { height })]);

    expect(judge('works second', 9)).to.equal('CORE_EVIDENCE_STRANGER');
    expect(judge('works consensus', 10)).to.equal('CORE_EVIDENCE_STRANGER');
    expect(judge('works consensus', 9)).to.equal('OK');
    expect(judge('works second', 10)).to.equal('OK');
    const found = (height: number) =>
      rows.evidence(chain.view, { validator: id, height, kind: 'E2' });
    expect(found(9)?.organisation).to.equal('works');
    expect(found(10)?.organisation).to.equal('works');
  });
});
