import { recordKeyOf } from '@daybook/contracts';
import type { CborValue, ProofBundle, RecordKey } from '@daybook/core';
import {
  assert,
  blockHash,
  createSigner,
  decodeCanonical,
  decodeProofBundle,
  encodeCanonical,
  encodeHeader,
  encodeProofBundle,
  TRUST_PERIOD_MS,
  toHex,
} from '@daybook/core';
import { expect } from 'chai';
import type { Verdict } from '../../src/index.ts';
import {
  describeFacts,
  explainVerdict,
  readCheckpoint,
  signAs,
  verifyProofBundle,
} from '../../src/index.ts';
import { boxes } from '../fixtures/boxes.ts';
import type { TestChain } from '../fixtures/chain.ts';
import { createTestChain, OTHER_HASH, OTHER_KEY, START_MS, seedOf } from '../fixtures/chain.ts';

const NOW_MS = START_MS + 60_000;
const giver = createSigner(seedOf('giver'));

function giftKey(chain: TestChain, box: string, publisher: string): RecordKey {
  const contract = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name);
  const spec = contract?.records.gift;
  assert(spec !== undefined, 'the fixture has gifts');
  const key = recordKeyOf(spec, { box, publisher });
  assert(key.ok, 'the key of the fixture is good');
  return key.value;
}

function give(chain: TestChain, box: string, publisher: string): Uint8Array {
  const amount = { minor: 123_456n, currency: 'GBP' };
  const call = { contract: 'boxes', action: 'give', args: { box, publisher, amount } };
  const validUntilMs = NOW_MS;
  return signAs([{ signer: giver }], { chain: chain.genesis.chain, calls: [call], validUntilMs })
    .bytes;
}

/** Two boxes, twenty-one gifts in block 1, and two empty blocks. */
function chainWithGifts(): TestChain {
  const chain = createTestChain();
  const wires = Array.from({ length: 20 }, (_, index) => give(chain, 'north', `giver-${index}`));
  chain.append([...wires, give(chain, 'south', 'giver-0')]);
  chain.append([]);
  chain.append([]);
  return chain;
}

/** As `chainWithGifts`, then dd leaves for ee at 4 and aa for ff at 6. */
function chainWithChanges(): TestChain {
  const chain = chainWithGifts();
  chain.append([], ['aa', 'bb', 'cc', 'ee']);
  chain.append([]);
  chain.append([], ['bb', 'cc', 'ee', 'ff']);
  chain.append([]);
  return chain;
}

/** Opens a bundle, bends it, and closes it again with a good digest. */
function bent(bytes: Uint8Array, bend: (bundle: ProofBundle) => Partial<ProofBundle>): Uint8Array {
  const bundle = decodeProofBundle(bytes);
  assert(bundle.ok, 'the bundle of the fixture decodes');
  return encodeProofBundle({ ...bundle.value, ...bend(bundle.value) });
}

function reasonOf(verdict: Verdict): string {
  return verdict.outcome === 'valid' ? 'valid' : verdict.reason.code;
}

describe('client: proof bundle', () => {
  const chain = chainWithGifts();
  const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };
  const good = chain.bundle(giftKey(chain, 'north', 'giver-7'), 3);

  it('given a record and the right chain id, then it is valid and says what and by whom (spec L-6, L-8)', () => {
    const verdict = verifyProofBundle(good, trust);

    expect(verdict.outcome).to.equal('valid');
    assert(verdict.outcome === 'valid', 'checked above');
    const { facts } = verdict;
    expect(facts.stored?.fields.amount).to.deep.equal({ minor: '123456', currency: 'GBP' });
    expect(facts.stored?.stamp).to.include({ height: 1, txIndex: 7 });
    expect(facts.record.key).to.deep.equal({ box: 'north', publisher: 'giver-7' });
    expect(facts.block.header.height).to.equal(3);
    expect(facts.seals).to.deep.equal({ validators: 4, signers: 3, quorum: 3 });
  });

  it('given a valid bundle, then its facts read in both languages', () => {
    const verdict = verifyProofBundle(good, trust);
    assert(verdict.outcome === 'valid', 'the bundle is valid');

    const en = describeFacts(verdict.facts).map(({ title, text }) => `${title}: ${text}`);
    const zh = describeFacts(verdict.facts, 'zh').map(({ title, text }) => `${title}: ${text}`);

    expect(en).to.include.members(['Box: north', 'Amount: 1,234.56 GBP']);
    expect(zh).to.include.members(['捐款箱: north', '金额: 1,234.56 GBP']);
    expect(en.join()).to.contain('3 of 4 validators');
  });

  it('given a record that does not exist, then its absence is proven', () => {
    const bytes = chain.bundle(giftKey(chain, 'north', 'nobody'), 3);

    const verdict = verifyProofBundle(bytes, trust);

    expect(verdict.outcome).to.equal('valid');
    expect(verdict.outcome === 'valid' && verdict.facts.value).to.equal(undefined);
  });

  for (const [what, box, publisher] of [
    ['a record', 'north', 'giver-7'],
    ['an absence', 'north', 'nobody'],
  ] as const) {
    it(`given any single byte of the file of ${what} changed, then it is invalid (spec L-8)`, () => {
      const bytes = chain.bundle(giftKey(chain, box, publisher), 3);

      for (const index of bytes.keys()) {
        const changed = Uint8Array.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));

        expect(verifyProofBundle(changed, trust).outcome, `byte ${index}`).to.equal('invalid');
      }
    });
  }

  it('given a file cut or lengthened anywhere, then it is invalid', () => {
    for (let size = 0; size < good.length; size += 97) {
      expect(verifyProofBundle(good.subarray(0, size), trust).outcome).to.equal('invalid');
    }
    expect(verifyProofBundle(Uint8Array.of(...good, 0), trust).outcome).to.equal('invalid');
  });

  it('given no trusted chain, then nobody can tell, and the facts are shown all the same (spec L-9)', () => {
    const verdict = verifyProofBundle(good, { nowMs: NOW_MS });

    expect(verdict.outcome).to.equal('unknown');
    expect(reasonOf(verdict)).to.equal('CLIENT_TRUST_MISSING');
    expect(explainVerdict(verdict).join(' ')).to.contain(toHex(chain.genesis.chain));
    expect(verdict.outcome === 'unknown' && verdict.facts.record.spec.name).to.equal('gift');
  });

  it('given a bundle of another chain, then it is invalid', () => {
    const verdict = verifyProofBundle(good, { chain: OTHER_HASH, nowMs: NOW_MS });

    expect(reasonOf(verdict)).to.equal('CLIENT_CHAIN_FOREIGN');
  });

  it('given a block of the future, then nobody can tell: a clock may be wrong (spec L-1)', () => {
    const verdict = verifyProofBundle(good, { ...trust, nowMs: START_MS });

    expect(reasonOf(verdict)).to.equal('CLIENT_TIME_AHEAD');
    expect(verdict.outcome).to.equal('unknown');
  });

  it('given another value with a good digest, then the record is unproven', () => {
    const other = chain.claim(giftKey(chain, 'north', 'giver-8'), 3);
    const bytes = bent(good, ({ record }) => ({
      record: { ...record, value: other.value ?? record.proof },
    }));

    expect(reasonOf(verifyProofBundle(bytes, trust))).to.equal('CLIENT_RECORD_UNPROVEN');
  });

  it('given a present record claimed to be absent, or the reverse, then it is unproven', () => {
    const hidden = bent(good, ({ record: { recordKey, proof } }) => ({
      record: { recordKey, proof },
    }));
    const absent = chain.bundle(giftKey(chain, 'north', 'nobody'), 3);
    const made = bent(absent, ({ record, schema }) => ({ record: { ...record, value: schema } }));

    expect(reasonOf(verifyProofBundle(hidden, trust))).to.equal('CLIENT_RECORD_UNPROVEN');
    expect(reasonOf(verifyProofBundle(made, trust))).to.equal('CLIENT_RECORD_UNPROVEN');
  });

  it('given the absence of a key in a partition it does not belong to, then it is unproven', () => {
    const { partition } = giftKey(chain, 'south', 'giver-7');
    const key = { ...giftKey(chain, 'north', 'giver-7'), ...(partition && { partition }) };

    const verdict = verifyProofBundle(chain.bundle(key, 3), trust);

    expect(reasonOf(verdict)).to.equal('CLIENT_RECORD_UNPROVEN');
  });

  it('given the hash of the words from another record, then they are unproven', () => {
    const bytes = bent(good, ({ record }) => ({ schemaRecord: record }));

    expect(reasonOf(verifyProofBundle(bytes, trust))).to.equal('CLIENT_SCHEMA_UNPROVEN');
  });

  it('given the seals of another block, or fewer than a quorum, then the header is not final', () => {
    const { header, certificate } = chain.block(2);
    const set = chain.setAt(3);
    const two = chain.seal(chain.block(3).header, ['aa', 'bb'], set);

    const other = bent(good, () => ({ certificate }));
    const few = bent(good, () => ({ certificate: two }));

    expect(header.height).to.equal(2);
    for (const bytes of [other, few]) {
      expect(reasonOf(verifyProofBundle(bytes, trust))).to.equal('CLIENT_CERTIFICATE_INVALID');
    }
  });

  it('given a header altered and sealed again by one validator, then it is invalid', () => {
    const header = { ...chain.block(3).header, stateRoot: OTHER_HASH };
    const certificate = chain.seal(header, ['aa'], chain.setAt(3));
    const bytes = bent(good, () => ({ header: encodeHeader(header), certificate }));

    expect(reasonOf(verifyProofBundle(bytes, trust))).to.equal('CLIENT_CERTIFICATE_INVALID');
  });

  it('given a founding document with wrong or missing parts, then it is invalid', () => {
    const bundle = decodeProofBundle(good);
    assert(bundle.ok, 'the bundle of the fixture decodes');
    const document = decodeCanonical(bundle.value.genesis, { bytesMax: 1_000_000, depthMax: 9 });
    assert(document.ok, 'the genesis of the fixture decodes');
    const fields = document.value as Readonly<Record<string, CborValue>>;
    const [first = null] = fields.validators as readonly CborValue[];
    const documents: readonly CborValue[] = [
      { ...fields, validators: [], developmentMode: true },
      { ...fields, validators: [first, first, first, first] },
      { ...fields, validators: null },
      { ...fields, parameters: {} },
      { ...fields, surprise: 1 },
      [],
      'genesis',
    ];

    for (const [index, one] of documents.entries()) {
      const bytes = bent(good, () => ({ genesis: encodeCanonical(one) }));
      const verdict = verifyProofBundle(bytes, { nowMs: NOW_MS });
      expect(reasonOf(verdict), `document ${index}`).to.equal('CLIENT_GENESIS_INVALID');
    }
  });

  it('given random bytes of any kind, then the verdict is invalid and nothing is thrown', () => {
    for (let size = 0; size < 400; size += 7) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 37 + size) % 256);
      expect(verifyProofBundle(bytes, trust).outcome).to.equal('invalid');
    }
  });
});

describe('client: proof bundle across changes of the set', () => {
  const chain = chainWithChanges();
  const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };
  const key = giftKey(chain, 'north', 'giver-3');
  const good = chain.bundle(key, 7);

  it('given two changes, then each is followed in order (spec L-3)', () => {
    const verdict = verifyProofBundle(good, trust);

    expect(verdict.outcome).to.equal('valid');
    expect(verdict.outcome === 'valid' && verdict.facts.setChanges).to.equal(2);
  });

  it('given a change left out, swapped or doubled, then the chain of sets does not hold', () => {
    const without = bent(good, ({ changes }) => ({ changes: changes.slice(1) }));
    const swapped = bent(good, ({ changes }) => ({ changes: changes.toReversed() }));
    const doubled = bent(good, ({ changes }) => ({ changes: [...changes, ...changes.slice(1)] }));

    for (const bytes of [without, swapped, doubled]) {
      expect(verifyProofBundle(bytes, trust).outcome).to.equal('invalid');
    }
  });

  it('given a next set with a stranger in it, then it is not the one named (spec L-3)', () => {
    const bytes = bent(good, ({ changes: [first, second] }) => {
      assert(first !== undefined && second !== undefined, 'there are two changes');
      const [[id], ...rest] = first.validators as [readonly [Uint8Array, Uint8Array]];
      return { changes: [{ ...first, validators: [[id, OTHER_KEY], ...rest] }, second] };
    });

    expect(reasonOf(verifyProofBundle(bytes, trust))).to.equal('CLIENT_VALIDATORS_WRONG');
  });

  it('given the founding set after it was replaced, then its seals are no longer enough', () => {
    const set = chain.setAt(1);
    const header = {
      ...chain.block(7).header,
      validatorsHash: chain.block(1).header.validatorsHash,
    };
    const certificate = chain.seal(header, ['aa', 'bb', 'cc'], set);
    const bytes = bent(good, () => ({ header: encodeHeader(header), certificate }));

    expect(verifyProofBundle(bytes, trust).outcome).to.equal('invalid');
  });

  it('given an old block before the changes, then it is proven directly (spec L-2)', () => {
    expect(verifyProofBundle(chain.bundle(key, 2), trust).outcome).to.equal('valid');
  });

  describe('with a checkpoint', () => {
    const at = (height: number) => {
      const { header } = chain.block(height);
      const next = chain.setAt(height + 1).map(({ id, publicKey }) => [id, publicKey] as const);
      const vouched = { height, blockHash: blockHash(header) };
      const checkpoint = readCheckpoint(vouched, { header: encodeHeader(header), next });
      assert(checkpoint.ok, 'the checkpoint of the fixture is good');
      return checkpoint.value;
    };

    it('given a checkpoint before, between or after the changes, then it is valid', () => {
      for (const height of [2, 4, 5, 6]) {
        const verdict = verifyProofBundle(good, { checkpoint: at(height), nowMs: NOW_MS });

        expect(verdict.outcome, `checkpoint at ${height}`).to.equal('valid');
      }
    });

    it('given a checkpoint older than 30 days and no chain id, then nobody can tell (spec L-4)', () => {
      const nowMs = NOW_MS + TRUST_PERIOD_MS;
      const checkpoint = at(2);

      const alone = verifyProofBundle(good, { checkpoint, nowMs });
      const besides = verifyProofBundle(good, { ...trust, checkpoint, nowMs });

      expect(reasonOf(alone)).to.equal('CLIENT_CHECKPOINT_OLD');
      expect(alone.outcome).to.equal('unknown');
      expect(besides.outcome).to.equal('valid');
    });

    it('given a proof from before the checkpoint and no chain id, then nobody can tell', () => {
      const verdict = verifyProofBundle(chain.bundle(key, 3), { checkpoint: at(6), nowMs: NOW_MS });

      expect(reasonOf(verdict)).to.equal('CLIENT_CHECKPOINT_LATER');
      expect(verdict.outcome).to.equal('unknown');
    });

    it('given the checkpoint of a fork, then the proof is invalid (spec L-5)', () => {
      const header = { ...chain.block(7).header, stateRoot: OTHER_HASH };
      const next = chain.setAt(8).map(({ id, publicKey }) => [id, publicKey] as const);
      const vouched = { height: 7, blockHash: blockHash(header) };
      const checkpoint = readCheckpoint(vouched, { header: encodeHeader(header), next });
      assert(checkpoint.ok, 'the checkpoint of the fixture is good');

      const verdict = verifyProofBundle(good, { ...trust, checkpoint: checkpoint.value });

      expect(reasonOf(verdict)).to.equal('CLIENT_FORK_FOUND');
    });

    it('given a header that is not the vouched one, or another next set, then there is no checkpoint', () => {
      const { header } = chain.block(5);
      const next = chain.setAt(6).map(({ id, publicKey }) => [id, publicKey] as const);
      const served = { header: encodeHeader(header), next };
      const vouched = { height: 5, blockHash: blockHash(header) };

      const other = readCheckpoint({ ...vouched, blockHash: OTHER_HASH }, served);
      expect(!other.ok && other.reason).to.deep.equal({
        code: 'CLIENT_CHECKPOINT_CONTRADICTED',
        height: vouched.height,
        shown: toHex(vouched.blockHash),
      });
      expect(readCheckpoint({ ...vouched, height: 6 }, served).ok).to.equal(false);
      expect(readCheckpoint(vouched, { ...served, next: next.slice(1) }).ok).to.equal(false);
    });
  });
});
