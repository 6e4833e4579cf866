import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import { concatBytes, encodeUtf8, fromHex, toHex } from '../../src/codec/bytes.ts';
import { asHash, asPublicKey, asSignature, ZERO_HASH } from '../../src/crypto/brands.ts';
import { hashTagged, sha256 } from '../../src/crypto/hash.ts';
import { sha256 as nativeSha256 } from '../../src/crypto/native/sha256-node.ts';
import { sha256 as portableSha256 } from '../../src/crypto/native/sha256-portable.ts';
import { TAG_LAYOUTS, TAG_SIZE, TAGS } from '../../src/crypto/tags.ts';
import { HASH_VECTORS } from '../../src/crypto/vectors.ts';

const parts = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 });

describe('core: hashes', () => {
  for (const { name, message, digest } of HASH_VECTORS) {
    it(`given the vector "${name}", when hashed, then both implementations agree (spec D-1)`, () => {
      const bytes = fromHex(message) ?? expect.fail('not hex');

      expect(toHex(sha256(bytes))).to.equal(digest);
      expect(toHex(nativeSha256(bytes))).to.equal(digest);
      expect(toHex(portableSha256(bytes))).to.equal(digest);
    });
  }

  it('given any bytes, when hashed, then both implementations agree', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(nativeSha256(bytes)).to.deep.equal(portableSha256(bytes));
      }),
    );
  });

  it('given a tag and parts of any size, when hashed, then tag and parts are joined (spec D-1)', () => {
    fc.assert(
      fc.property(parts, (list) => {
        const expected = createHash('sha256').update(concatBytes(TAGS.HEADER, ...list));

        expect(toHex(hashTagged(TAGS.HEADER, ...list))).to.equal(expected.digest('hex'));
      }),
    );
  });

  it('given a hash, when taken, then it is a plain array of its own', () => {
    const first = sha256(new Uint8Array());
    const second = sha256(new Uint8Array());

    expect(Object.getPrototypeOf(first)).to.equal(Uint8Array.prototype);
    expect(first.buffer).to.not.equal(second.buffer);
  });

  it('given a tag that is not 16 bytes, when hashed, then it is our bug', () => {
    expect(() => hashTagged(encodeUtf8('DBK1:X'))).to.throw(AssertionError);
  });
});

describe('core: tags', () => {
  it('given the table, when built, then every tag is its name padded to 16 bytes (spec D-7)', () => {
    for (const name of Object.keys(TAG_LAYOUTS) as (keyof typeof TAGS)[]) {
      const text = Buffer.from(TAGS[name]).toString('latin1');

      expect(TAGS[name]).to.have.length(TAG_SIZE);
      expect(text.replace(/\0+$/, '')).to.equal(`DBK1:${name}`);
    }
  });

  it('given two tags, when compared, then they differ', () => {
    const tags = Object.values(TAGS).map(toHex);

    expect(new Set(tags).size).to.equal(tags.length);
  });
});

describe('core: branded values', () => {
  it('given another length, when branded, then it is our bug', () => {
    expect(asHash(new Uint8Array(32))).to.deep.equal(ZERO_HASH);
    expect(() => asHash(new Uint8Array(31))).to.throw(AssertionError, 'hash');
    expect(() => asPublicKey(new Uint8Array(33))).to.throw(AssertionError, 'public key');
    expect(() => asSignature(new Uint8Array(32))).to.throw(AssertionError, 'signature');
  });
});
