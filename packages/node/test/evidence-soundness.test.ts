/**
 * Soundness of evidence (protocol §16): whatever a validator is asked to sign, in whatever order and
 * with whatever restarts, no two of the messages its guard lets out prove anything against it.
 */
import type { Certificate, Unsigned } from '@daybook/core';
import {
  asHash,
  asSignature,
  encodeCertificate,
  evidenceOf,
  publicKeyOf,
  sha256,
  signBytes,
  validatorIdOf,
} from '@daybook/core';
import type { Lock, SigningRequest } from '@daybook/state';
import { createMemoryDisk, createVoteLog, openVoteSigner, parseSignBytes } from '@daybook/state';
import { expect } from 'chai';
import fc from 'fast-check';

const CHAIN = asHash(sha256(Uint8Array.of(1)));
const SECRET = sha256(Uint8Array.of(2));
const PUBLIC_KEY = publicKeyOf(SECRET);
const HASHES = [3, 4, 5].map((byte) => asHash(sha256(Uint8Array.of(byte))));
const OPTIONS = {
  directory: '/votes',
  chain: CHAIN,
  validatorId: validatorIdOf(PUBLIC_KEY),
  secretKey: SECRET,
};

const hash = fc.constantFrom(...HASHES);
const slot = fc.record({ height: fc.integer({ min: 1, max: 3 }), round: fc.nat({ max: 5 }) });
const wish: fc.Arbitrary<Unsigned> = fc.oneof(
  fc.tuple(slot, hash, hash).map(([at, blockHash, justificationHash]): Unsigned => {
    return { type: 'pre-prepare', ...at, blockHash, justificationHash };
  }),
  fc.tuple(slot, hash).map(([at, blockHash]): Unsigned => ({ type: 'prepare', ...at, blockHash })),
  fc.tuple(slot, hash).map(([at, blockHash]): Unsigned => ({ type: 'commit', ...at, blockHash })),
  fc.tuple(slot, fc.option(fc.tuple(fc.nat({ max: 4 }), hash))).map(([at, lock]): Unsigned => {
    const round = at.round + 1;
    if (lock === null || lock[0] >= round) return { type: 'round-change', ...at, round };
    const prepared = { round: lock[0], blockHash: lock[1] };
    return { type: 'round-change', ...at, round, prepared };
  }),
);
const deed = fc.oneof(
  { weight: 12, arbitrary: wish.map((content) => ({ content, restart: false })) },
  { weight: 1, arbitrary: fc.constant({ content: undefined, restart: true }) },
);

/** The lock that goes with a COMMIT; its certificate is the peers' affair, not the guard's. */
function lockFor(content: Unsigned): { readonly lock?: Lock } {
  if (content.type !== 'commit') return {};
  const { height, round, blockHash } = content;
  const certificate: Certificate = {
    kind: 'prepare',
    height,
    round,
    blockHash,
    validatorCount: 1,
    signers: [],
    signatures: [],
  };
  return { lock: { height, round, blockHash, certificate: encodeCertificate(certificate) } };
}

function requestOf(content: Unsigned): SigningRequest {
  const attachment = new Uint8Array();
  return { signBytes: signBytes(CHAIN, content), attachment, ...lockFor(content) };
}

/** How much is signed and found is chance; of this seed it is known. */
const SEED = 1;

interface Deed {
  readonly content: Unsigned | undefined;
  readonly restart: boolean;
}

/** Everything that a guard lets out, read from the bytes that left and not from what was wished. */
async function signedIn(deeds: readonly Deed[]): Promise<readonly Unsigned[]> {
  const disk = createMemoryDisk();
  await createVoteLog(OPTIONS, { disk });
  const parts = { disk, freeFraction: () => 1 };
  let { signer } = await openVoteSigner(OPTIONS, parts);
  const signed: Unsigned[] = [];
  for (const { content, restart } of deeds) {
    if (restart) {
      await signer.close();
      ({ signer } = await openVoteSigner(OPTIONS, parts));
    }
    const answer = content && (await signer.sign(requestOf(content)));
    const parsed = answer?.ok === true ? parseSignBytes(answer.value.signBytes) : undefined;
    if (parsed?.ok === true) signed.push(parsed.value.content);
  }
  await signer.close();
  return signed;
}

/** Pairs that prove something. */
function evidenceIn(contents: readonly Unsigned[]): readonly unknown[] {
  const signature = asSignature(new Uint8Array(64));
  const messages = contents.map((content) => ({ content, sender: 0, signature }));
  return messages.flatMap((one, index) =>
    messages.slice(0, index).flatMap((other) => evidenceOf(one, other) ?? []),
  );
}

describe('evidence: soundness (spec X-15)', () => {
  it('spec G1 G2 G3: given any wishes and restarts, then no two signed messages are evidence', async () => {
    let signedCount = 0;
    const deeds = fc.array(deed, { minLength: 5, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(deeds, async (wishes) => {
        const signed = await signedIn(wishes);
        signedCount += signed.length;
        expect(evidenceIn(signed)).to.deep.equal([]);
      }),
      { numRuns: 120, seed: SEED },
    );
    // The property is about messages that were let out: there must be many.
    expect(signedCount).to.be.above(200);
  });

  it('given the same wishes without a guard, then evidence is found, so the search is not blind', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(wish, { minLength: 20, maxLength: 60 }), (wishes) => {
        found += evidenceIn(wishes).length;
      }),
      { numRuns: 50, seed: SEED },
    );
    expect(found).to.be.above(100);
  });
});
