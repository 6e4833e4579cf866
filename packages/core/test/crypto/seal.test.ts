import { encodeUtf8, sealOf, toHex } from '@daybook/core';
import { expect } from 'chai';

const SALT = new Uint8Array(32).fill(7);

describe('core: seals (spec X-31)', () => {
  it('given purpose, salt and value, then the seal is what it always was', () => {
    expect(toHex(sealOf('test/1', SALT, [12n, 'GBP', null]))).to.equal(
      'd8711ea0b4f9d49d600ee8c88b1adefcc851bdcfa1bf36d3c24585b44508b9c7',
    );
  });

  it('given any of the three changed, then the seal is another', () => {
    const other = new Uint8Array(32).fill(8);
    const seals = [
      sealOf('test/1', SALT, 'a'),
      sealOf('test/2', SALT, 'a'),
      sealOf('test/1', other, 'a'),
      sealOf('test/1', SALT, 'b'),
      sealOf('test/1', SALT, encodeUtf8('a')),
    ].map(toHex);

    expect(new Set(seals).size).to.equal(seals.length);
  });

  it('given a salt of another size, then it is a bug of the caller', () => {
    expect(() => sealOf('test/1', SALT.subarray(1), 'a')).to.throw('a salt has 32 bytes');
  });
});
