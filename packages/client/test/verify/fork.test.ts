/** Fork proofs and recoveries: what stops a chain, and how trust goes on after it. */
import type { Header, RecoveryPlan, SetChange, TrustedSet, ValidatorSet } from '@daybook/core';
import {
  blockHash,
  createSigner,
  encodeCanonical,
  encodeCertificate,
  encodeEvidence,
  encodeForkProof,
  encodeHeader,
  encodeRecovery,
  eraOf,
  evidenceOf,
  proveEvidence,
  recoverySignBytes,
  sign,
  signBytes,
  toHex,
  trustGenesis,
  validatorsHash,
} from '@daybook/core';
import { expect } from 'chai';
import { verifyForkProof } from '../../src/index.ts';
import { followSets, verifyHeader } from '../../src/verify/light-client.ts';
import type { TestChain } from '../fixtures/chain.ts';
import {
  createTestChain,
  FOUNDERS,
  OTHER_HASH,
  START_MS,
  seedOf,
  setOf,
} from '../fixtures/chain.ts';

const NOW = START_MS + 60_000;

interface Sealing {
  readonly names: readonly string[];
  readonly round?: number;
  readonly chain?: Uint8Array;
}

function sealOf(
  header: Pick<Header, 'chain' | 'height'>,
  hash: Header['parentHash'],
  { names, round = 0, chain = header.chain }: Sealing,
  set: ValidatorSet,
): Uint8Array {
  const { height } = header;
  const content = { type: 'commit', height, round, blockHash: hash } as const;
  const message = signBytes(chain as Header['chain'], content);
  const seals = names
    .map((name) => {
      const signer = createSigner(seedOf(name));
      const index = set.findIndex(({ publicKey }) => toHex(publicKey) === toHex(signer.publicKey));
      return { index, signature: signer.sign(message) };
    })
    .sort((a, b) => a.index - b.index);
  return encodeCertificate({
    kind: 'commit',
    height,
    round,
    blockHash: hash,
    validatorCount: set.length,
    signers: seals.map(({ index }) => index),
    signatures: seals.map(({ signature }) => signature),
  });
}

function forked(chain: TestChain, second: Sealing, evidence: readonly Uint8Array[] = []) {
  const { header, certificate } = chain.block(1);
  const set = chain.setAt(1);
  return encodeForkProof({
    genesis: chain.genesis.bytes,
    changes: [],
    first: { certificate, header: encodeHeader(header) },
    second: { certificate: sealOf(header, OTHER_HASH, second, set) },
    evidence,
  });
}

describe('client: fork proofs (spec L-5, C-32)', () => {
  const trustIn = ({ genesis }: TestChain) => ({ chain: genesis.chain, nowMs: NOW });

  it('given two certificates of a quorum in one round, then the fork is proven and who sealed both is accused', () => {
    const chain = createTestChain();
    chain.append([]);

    const verdict = verifyForkProof(forked(chain, { names: ['bb', 'cc', 'dd'] }), trustIn(chain));

    expect(verdict.outcome).to.equal('valid');
    if (verdict.outcome !== 'valid') return;
    // aa, bb, cc sealed the first: two of them the second, too, which is 2Q - n.
    expect(verdict.facts.sealedBoth).to.have.length(2);
    expect(verdict.facts.accused.map(({ kinds }) => kinds)).to.deep.equal([['E3'], ['E3']]);
    expect(verdict.facts.height).to.equal(1);
  });

  it('given certificates of two rounds, then the seals accuse nobody, but evidence inside does', () => {
    const chain = createTestChain();
    chain.append([]);
    const set = chain.setAt(1);
    const key = createSigner(seedOf('bb'));
    const sender = set.findIndex(({ publicKey }) => toHex(publicKey) === toHex(key.publicKey));
    const vote = (content: Parameters<typeof signBytes>[1]) => ({
      content,
      sender,
      signature: key.sign(signBytes(chain.genesis.chain, content)),
    });
    const { header } = chain.block(1);
    const commit = { type: 'commit', height: 1, round: 0, blockHash: blockHash(header) } as const;
    const found = evidenceOf(vote(commit), vote({ type: 'round-change', height: 1, round: 1 }));
    if (found === undefined) throw new Error('amnesia is evidence');
    const payload = encodeCanonical(encodeEvidence(proveEvidence(found, key.publicKey)));

    const proof = forked(chain, { names: ['bb', 'cc', 'dd'], round: 3 }, [payload, payload]);
    const verdict = verifyForkProof(proof, trustIn(chain));

    if (verdict.outcome !== 'valid') throw new Error(JSON.stringify(verdict));
    expect(verdict.facts.accused.map(({ kinds }) => kinds)).to.deep.equal([['E5']]);
  });

  it('given one block twice, too few seals, another chain, or a changed byte, then nothing is proven', () => {
    const chain = createTestChain();
    const { header, certificate } = chain.append([]);
    const whole = { certificate, header: encodeHeader(header) };
    const { bytes: genesis } = chain.genesis;
    const same = encodeForkProof({
      genesis,
      changes: [],
      first: whole,
      second: whole,
      evidence: [],
    });
    const few = forked(chain, { names: ['bb', 'cc'] });
    const foreign = forked(chain, { names: ['bb', 'cc', 'dd'], chain: OTHER_HASH });
    const bent = forked(chain, { names: ['bb', 'cc', 'dd'] });
    bent[bent.length - 20] = (bent[bent.length - 20] ?? 0) ^ 1;

    for (const bytes of [same, few, foreign, bent, new Uint8Array(10)]) {
      expect(verifyForkProof(bytes, trustIn(chain)).outcome).to.equal('invalid');
    }
    const other = { chain: OTHER_HASH, nowMs: NOW };
    const good = forked(chain, { names: ['bb', 'cc', 'dd'] });
    expect(verifyForkProof(good, other).outcome).to.equal('invalid');
    expect(verifyForkProof(good, { nowMs: NOW }).outcome).to.equal('unknown');
  });
});

describe('client: across a recovery (spec C-33, L-10)', () => {
  const NEXT = ['aa', 'bb', 'ee', 'ff'] as const;

  function planOf(chain: TestChain, change: Partial<RecoveryPlan> = {}): RecoveryPlan {
    const { header } = chain.block(1);
    return {
      chain: chain.genesis.chain,
      height: 1,
      blockHash: blockHash(header),
      validators: setOf(NEXT).map((one) => ({ ...one, organisation: 'aa' })),
      reason: 'lost',
      ...change,
    };
  }

  function changeOf(
    chain: TestChain,
    plan: RecoveryPlan,
    names: readonly string[] = NEXT,
  ): SetChange {
    const { header, certificate } = chain.block(1);
    const consents = FOUNDERS.slice(0, 3).map((organisation) => ({
      organisation,
      signature: sign(seedOf(`${organisation}-governance`), recoverySignBytes(plan)),
    }));
    return {
      header: encodeHeader(header),
      certificate,
      validators: setOf(names).map(({ id, publicKey }) => [id, publicKey] as const),
      recovery: encodeCanonical(encodeRecovery({ plan, consents })),
    };
  }

  function headerAfter(chain: TestChain, plan: RecoveryPlan, era: Uint8Array) {
    const { header } = chain.block(1);
    const set = setOf(NEXT);
    const next: Header = {
      ...header,
      height: 2,
      parentHash: plan.blockHash,
      validatorsHash: validatorsHash(set),
      nextValidatorsHash: validatorsHash(set),
    };
    const certificate = sealOf(
      next,
      blockHash(next),
      { names: ['aa', 'ee', 'ff'], chain: era },
      set,
    );
    return { header: encodeHeader(next), certificate };
  }

  function started(): { readonly chain: TestChain; readonly trusted: TrustedSet } {
    const chain = createTestChain();
    chain.append([]);
    return { chain, trusted: trustGenesis(chain.genesis) };
  }

  it('given the plan, then headers of the new set count when they bind the era, and only then', () => {
    const { chain, trusted } = started();
    const plan = planOf(chain);

    const followed = followSets(trusted, [changeOf(chain, plan)]);

    if (!followed.ok) throw new Error(followed.reason.code);
    expect(followed.value.recoveries.map(({ fromHeight }) => fromHeight)).to.deep.equal([2]);
    const inEra = headerAfter(chain, plan, eraOf(plan));
    const inChain = headerAfter(chain, plan, chain.genesis.chain);
    expect(verifyHeader(inEra, followed.value).ok).to.equal(true);
    expect(verifyHeader(inChain, followed.value).ok).to.equal(false);
  });

  it('given a plan of another block, chain or set than the change, then it is not followed', () => {
    const { chain, trusted } = started();
    const cases = [
      changeOf(chain, planOf(chain, { blockHash: OTHER_HASH })),
      changeOf(chain, planOf(chain, { height: 2 })),
      changeOf(chain, planOf(chain, { chain: OTHER_HASH })),
      changeOf(chain, planOf(chain), ['aa', 'bb', 'cc', 'ee']),
      { ...changeOf(chain, planOf(chain)), recovery: new Uint8Array(5) },
    ];

    for (const change of cases) expect(followSets(trusted, [change]).ok).to.equal(false);
  });
});
