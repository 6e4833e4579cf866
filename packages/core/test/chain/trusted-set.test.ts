/** Following the validator sets: each change by the set before it, and nothing else (protocol §17). */
import { expect } from 'chai';
import type { FollowFault, Header, RecoveryPlan, SetChange, TrustedSet } from '../../src/index.ts';
import {
  asHash,
  asPublicKey,
  asValidatorId,
  blockHash,
  buildValidatorSet,
  createSigner,
  encodeCanonical,
  encodeCertificate,
  encodeHeader,
  encodeRecovery,
  eraOf,
  followChange,
  followChanges,
  HEADER_VERSION,
  indexOfKey,
  lastSet,
  quorumOf,
  readSet,
  signBytes,
  validatorIdOf,
  validatorsHash,
  verifyFinalHeader,
  ZERO_HASH,
} from '../../src/index.ts';

const chain = asHash(new Uint8Array(32).fill(0xab));
const signerOf = (seed: number) => createSigner(new Uint8Array(32).fill(seed));
const setOf = (...seeds: readonly number[]) =>
  buildValidatorSet(
    seeds.map((seed) => {
      const publicKey = asPublicKey(signerOf(seed).publicKey);
      return { id: validatorIdOf(publicKey), publicKey };
    }),
  );
const FOUNDERS = [1, 2, 3, 4];
const LATER = [1, 2, 3, 5];
const LAST = [1, 2, 5, 6];
const founders: TrustedSet = {
  chain,
  era: chain,
  validators: setOf(...FOUNDERS),
  from: 1,
  recoveries: [],
};

function headerOf(height: number, own: readonly number[], next = own): Header {
  return {
    version: HEADER_VERSION,
    chain,
    height,
    parentHash: ZERO_HASH,
    timestampMs: 1000 * height,
    proposer: asValidatorId(ZERO_HASH),
    txRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: validatorsHash(setOf(...own)),
    nextValidatorsHash: validatorsHash(setOf(...next)),
  };
}

/** A header with the seals of some of a set. */
function sealed(header: Header, seeds: readonly number[], by = seeds.slice(0, 3), era = chain) {
  const set = setOf(...seeds);
  const { height } = header;
  const content = { type: 'commit', height, round: 0, blockHash: blockHash(header) } as const;
  const seals = by
    .map((seed) => {
      const signer = signerOf(seed);
      const index = indexOfKey(set, asPublicKey(signer.publicKey)) ?? 0;
      return { index, signature: signer.sign(signBytes(era, content)) };
    })
    .sort((a, b) => a.index - b.index);
  const certificate = encodeCertificate({
    kind: 'commit',
    height,
    round: 0,
    blockHash: content.blockHash,
    validatorCount: set.length,
    signers: seals.map(({ index }) => index),
    signatures: seals.map(({ signature }) => signature),
  });
  return { header: encodeHeader(header), certificate };
}

const membersOf = (...seeds: readonly number[]): SetChange['validators'] =>
  setOf(...seeds).map(({ id, publicKey }) => [id, publicKey] as const);

function changeOf(height: number, own: readonly number[], next: readonly number[]): SetChange {
  return { ...sealed(headerOf(height, own, next), own), validators: membersOf(...next) };
}

const kindOf = (result: ReturnType<typeof followChange>): FollowFault['kind'] | 'followed' =>
  result.ok ? 'followed' : result.reason.kind;

describe('core: following validator sets (spec L-1 to L-3)', () => {
  it('spec L-3: given changes in order, then each set is trusted from the height after its change', () => {
    const changes = [changeOf(100, FOUNDERS, LATER), changeOf(200, LATER, LAST)];

    const followed = followChanges(founders, changes);

    if (!followed.ok) return expect.fail(followed.reason.kind);
    expect(followed.value.map(({ from }) => from)).to.deep.equal([1, 101, 201]);
    expect(lastSet(followed.value).validators).to.deep.equal(setOf(...LAST));
    const newest = verifyFinalHeader(sealed(headerOf(250, LAST), LAST), lastSet(followed.value));
    expect(newest.ok && newest.value.signers).to.equal(quorumOf(4).quorum);
  });

  it('given a change left out, then the next one is of another set', () => {
    const followed = followChanges(founders, [changeOf(200, LATER, LAST)]);

    expect(followed.ok).to.equal(false);
    expect(kindOf(followChange(changeOf(200, LATER, LAST), founders))).to.equal(
      'header of another set',
    );
  });

  it('spec L-1: given each part of a header or its seals bent, then it is refused for that', () => {
    const later = { ...founders, from: 100 };
    const header = headerOf(50, FOUNDERS);
    const other = { ...header, chain: asHash(new Uint8Array(32).fill(1)) };
    const good = sealed(header, FOUNDERS);
    const cases: readonly (readonly [ReturnType<typeof verifyFinalHeader>, string])[] = [
      [
        verifyFinalHeader({ ...good, header: good.header.subarray(1) }, founders),
        'header malformed',
      ],
      [
        verifyFinalHeader(sealed({ ...header, version: 9 }, FOUNDERS), founders),
        'header malformed',
      ],
      [verifyFinalHeader(sealed(other, FOUNDERS), founders), 'header of another chain'],
      [verifyFinalHeader(sealed(headerOf(50, LATER), LATER), founders), 'header of another set'],
      [verifyFinalHeader(good, later), 'header of another set'],
      [verifyFinalHeader(sealed(header, FOUNDERS, [1, 2]), founders), 'certificate invalid'],
      [
        verifyFinalHeader(
          sealed(header, FOUNDERS, [1, 2, 3], asHash(new Uint8Array(32))),
          founders,
        ),
        'certificate invalid',
      ],
      [
        verifyFinalHeader({ ...good, certificate: new Uint8Array(3) }, founders),
        'certificate invalid',
      ],
    ];

    expect(verifyFinalHeader(good, founders).ok).to.equal(true);
    for (const [result, kind] of cases) {
      expect(result.ok ? 'final' : result.reason.kind).to.equal(kind);
    }
  });

  it('given members that the header does not name, or no change at all, then nothing is handed on', () => {
    const change = changeOf(100, FOUNDERS, LATER);
    const bent = [
      { ...change, validators: membersOf(...LAST) },
      { ...change, validators: membersOf(...LATER).toReversed() },
      { ...change, validators: [] },
      changeOf(100, FOUNDERS, FOUNDERS),
      { ...change, recovery: new Uint8Array(5) },
    ];

    for (const one of bent) {
      expect(kindOf(followChange(one, founders))).to.equal('next set not named');
    }
    expect(readSet(membersOf(...LATER))).to.deep.equal(setOf(...LATER));
  });

  it('spec L-10: given a recovery of this very block, then votes bind its era and it is told', () => {
    const header = headerOf(70, FOUNDERS);
    const plan: RecoveryPlan = {
      chain,
      height: 70,
      blockHash: blockHash(header),
      validators: setOf(...LAST).map((one) => ({ ...one, organisation: 'finance' })),
      reason: 'two houses burnt down',
    };
    const changeBy = (by: RecoveryPlan): SetChange => ({
      ...sealed(header, FOUNDERS),
      validators: membersOf(...LAST),
      recovery: encodeCanonical(encodeRecovery({ plan: by, consents: [] })),
    });

    const followed = followChange(changeBy(plan), founders);

    if (!followed.ok) return expect.fail(followed.reason.kind);
    const era = eraOf(plan);
    expect(followed.value.recoveries).to.deep.equal([{ era, fromHeight: 71, reason: plan.reason }]);
    const next = headerOf(71, LAST);
    const inEra = verifyFinalHeader(sealed(next, LAST, [1, 2, 5], era), followed.value);
    const inChain = verifyFinalHeader(sealed(next, LAST, [1, 2, 5]), followed.value);
    expect([inEra.ok, inChain.ok]).to.deep.equal([true, false]);
    for (const other of [
      { ...plan, height: 71 },
      { ...plan, blockHash: ZERO_HASH },
    ]) {
      expect(kindOf(followChange(changeBy(other), founders))).to.equal('next set not named');
    }
  });
});
