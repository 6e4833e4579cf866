/** Lists that leave nothing out (spec S-15), in one file or several. */
import { recordKeyOf } from '@daybook/contracts';
import type { ListBundle, TreeRange } from '@daybook/core';
import {
  assert,
  createSigner,
  decodeListBundle,
  encodeListBundle,
  keyAfter,
  treeKeyOf,
  treePrefixOf,
} from '@daybook/core';
import { expect } from 'chai';
import type { ListVerdict } from '../../src/index.ts';
import {
  describeList,
  explainList,
  nextOfList,
  signAs,
  verifyListBundle,
  verifyListBundles,
  verifyProofBundle,
} from '../../src/index.ts';
import { boxes } from '../fixtures/boxes.ts';
import { createTestChain, OTHER_HASH, START_MS, seedOf } from '../fixtures/chain.ts';

const NOW_MS = START_MS + 60_000;
const giver = createSigner(seedOf('giver'));
const chain = createTestChain();

function give(box: string, publisher: string): Uint8Array {
  const amount = { minor: 5n, currency: 'GBP' };
  const call = { contract: 'boxes', action: 'give', args: { box, publisher, amount } };
  const options = { chain: chain.genesis.chain, calls: [call], validUntilMs: NOW_MS };
  return signAs([{ signer: giver }], options).bytes;
}

chain.append([
  ...Array.from({ length: 40 }, (_, index) => give('north', `giver-${index}`)),
  ...Array.from({ length: 25 }, (_, index) => give('south', `giver-${index}`)),
]);
chain.append([]);

const spec = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name)
  ?.records.gift;
assert(spec !== undefined, 'the fixture has gifts');
const gift = recordKeyOf(spec, { box: 'north', publisher: 'giver-7' });
assert(gift.ok, 'the key of the fixture is good');
const { set, partition } = gift.value;
assert(partition !== undefined, 'gifts have partitions');
const north = { set, partition };
const prefix = treePrefixOf(north);
const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };
const whole = chain.listBundle(north, 2);

/** Up to a gift, and the rest. */
function halves(height = 2): readonly [Uint8Array, Uint8Array] {
  const middle = treeKeyOf(gift.ok ? gift.value : { set, key: new Uint8Array() });
  return [
    chain.listBundle(north, height, { from: prefix, to: middle }),
    chain.listBundle(north, height, { from: keyAfter(middle), to: prefix }),
  ];
}

function bent(bytes: Uint8Array, bend: (list: ListBundle['list']) => Partial<ListBundle['list']>) {
  const bundle = decodeListBundle(bytes);
  assert(bundle.ok, 'the bundle of the fixture decodes');
  const { list } = bundle.value;
  return encodeListBundle({ ...bundle.value, list: { ...list, ...bend(list) } });
}

function reasonOf(verdict: ListVerdict): string {
  if (verdict.outcome === 'valid') return verdict.facts.isWhole ? 'whole' : 'part';
  return verdict.reason.code;
}

describe('client: list proof', () => {
  it('given a partition and the right chain, then the list is whole and in words (spec S-15, L-9)', () => {
    const verdict = verifyListBundle(whole, trust);

    assert(verdict.outcome === 'valid', JSON.stringify(verdict));
    expect(verdict.facts.within).to.deep.equal({ box: 'north' });
    expect(verdict.facts.rows).to.have.length(40);
    expect(verdict.facts.rows.map(({ key }) => key.publisher)).to.include('giver-7');
    expect(verdict.facts.rows[0]?.stored?.fields.amount).to.deep.equal({
      minor: '5',
      currency: 'GBP',
    });
    expect(explainList(verdict)[0]).to.contain('leaves no record out');
    expect(explainList(verdict, 'zh')[0]).to.contain('没有遗漏');
    const lines = describeList(verdict.facts).map(({ title, text }) => `${title}: ${text}`);
    expect(lines).to.include.members(['Box: north', 'Collection boxes: Gift: 40 records']);
  });

  it('given a whole record set, or a partition with nothing in it, then that is proven', () => {
    const all = verifyListBundle(chain.listBundle({ set }, 2), trust);
    const none = Uint8Array.from(Buffer.from('nowhere\0'));
    const empty = verifyListBundle(chain.listBundle({ set, partition: none }, 2), trust);

    expect([reasonOf(all), reasonOf(empty)]).to.deep.equal(['whole', 'whole']);
    expect(all.outcome === 'valid' && all.facts.rows.length).to.equal(65);
    expect(empty.outcome === 'valid' && empty.facts.rows).to.deep.equal([]);
  });

  it('given a record left out, doubled, changed or moved to another box, then it is unproven', () => {
    for (const bend of [
      (list: ListBundle['list']) => ({ records: list.records.slice(1) }),
      ({ records }: ListBundle['list']) => ({ records: [...records.slice(0, 1), ...records] }),
      ({ records }: ListBundle['list']) => ({
        records: records.map((one, at) => (at === 3 ? { ...one, value: OTHER_HASH } : one)),
      }),
      ({ records }: ListBundle['list']) => ({
        records: records.map(({ key, value }) => ({ key, value })),
      }),
      () => ({ partition: Uint8Array.from(Buffer.from('south\0')) }),
      () => ({ proof: new Uint8Array(3) }),
    ]) {
      expect(reasonOf(verifyListBundle(bent(whole, bend), trust))).to.equal('CLIENT_LIST_UNPROVEN');
    }
  });

  it('given borders that reach beyond the list, then it is unproven', () => {
    const range: TreeRange = { from: prefix.slice(0, 4), to: prefix };
    const bytes = bent(whole, () => ({ range }));

    expect(reasonOf(verifyListBundle(bytes, trust))).to.equal('CLIENT_LIST_UNPROVEN');
  });

  it('given any byte of the file changed, then it is invalid', () => {
    for (let index = 0; index < whole.length; index += 7) {
      const changed = whole.with(index, (whole[index] ?? 0) ^ (1 << (index % 8)));

      expect(verifyListBundle(changed, trust).outcome, `byte ${index}`).to.equal('invalid');
    }
  });

  it('given the files of a long list in order, then together they are whole', () => {
    const [first, second] = halves();
    const part = verifyListBundle(first, trust);

    const verdict = verifyListBundles([first, second], trust);

    expect(reasonOf(part)).to.equal('part');
    assert(part.outcome === 'valid' && verdict.outcome === 'valid', 'both are sound');
    expect(explainList(part)[0]).to.contain('part of a list');
    expect(nextOfList(part.facts)).to.not.equal(undefined);
    expect(verdict.facts.isWhole).to.equal(true);
    expect(nextOfList(verdict.facts)).to.equal(undefined);
    expect(verdict.facts.rows).to.have.length(40);
  });

  it('given files out of order, with a gap, of two blocks or of two lists, then they are no list', () => {
    const [first, second] = halves();
    const [earlier] = halves(1);
    const all = chain.listBundle({ set }, 2);
    for (const files of [
      [second, first],
      [first, first],
      [whole, second],
      [earlier, second],
      [first, all],
    ]) {
      expect(reasonOf(verifyListBundles(files, trust))).to.equal('CLIENT_LIST_UNPROVEN');
    }
    expect(reasonOf(verifyListBundles([], trust))).to.equal('CLIENT_PROOF_MALFORMED');
  });

  it('given nothing trusted, then nobody can tell, of one file and of several', () => {
    const verdict = verifyListBundles(halves(), { nowMs: NOW_MS });

    expect(verdict.outcome).to.equal('unknown');
    expect(reasonOf(verdict)).to.equal('CLIENT_TRUST_MISSING');
    expect(verdict.outcome === 'unknown' && verdict.facts.isWhole).to.equal(true);
  });

  it('given the file of a record, or random bytes, then it is no list; nor is a list a record', () => {
    const record = chain.bundle(gift.ok ? gift.value : { set, key: prefix }, 2);

    expect(reasonOf(verifyListBundle(record, trust))).to.equal('CLIENT_PROOF_MALFORMED');
    expect(reasonOf(verifyListBundle(OTHER_HASH, trust))).to.equal('CLIENT_PROOF_MALFORMED');
    expect(verifyProofBundle(whole, trust).outcome).to.equal('invalid');
  });
});
