/** Trust that rests on witnesses: which policies make sense, and what they accept (spec L-16). */
import { expect } from 'chai';
import fc from 'fast-check';
import type { NoteSignature, Signer } from '../../src/index.ts';
import {
  asHash,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  encodeNote,
  encodeNoteKey,
  encodeTreeHead,
  encodeUtf8,
  explainCheckpoint,
  readWitnessPolicy,
  signNote,
  TRUST_PERIOD_MS,
  verifyWitnessed,
  WITNESS_AHEAD_MS,
} from '../../src/index.ts';

const NOW_MS = 1_900_000_000_000;
const NOW_S = NOW_MS / 1000;
const origin = checkpointOriginOf(asHash(new Uint8Array(32).fill(0xab)));
const head = { origin, size: 42, root: asHash(new Uint8Array(32).fill(5)) };
const text = encodeTreeHead(head);
const signerOf = (seed: number): Signer => createSigner(new Uint8Array(32).fill(seed));
const witnesses = [11, 12, 13].map((seed) => ({
  name: `witness.example/w${seed}`,
  signer: signerOf(seed),
}));
const keys = witnesses.map(({ name, signer: { publicKey } }) =>
  encodeNoteKey({ name, type: 'cosignature', publicKey }),
);

const cosigned = (index: number, timeS = NOW_S): NoteSignature => {
  const witness = witnesses[index];
  if (witness === undefined) return expect.fail('there is such a witness');
  return cosignNote({ text, timeS }, witness.name, witness.signer);
};
const noteOf = (signatures: readonly NoteSignature[], of = text): Uint8Array =>
  encodeUtf8(encodeNote({ text: of, signatures }));

function verify(note: Uint8Array, needed: number, nowMs = NOW_MS) {
  const policy = readWitnessPolicy(keys, needed);
  if (!policy.ok) return expect.fail(explainCheckpoint(policy.reason));
  return verifyWitnessed(note, origin, { policy: policy.value, nowMs });
}

function codeOf(found: ReturnType<typeof verify>): string {
  return found.ok ? 'ok' : found.reason.code;
}

describe('core: trust that rests on witnesses (spec L-16)', () => {
  it('given numbers and keys, then a policy asks for one at least and for all at most', () => {
    const [first = '', second = ''] = keys;
    const { publicKey } = signerOf(11);
    const other = encodeNoteKey({ name: 'other.example/w', type: 'cosignature', publicKey });
    const plain = encodeNoteKey({ name: 'plain.example/w', type: 'ed25519', publicKey });
    const codeOfPolicy = (texts: readonly string[], needed: number): string => {
      const policy = readWitnessPolicy(texts, needed);
      return policy.ok ? 'ok' : policy.reason.code;
    };

    expect([1, 2, 3].map((needed) => codeOfPolicy(keys, needed))).to.deep.equal(['ok', 'ok', 'ok']);
    for (const [texts, needed] of [
      [keys, 0],
      [keys, 4],
      [keys, 1.5],
      [[], 0],
      [[first, second, first], 2],
      [[first, other], 2],
      [[plain], 1],
    ] as const) {
      expect(codeOfPolicy(texts, needed), String(texts)).to.equal('CORE_WITNESS_POLICY_INVALID');
    }
    expect(codeOfPolicy(['no key'], 1)).to.equal('CORE_NOTE_KEY_MALFORMED');
  });

  it('given two of three, then two suffice for two and not for three, and one twice is one', () => {
    const both = noteOf([cosigned(0), cosigned(2, NOW_S - 60)]);
    const verified = verify(both, 2);

    expect(verified.ok && verified.value.head).to.deep.equal(head);
    expect(verified.ok && verified.value.vouchedMs).to.equal(NOW_MS - 60_000);
    expect(verify(both, 3)).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_CHECKPOINT_WITNESSES', cosigners: 2, needed: 3 },
    });
    const twice = noteOf([cosigned(0), cosigned(0, NOW_S - 1)]);
    expect(codeOf(verify(twice, 2))).to.equal('CORE_CHECKPOINT_WITNESSES');
  });

  it('given validators that sign and no witness, then it is not vouched for', () => {
    const line = signNote(text, origin, signerOf(1));

    expect(codeOf(verify(noteOf([line]), 1))).to.equal('CORE_CHECKPOINT_WITNESSES');
  });

  it('given times at the limits, then a line counts within them and not one past', () => {
    const limits = [TRUST_PERIOD_MS, -WITNESS_AHEAD_MS];
    const codeAt = (ageMs: number) => codeOf(verify(noteOf([cosigned(0)]), 1, NOW_MS + ageMs));

    expect(limits.map(codeAt)).to.deep.equal(['ok', 'ok']);
    expect([codeAt(TRUST_PERIOD_MS + 1), codeAt(-WITNESS_AHEAD_MS - 1)]).to.deep.equal([
      'CORE_CHECKPOINT_STALE',
      'CORE_CHECKPOINT_STALE',
    ]);
    expect(codeOf(verify(noteOf([cosigned(0), cosigned(1, 9)]), 2))).to.equal(
      'CORE_CHECKPOINT_STALE',
    );
  });

  it('given another chain, a forged line, or any bent byte, then it is never accepted as another', () => {
    const note = noteOf([cosigned(0), cosigned(1)]);
    const foreign = text.replace('ab', 'cd');
    const policy = readWitnessPolicy(keys, 2);
    if (!policy.ok) return expect.fail('the policy holds');

    expect(codeOf(verify(noteOf([cosigned(0)], foreign), 1))).to.equal('CORE_CHECKPOINT_FOREIGN');
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const bent = Uint8Array.from(note);
        bent[at] = (bent[at] ?? 0) ^ bits;
        return !verifyWitnessed(bent, origin, { policy: policy.value, nowMs: NOW_MS }).ok;
      }),
      { numRuns: 60 },
    );
  });
});
