import { expect } from 'chai';
import fc from 'fast-check';
import { crc32c } from '../../src/codec/crc32c.ts';

/** Bit by bit, as the polynomial defines it. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

describe('core: CRC-32C', () => {
  it('given the vectors of RFC 3720 B.4, when summed, then the checksums agree', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

    expect(crc32c(new Uint8Array(32))).to.equal(0x8a91_36aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).to.equal(0x62a8_ab43);
    expect(crc32c(ascending)).to.equal(0x46dd_794e);
    expect(crc32c(ascending.reverse())).to.equal(0x113f_db5c);
  });

  it('given any bytes, when summed, then the tables agree with the polynomial', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(crc32c(bytes)).to.equal(slowCrc32c(bytes));
      }),
    );
  });

  it('given bytes in two parts, when the first seeds the second, then the sum is of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const first = crc32c(bytes.subarray(0, at));
        expect(crc32c(bytes.subarray(at), first)).to.equal(crc32c(bytes));
      }),
    );
  });
});
