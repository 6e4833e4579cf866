import { createPublicKey, verify as opensslVerify } from 'node:crypto';
import { hashes, verify as nobleVerify, Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import { concatBytes, fromHex, toHex } from '../../src/codec/bytes.ts';
import {
  createSigner,
  isGoodPublicKey,
  precheckSignature,
  publicKeyOf,
  sign,
  verifyStrict,
} from '../../src/crypto/ed25519.ts';
import { generateNonce, generateSecretKey } from '../../src/crypto/key-generation.ts';
import * as native from '../../src/crypto/native/ed25519-node.ts';
import * as portable from '../../src/crypto/native/ed25519-portable.ts';
import {
  MIXED_ORDER_KEY,
  SIGNATURE_VECTORS,
  SIGNING_VECTORS,
  SMALL_ORDER_ENCODINGS,
} from '../../src/crypto/vectors.ts';

hashes.sha512 = sha512;

const SPECCHECK_ANSWERS = 'X X X V X X X X X X X X';
/** Of the eight points of small order, one of which all are multiples. */
const ORDER_EIGHT = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a';
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const messages = fc.uint8Array({ maxLength: 200 });

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail(`${hex} is not hex`);
}

describe('core: the signature rule', () => {
  it('given the twelve cases of ed25519-speccheck, when verified, then only case 3 holds (spec D-11)', () => {
    const cases = SIGNATURE_VECTORS.slice(0, 12);

    const answers = cases.map(({ publicKey, message, signature }) =>
      verifyStrict(bytesOf(publicKey), bytesOf(message), bytesOf(signature)) ? 'V' : 'X',
    );

    expect(answers.join(' ')).to.equal(SPECCHECK_ANSWERS);
  });

  it('given the same cases, when other verifiers answer, then the cases are the published ones', () => {
    const cases = SIGNATURE_VECTORS.slice(0, 12);

    const zip215 = cases.map(({ publicKey, message, signature }) =>
      nobleVerify(bytesOf(signature), bytesOf(message), bytesOf(publicKey)) ? 'V' : 'X',
    );
    const rfc8032 = cases.map(({ publicKey, message, signature }) =>
      nobleVerify(bytesOf(signature), bytesOf(message), bytesOf(publicKey), { zip215: false })
        ? 'V'
        : 'X',
    );

    expect(zip215.join(' ')).to.equal('V V V V V V X X X V V V');
    expect(rfc8032.join(' ')).to.equal('X X V V V V X X X X X X');
  });

  for (const { name, publicKey, message, signature, isValid } of SIGNATURE_VECTORS) {
    it(`given ${name}, when verified with either implementation, then the answer is ${isValid} (spec D-11)`, () => {
      const [key, text, seal] = [bytesOf(publicKey), bytesOf(message), bytesOf(signature)];

      for (const { verifyEquation } of [native, portable]) {
        const answer = precheckSignature(key, seal) && verifyEquation(key, text, seal);
        expect(answer).to.equal(isValid);
      }
    });
  }

  it('given torsion in R alone, when cofactored verifiers accept it, then ours does not', () => {
    const vector = SIGNATURE_VECTORS.find(({ name }) => name === 'torsion in R only');
    const { publicKey, message, signature } = vector ?? expect.fail('no such vector');
    const [key, text, seal] = [bytesOf(publicKey), bytesOf(message), bytesOf(signature)];

    expect(nobleVerify(seal, text, key, { zip215: false })).to.equal(true);
    expect(precheckSignature(key, seal)).to.equal(true);
    expect(verifyStrict(key, text, seal)).to.equal(false);
    expect(portable.verifyEquation(key, text, seal)).to.equal(false);
  });

  it('given 196 small-order combinations, when verified, then none holds (spec D-11)', () => {
    const message = new Uint8Array(5);
    let lenient = 0;
    for (const key of SMALL_ORDER_ENCODINGS.map(bytesOf)) {
      for (const r of SMALL_ORDER_ENCODINGS.map(bytesOf)) {
        const signature = concatBytes(r, new Uint8Array(32));
        lenient += nobleVerify(signature, message, key) ? 1 : 0;

        expect(verifyStrict(key, message, signature), toHex(key)).to.equal(false);
        expect(precheckSignature(key, signature), toHex(key)).to.equal(false);
      }
    }
    expect(lenient).to.equal(196);
  });

  it('given each small-order encoding as the key or as R alone, when prechecked, then it fails', () => {
    const { publicKey, signature } = SIGNING_VECTORS[0] ?? expect.fail('no vector');
    const s = bytesOf(signature).subarray(32);

    for (const encoding of SMALL_ORDER_ENCODINGS.map(bytesOf)) {
      expect(precheckSignature(encoding, bytesOf(signature))).to.equal(false);
      expect(precheckSignature(bytesOf(publicKey), concatBytes(encoding, s))).to.equal(false);
    }
  });

  it('given S at L and one below, when prechecked, then only the second passes (spec D-11)', () => {
    const { publicKey, signature } = SIGNING_VECTORS[0] ?? expect.fail('no vector');
    const r = bytesOf(signature).subarray(0, 32);
    const order = bytesOf('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
    const below = Uint8Array.from(order, (byte, index) => (index === 0 ? byte - 1 : byte));

    expect(precheckSignature(bytesOf(publicKey), concatBytes(r, order))).to.equal(false);
    expect(precheckSignature(bytesOf(publicKey), concatBytes(r, below))).to.equal(true);
  });

  it('given y from p to 2^255-1, when prechecked as a key, then none passes; p-2 does', () => {
    const { signature } = SIGNING_VECTORS[0] ?? expect.fail('no vector');
    const encodings = Array.from({ length: 256 }, (_, first) => {
      const encoding = new Uint8Array(32).fill(0xff);
      encoding[0] = first;
      encoding[31] = 0x7f;
      return encoding;
    });

    const passed = encodings.filter((key) => precheckSignature(key, bytesOf(signature)));

    // 0xec is p-1, the point of order two; everything from 0xed on is p or more.
    expect(passed.map((key) => key[0])).to.deep.equal(Array.from({ length: 0xec }, (_, y) => y));
  });

  it('given other lengths, when verified, then the answer is false and never an error', () => {
    const { publicKey, signature } = SIGNING_VECTORS[0] ?? expect.fail('no vector');
    const [key, seal, none] = [bytesOf(publicKey), bytesOf(signature), new Uint8Array()];

    expect(verifyStrict(key, none, seal)).to.equal(true);
    for (const size of [0, 31, 33, 64]) {
      expect(verifyStrict(new Uint8Array(size).fill(2), none, seal)).to.equal(false);
    }
    for (const size of [0, 32, 63, 65]) {
      expect(verifyStrict(key, none, new Uint8Array(size).fill(2))).to.equal(false);
    }
  });

  it('given OpenSSL on this Node version, when asked alone, then it agrees with the rule', () => {
    for (const { name, publicKey, message, signature, isValid } of SIGNATURE_VECTORS) {
      const der = concatBytes(bytesOf('302a300506032b6570032100'), bytesOf(publicKey));
      const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });

      expect(opensslVerify(null, bytesOf(message), key, bytesOf(signature)), name).to.equal(
        isValid,
      );
    }
  });
});

describe('core: signing', () => {
  for (const { name, secretKey, publicKey, message, signature } of SIGNING_VECTORS) {
    it(`given ${name}, when signed with either implementation, then the bytes agree`, () => {
      const seed = bytesOf(secretKey);

      expect(toHex(publicKeyOf(seed))).to.equal(publicKey);
      expect(toHex(sign(seed, bytesOf(message)))).to.equal(signature);
      for (const { createSigning, derivePublicKey } of [native, portable]) {
        expect(toHex(derivePublicKey(seed))).to.equal(publicKey);
        expect(toHex(createSigning(seed)(bytesOf(message)))).to.equal(signature);
      }
    });
  }

  it('given any seed and message, when signed, then both implementations verify it', () => {
    fc.assert(
      fc.property(seeds, messages, (seed, message) => {
        const signer = createSigner(seed);
        const signature = signer.sign(message);

        expect(signature).to.deep.equal(sign(seed, message));
        expect(verifyStrict(signer.publicKey, message, signature)).to.equal(true);
        expect(portable.verifyEquation(signer.publicKey, message, signature)).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });

  it('given a changed bit anywhere, when verified, then both implementations refuse', () => {
    fc.assert(
      fc.property(seeds, messages, fc.nat(96 * 8 - 1), (seed, message, bit) => {
        const packed = concatBytes(publicKeyOf(seed), sign(seed, message));
        packed[bit >> 3] = (packed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const [key, signature] = [packed.subarray(0, 32), packed.subarray(32)];

        expect(verifyStrict(key, message, signature)).to.equal(false);
        expect(portable.verifyEquation(key, message, signature)).to.equal(false);
      }),
      { numRuns: 60 },
    );
  });

  it('given any bytes that pass rules (a) and (b), when verified, then both implementations agree', () => {
    const random = fc.uint8Array({ minLength: 96, maxLength: 96 });
    fc.assert(
      fc.property(random, messages, (packed, message) => {
        packed[95] = (packed[95] ?? 0) & 0x0f;
        const [key, signature] = [packed.subarray(0, 32), packed.subarray(32)];

        const answers = [native, portable].map(({ verifyEquation }) =>
          verifyEquation(key, message, signature),
        );

        expect(answers[0]).to.equal(answers[1]);
      }),
      { numRuns: 60 },
    );
  });

  it('given more keys than the cache keeps, when verified, then the answers stay right', () => {
    const { secretKey, publicKey, message, signature } =
      SIGNING_VECTORS[1] ?? expect.fail('no vector');
    const check = () => verifyStrict(bytesOf(publicKey), bytesOf(message), bytesOf(signature));
    const key = bytesOf(secretKey);

    expect(check()).to.equal(true);
    for (let index = 0; index < 9000; index += 1) {
      key[0] = index & 0xff;
      key[1] = index >> 8;
      native.verifyEquation(key, bytesOf(message), bytesOf(signature));
    }
    expect(check()).to.equal(true);
  });

  it('given a key of another length, when signing, then it is our bug', () => {
    expect(() => sign(new Uint8Array(64), new Uint8Array())).to.throw(AssertionError);
    expect(() => createSigner(new Uint8Array(31))).to.throw(AssertionError);
    expect(() => publicKeyOf(new Uint8Array())).to.throw(AssertionError);
  });

  it('given fresh keys and nonces, when generated, then they differ', () => {
    expect(toHex(generateSecretKey())).to.not.equal(toHex(generateSecretKey()));
    expect(generateNonce()).to.have.length(16);
    expect(toHex(generateNonce())).to.not.equal(toHex(generateNonce()));
  });
});

describe('core: keys that may be registered', () => {
  it('given ordinary keys, when judged, then they are good (spec D-12)', () => {
    expect(isGoodPublicKey(publicKeyOf(new Uint8Array(32)))).to.equal(true);
    expect(SIGNING_VECTORS.every(({ publicKey }) => isGoodPublicKey(bytesOf(publicKey)))).to.equal(
      true,
    );
  });

  it('given a key with torsion, when judged, then it is not good (spec D-12)', () => {
    const key = bytesOf(MIXED_ORDER_KEY);

    expect(Point.fromBytes(key).isSmallOrder()).to.equal(false);
    expect(isGoodPublicKey(key)).to.equal(false);
  });

  it('given keys with and without torsion, and any bytes, when judged with either implementation, then the answer is the same (spec D-12)', () => {
    const small = Point.fromHex(ORDER_EIGHT);
    const isSame = (bytes: Uint8Array, isGood?: boolean): void => {
      const answers = [native, portable].map((one) => one.isInMainSubgroup(bytes));
      expect(new Set(answers).size, toHex(bytes)).to.equal(1);
      if (isGood !== undefined) expect(answers[0], toHex(bytes)).to.equal(isGood);
    };

    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 7 }), seeds, (seed, times, bytes) => {
        const key = Point.fromBytes(publicKeyOf(seed));
        const torsion = small.multiply(BigInt(times), false);
        isSame(key.toBytes(), true);
        isSame(key.add(torsion).toBytes(), torsion.is0());
        isSame(bytes);
      }),
      { numRuns: 30 },
    );
    for (const hex of [...SMALL_ORDER_ENCODINGS, MIXED_ORDER_KEY, 'ff'.repeat(32)]) {
      isSame(bytesOf(hex), false);
    }
  });

  it('given small-order, non-canonical or foreign bytes, when judged, then none is good', () => {
    const strangers = ['02'.padEnd(64, '0'), '', '00', 'ff'.repeat(32), 'aa'.repeat(33)];

    for (const hex of [...SMALL_ORDER_ENCODINGS, ...strangers]) {
      expect(isGoodPublicKey(bytesOf(hex)), hex).to.equal(false);
    }
  });
});
