/** The check of seals after a fault (I2) refuses what a node could show by mistake or by intent. */
import type { Certificate } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  buildValidatorSet,
  encodeCertificate,
  publicKeyOf,
  sha256,
  sign,
  signBytes,
  toHex,
  validatorIdOf,
} from '@daybook/core';
import { expect } from 'chai';
import { sealsOf } from './faults/seals.ts';

const chain = asHash(sha256(Uint8Array.of(1)));
const blockHash = asHash(sha256(Uint8Array.of(2)));
const height = 7;
const secrets = new Map(
  [1, 2, 3, 4].map((seed) => {
    const secret = new Uint8Array(32).fill(seed);
    return [toHex(validatorIdOf(asPublicKey(publicKeyOf(secret)))), secret] as const;
  }),
);
const validators = buildValidatorSet(
  [...secrets.values()].map((secret) => {
    const publicKey = asPublicKey(publicKeyOf(secret));
    return { id: validatorIdOf(publicKey), publicKey };
  }),
);
const expected = { chain, height, blockHash: toHex(blockHash), validators };

function sealed(signers: readonly number[], other: Partial<Certificate> = {}): string {
  const slot = { type: 'commit', height, round: 0, blockHash } as const;
  const message = signBytes(chain, slot);
  const signatures = signers.map((signer) => {
    const secret = secrets.get(toHex(validators[signer]?.id ?? chain));
    return sign(secret ?? new Uint8Array(32), message);
  });
  const fields = { kind: 'commit', height, round: 0, blockHash, validatorCount: 4 } as const;
  return toHex(encodeCertificate({ ...fields, signers, signatures, ...other }));
}

describe('faults: the check of seals', () => {
  it('given the seals of a quorum, then the certificate is told', () => {
    expect(sealsOf(sealed([0, 2, 3]), expected).signers).to.deep.equal([0, 2, 3]);
  });

  for (const [title, bytes] of [
    ['one seal too few', sealed([0, 2])],
    ['another round than was signed', sealed([0, 1, 2], { round: 1 })],
    ['another block', sealed([0, 1, 2], { blockHash: chain })],
    ['another height', sealed([0, 1, 2], { height: 8 })],
    ['PREPAREs', sealed([0, 1, 2], { kind: 'prepare' })],
    ['a set of another size', sealed([0, 1, 2], { validatorCount: 5 })],
    ['bytes that are none', 'ff00'],
  ] as const) {
    it(`given ${title}, then I2 is broken`, () => {
      expect(() => sealsOf(bytes, expected)).to.throw(/^I2: 7: /);
    });
  }

  it('given seals of another set, then I2 is broken', () => {
    const keys = [...validators].reverse();
    const others = validators.map((one, index) => ({ ...one, ...keys[index], id: one.id }));
    expect(() => sealsOf(sealed([0, 1, 2]), { ...expected, validators: others })).to.throw(/I2/);
  });
});
