/** Evidence as a proof: the six kinds, one form, and nothing that a key did not sign for this chain. */
import type { EvidenceProof, Signed, Unsigned } from '@daybook/core';
import {
  asHash,
  encodeCanonical,
  encodeEvidence,
  evidenceOf,
  proveEvidence,
  publicKeyOf,
  readEvidence,
  sha256,
  sign,
  signBytes,
  verifyEvidence,
} from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';

const SECRET = sha256(new Uint8Array([1]));
const KEY = publicKeyOf(SECRET);
const CHAIN = asHash(sha256(new Uint8Array([2])));
const OTHER_CHAIN = asHash(sha256(new Uint8Array([3])));
const A = asHash(sha256(new Uint8Array([4])));
const B = asHash(sha256(new Uint8Array([5])));
const HEIGHT = 7;

function signed(content: Unsigned, secret = SECRET, chain = CHAIN): Signed<Unsigned> {
  return { content, sender: 2, signature: sign(secret, signBytes(chain, content)) };
}

const at = (round: number) => ({ height: HEIGHT, round });
const proposal = (round: number, blockHash = A, justificationHash = B): Unsigned => ({
  type: 'pre-prepare',
  ...at(round),
  blockHash,
  justificationHash,
});
const prepare = (round: number, blockHash = A): Unsigned => ({
  type: 'prepare',
  ...at(round),
  blockHash,
});
const commit = (round: number, blockHash = A): Unsigned => ({
  type: 'commit',
  ...at(round),
  blockHash,
});
const roundChange = (round: number, preparedRound?: number, blockHash = A): Unsigned => ({
  type: 'round-change',
  ...at(round),
  ...(preparedRound !== undefined && { prepared: { round: preparedRound, blockHash } }),
});

const KINDS: readonly (readonly [kind: string, one: Unsigned, other: Unsigned])[] = [
  ['E1', proposal(1, A), proposal(1, B)],
  ['E1', proposal(1, A, A), proposal(1, A, B)],
  ['E2', prepare(0, A), prepare(0, B)],
  ['E3', commit(0, A), commit(0, B)],
  ['E4', roundChange(2), roundChange(2, 1)],
  ['E5', commit(0), roundChange(1)],
  ['E6', commit(3), roundChange(4, 3, B)],
  ['E6', roundChange(4, 3), roundChange(5, 2)],
];

function proofOf(one: Unsigned, other: Unsigned): EvidenceProof {
  const evidence = evidenceOf(signed(one), signed(other));
  if (evidence === undefined) throw new Error('the two contradict each other');
  return proveEvidence(evidence, KEY);
}

function codeOf(payload: ReturnType<typeof encodeEvidence>, chain = CHAIN): string {
  const read = readEvidence(payload);
  if (!read.ok) return read.reason.code;
  const verified = verifyEvidence(read.value, chain);
  return verified.ok ? verified.value : verified.reason.code;
}

describe('core: evidence (spec X-15)', () => {
  for (const [kind, one, other] of KINDS) {
    it(`spec ${kind}: given ${one.type} and ${other.type}, then the proof holds, and is one whoever found it`, () => {
      const proof = proofOf(one, other);

      expect(codeOf(encodeEvidence(proof))).to.equal(kind);
      expect(encodeCanonical(encodeEvidence(proofOf(other, one)))).to.deep.equal(
        encodeCanonical(encodeEvidence(proof)),
      );
    });
  }

  it('given another chain or another key, then the signatures do not hold', () => {
    const proof = proofOf(prepare(0, A), prepare(0, B));

    expect(codeOf(encodeEvidence(proof), OTHER_CHAIN)).to.equal('CORE_EVIDENCE_SIGNATURE');
    const stolen = { ...proof, publicKey: publicKeyOf(sha256(new Uint8Array([9]))) };
    expect(codeOf(encodeEvidence(stolen))).to.equal('CORE_EVIDENCE_SIGNATURE');
  });

  it('given a message of another validator as the second, then it is refused', () => {
    const evidence = evidenceOf(
      signed(commit(0, A)),
      signed(commit(0, B), sha256(new Uint8Array([9]))),
    );
    if (evidence === undefined) throw new Error('the two contradict each other');

    expect(codeOf(encodeEvidence(proveEvidence(evidence, KEY)))).to.equal(
      'CORE_EVIDENCE_SIGNATURE',
    );
  });

  it('given two messages that agree, then the proof is harmless', () => {
    const [first, second] = [signed(commit(0)), signed(roundChange(1, 0))];
    const proof = { publicKey: KEY, height: HEIGHT, first, second };

    expect(codeOf(encodeEvidence(proof))).to.equal('CORE_EVIDENCE_HARMLESS');
  });

  it('given the messages in the other order, or one twice, then malformed', () => {
    const proof = proofOf(prepare(0, A), prepare(0, B));

    const turned = { ...proof, first: proof.second, second: proof.first };
    expect(codeOf(encodeEvidence(turned))).to.equal('CORE_EVIDENCE_MALFORMED');
    const twice = { ...proof, second: proof.first };
    expect(codeOf(encodeEvidence(twice))).to.equal('CORE_EVIDENCE_MALFORMED');
  });

  it('given fields out of bounds, then malformed', () => {
    const proof = proofOf(roundChange(4, 3), roundChange(5, 2));
    const payload = encodeEvidence(proof) as readonly unknown[];
    const [key, height, first, second] = payload as [Uint8Array, number, unknown[], unknown[]];
    const bad: readonly unknown[] = [
      'x',
      [key, height, first],
      [key.subarray(1), height, first, second],
      [key, 0, first, second],
      [key, height, first.with(1, -1), second],
      [key, height, first.with(1, 2 ** 31), second],
      [key, height, first.with(0, 9), second],
      // The lock of a ROUND-CHANGE is from a lower round.
      [key, height, first.with(3, 4), second],
      [key, height, first.with(2, null), second],
      [key, height, first.with(4, new Uint8Array(63)), second],
    ];

    for (const one of bad) expect(codeOf(one as never)).to.equal('CORE_EVIDENCE_MALFORMED');
  });

  it('given any change of one byte, then it is evidence no more', () => {
    const proof = proofOf(commit(0, A), commit(0, B));
    const [first, second] = [proof.first.signature, proof.second.signature];
    fc.assert(
      fc.property(fc.nat({ max: 63 }), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const broken = first.map((byte, place) => (place === index ? byte ^ flip : byte));
        const forged = { ...proof, first: { ...proof.first, signature: broken as never } };
        expect(codeOf(encodeEvidence(forged))).to.equal('CORE_EVIDENCE_SIGNATURE');
      }),
      { numRuns: 40 },
    );
    expect(second).to.have.length(64);
  });
});
