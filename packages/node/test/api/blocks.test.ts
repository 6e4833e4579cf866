import {
  blockHash,
  decodeCertificate,
  decodeHeader,
  fromHex,
  toHex,
  verifyCertificate,
} from '@daybook/core';
import { expect } from 'chai';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';
import { signedNote, writeNotes } from './support/signing.ts';

describe('api: blocks', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
  });

  afterEach(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  it('given a chain, when blocks are paged from either end, then each height comes once', async () => {
    for (let height = 1; height <= 4; height++) api.ledger.seal();

    for (const [order, expected] of [
      ['newest', [4, 3, 2, 1, 0]],
      ['oldest', [0, 1, 2, 3, 4]],
    ] as const) {
      const heights: number[] = [];
      let cursor = '';
      for (let pages = 0; pages < 10; pages++) {
        const { json } = await api.request(`/v1/blocks?order=${order}&limit=2${cursor}`);
        heights.push(...json.blocks.map(({ height }: { height: number }) => height));
        if (json.next === undefined) break;
        cursor = `&cursor=${json.next}`;
      }
      expect(heights, order).to.deep.equal(expected);
    }
  });

  it('given a block, then its bytes and certificate verify against the validators', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    const { json } = await api.request('/v1/blocks/1');
    const set = await api.ledger.chain.validatorsAt(1);

    const header = decodeHeader(fromHex(json.headerBytes) ?? new Uint8Array());
    const certificate = decodeCertificate(fromHex(json.certificate.bytes) ?? new Uint8Array());

    if (!header.ok || !certificate.ok || set === undefined) throw new Error('not decoded');
    expect(toHex(blockHash(header.value))).to.equal(json.blockHash);
    const verified = verifyCertificate(certificate.value, {
      kind: 'commit',
      chain: api.ledger.chain.genesis.chain,
      height: 1,
      blockHash: blockHash(header.value),
      validators: set,
    });
    expect(verified.ok).to.equal(true);
  });

  it('given height, hash or head, then the same block is found', async () => {
    api.ledger.seal();
    const byHeight = await api.request('/v1/blocks/1');

    const byHash = await api.request(`/v1/blocks/${byHeight.json.blockHash.toUpperCase()}`);
    const head = await api.request('/v1/blocks/head');

    expect(byHash.json).to.deep.equal(byHeight.json);
    expect(head.json).to.deep.equal(byHeight.json);
    expect(byHeight.headers.get('cache-control')).to.contain('immutable');
    expect(head.headers.get('cache-control')).to.equal('public, no-cache');
  });

  it('given no such block, or one no longer kept, then the code says which', async () => {
    api.ledger.seal();
    api.ledger.seal();
    api.ledger.prune(1);

    const above = await api.request('/v1/blocks/9');
    const other = await api.request(`/v1/blocks/${'00'.repeat(32)}`);
    const below = await api.request('/v1/blocks/0');

    expect([above.status, above.json.code]).to.deep.equal([404, 'NODE_BLOCK_UNKNOWN']);
    expect([other.status, other.json.code]).to.deep.equal([404, 'NODE_BLOCK_UNKNOWN']);
    expect([below.status, below.json.code]).to.deep.equal([410, 'NODE_BLOCK_PRUNED']);
  });

  it('given a block of five, when its transactions are paged, then order and outcome are shown', async () => {
    await writeNotes(
      api,
      [1, 2, 3, 4, 1].map((number) => signedNote(api, number)),
    );

    const first = await api.request('/v1/blocks/1/transactions?limit=3');
    const second = await api.request(`/v1/blocks/1/transactions?limit=3&cursor=${first.json.next}`);

    const lines = [...first.json.transactions, ...second.json.transactions];
    expect(lines.map(({ index }: { index: number }) => index)).to.deep.equal([0, 1, 2, 3, 4]);
    expect(lines.map(({ succeeded }: { succeeded: boolean }) => succeeded)).to.deep.equal([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(second.json.next).to.equal(undefined);
  });

  it('given genesis, then it is served with its canonical bytes, and so are the validators', async () => {
    const genesis = await api.request('/v1/genesis');
    const validators = await api.request('/v1/validators');
    const unknown = await api.request('/v1/validators?height=99');

    expect(genesis.json.chain).to.equal(toHex(api.ledger.chain.genesis.chain));
    expect(validators.json).to.include({ height: 1, quorum: 1 });
    expect(unknown.json.code).to.equal('NODE_VALIDATORS_UNKNOWN');
  });
});
