import type { UnsignedPrePrepare } from '@daybook/core';
import {
  asHash,
  asSignature,
  buildValidatorSet,
  createSigner,
  encodeUtf8,
  sha256,
  signBytes,
  validatorIdOf,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import { isJustificationSound } from '../src/authenticator.ts';

const CHAIN = asHash(sha256(encodeUtf8('authenticator')));
const HEIGHT = 5;
const ROUND = 2;

/** Four validators in the order of the set, with what they sign with. */
function createValidators() {
  const signers = [1, 2, 3, 4].map((seed) => createSigner(new Uint8Array(32).fill(seed)));
  const validators = buildValidatorSet(
    signers.map(({ publicKey }) => ({ id: validatorIdOf(publicKey), publicKey })),
  );
  const ordered = validators.map(({ publicKey }) => {
    const signer = signers.find((one) => String(one.publicKey) === String(publicKey));
    if (signer === undefined) throw new Error('every validator has a signer');
    return signer;
  });
  return { validators, signers: ordered };
}

const { validators, signers } = createValidators();
const authority = { chain: CHAIN, validators };

function justificationOf(round: number) {
  const content = { type: 'round-change', height: HEIGHT, round } as const;
  const entries = signers.slice(0, 3).map((signer, sender) => ({
    sender,
    signature: asSignature(signer.sign(signBytes(CHAIN, content))),
  }));
  return { entries };
}

const CONTENT: UnsignedPrePrepare = {
  type: 'pre-prepare',
  height: HEIGHT,
  round: ROUND,
  blockHash: ZERO_HASH,
  justificationHash: ZERO_HASH,
};

describe('authenticator: justification of a proposal (spec §7)', () => {
  it('given round changes signed for the round of a pre-prepare, when judged by its content, then they are sound', () => {
    expect(isJustificationSound(justificationOf(ROUND), CONTENT, authority)).to.equal(true);
  });

  it('given round changes signed for another round, when judged, then they are not sound', () => {
    expect(isJustificationSound(justificationOf(ROUND - 1), CONTENT, authority)).to.equal(false);
  });

  it('given a round change with the signature of another validator, when judged, then it is not sound', () => {
    const { entries } = justificationOf(ROUND);
    const [first, second, third] = entries;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three');
    const forged = { entries: [{ ...first, signature: second.signature }, second, third] };

    expect(isJustificationSound(forged, CONTENT, authority)).to.equal(false);
  });

  it('given a round change that is there many times, when judged, then it is not sound, and no signature is verified', () => {
    const [first] = justificationOf(ROUND).entries;
    if (first === undefined) throw new Error('one');
    let looked = 0;
    const watched = validators.map((validator) => ({
      id: validator.id,
      get publicKey() {
        looked += 1;
        return validator.publicKey;
      },
    }));
    const many = { entries: Array.from({ length: 30 }, () => first) };

    const isSound = isJustificationSound(many, CONTENT, { chain: CHAIN, validators: watched });

    expect([isSound, looked]).to.deep.equal([false, 0]);
  });
});
