/** Stamps of documents: their bytes, and what is not one. */
import { encodeCanonical, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { decodeStamp, encodeStamp, verifyStamp } from '../../src/index.ts';

const HASH = sha256(new Uint8Array([1]));
const STAMP = { index: 2, path: [HASH, HASH], bundle: new Uint8Array([7]) };

describe('client: stamps of documents', () => {
  it('given a stamp, when written and read, then it is the same', () => {
    expect(decodeStamp(encodeStamp(STAMP))).to.deep.equal(STAMP);
  });

  it('given other bytes, then they are no stamp', () => {
    const format = 'daybook-stamp/1';
    const wrong = [
      new Uint8Array(),
      encodeStamp(STAMP).subarray(1),
      encodeCanonical(['daybook-stamp/2', 2, [HASH], STAMP.bundle]),
      encodeCanonical([format, '2', [HASH], STAMP.bundle]),
      encodeCanonical([format, 2, [HASH.subarray(1)], STAMP.bundle]),
      encodeCanonical([format, 2, Array(33).fill(HASH), STAMP.bundle]),
      encodeCanonical([format, 2, [HASH], 'proof']),
      encodeCanonical([format, 2, [HASH], STAMP.bundle, 1]),
    ];

    for (const bytes of wrong) expect(decodeStamp(bytes)).to.equal(undefined);
  });

  it('given a bundle that proves nothing, then the stamp is invalid', () => {
    const verdict = verifyStamp(STAMP, HASH, { nowMs: 0 });

    expect(verdict).to.deep.include({ outcome: 'invalid' });
  });
});
