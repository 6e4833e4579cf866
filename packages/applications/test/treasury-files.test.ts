/** The treasury: files of a publisher, kept in parts that nobody changes. */
import { sha256 } from '@daybook/core';
import { expect } from 'chai';
import { treasury } from '../src/treasury.ts';
import { outcome } from './ledger.ts';
import { BUDGETER, call, paidLedger, STRANGER } from './treasury-scene.ts';

const BYTES = Uint8Array.of(1, 2, 3);
const part = {
  publisher: 'agency',
  dataset: 'aid',
  holder: 'water',
  files: sha256(BYTES),
  part: 1,
  parts: 2,
  bytes: BYTES,
};

describe('treasury: imported files', () => {
  it('given a part, when its holder keeps it, then it is there and stays as it is', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([call('keepFiles', part)], [BUDGETER]))).to.equal('ok');
    expect(ledger.rows(treasury, 'filePart')).to.deep.equal([part]);
    const other = call('keepFiles', { ...part, bytes: new Uint8Array(4) });
    expect(outcome(ledger.act([other], [BUDGETER]))).to.equal('TREASURY_FILE_PART_EXISTS');
  });

  it('given the same files, when another organisation keeps them, then they are its own', () => {
    const ledger = paidLedger();
    ledger.act([call('keepFiles', part)], [BUDGETER]);

    const own = call('keepFiles', { ...part, holder: 'other' });
    expect(outcome(ledger.act([own], [STRANGER]))).to.equal('ok');
    expect(outcome(ledger.act([call('keepFiles', part)], [STRANGER]))).to.equal(
      'CONTRACTS_NOT_ENTITLED',
    );
  });

  for (const [title, change, code] of [
    ['a part beyond the last', { part: 2 }, 'TREASURY_FILE_PART_OUTSIDE'],
    ['more parts than are taken', { parts: 343 }, 'CONTRACTS_FIELD_RANGE'],
    ['too many bytes', { bytes: new Uint8Array(48 * 1024 + 1) }, 'CONTRACTS_INPUT_INVALID'],
  ] as const) {
    it(`given ${title}, then it is refused`, () => {
      const ledger = paidLedger();

      expect(outcome(ledger.act([call('keepFiles', { ...part, ...change })], [BUDGETER]))).to.equal(
        code,
      );
      expect(ledger.rows(treasury, 'filePart')).to.deep.equal([]);
    });
  }
});
