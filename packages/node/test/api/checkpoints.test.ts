/** Proofs over the history through the API, and what it refuses. */
import { fromHex, leafHash, verifyConsistency, verifyInclusion } from '@daybook/core';
import { expect } from 'chai';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? expect.fail(`${hex} is hex`);

describe('api: history and checkpoints', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
    for (let height = 1; height <= 6; height++) api.ledger.seal();
  });

  afterEach(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  it('spec L-13: given two sizes, then the path verifies', async () => {
    const { json } = await api.request('/v1/consistency?from=3&to=6');

    const proof = {
      smallerSize: 3,
      smallerRoot: bytesOf(json.fromRoot),
      largerSize: 6,
      largerRoot: bytesOf(json.toRoot),
      path: json.path.map(bytesOf),
    };
    expect(verifyConsistency(proof)).to.equal(true);
  });

  it('given no sizes, then the proof is from one block to the head', async () => {
    const { json, headers } = await api.request('/v1/consistency');

    expect([json.from, json.to]).to.deep.equal([1, 7]);
    expect(headers.get('cache-control')).to.equal('public, no-cache');
  });

  it('spec D-22: given a block and a size, then its inclusion verifies', async () => {
    const { json } = await api.request('/v1/blocks/2/inclusion?size=5');

    const [root, leaf] = [bytesOf(json.root), leafHash(bytesOf(json.leaf))];
    const path = json.path.map(bytesOf);
    expect(verifyInclusion({ root, size: 5, index: 2, leaf, path })).to.equal(true);
  });

  for (const [path, status, code] of [
    ['/v1/consistency?from=4&to=3', 422, 'NODE_TREE_SIZE'],
    ['/v1/consistency?from=1&to=8', 422, 'NODE_TREE_SIZE'],
    ['/v1/consistency?from=0', 400, 'NODE_INPUT_INVALID'],
    ['/v1/consistency?from=01', 400, 'NODE_INPUT_INVALID'],
    ['/v1/consistency?to=99999999999999999', 400, 'NODE_INPUT_INVALID'],
    ['/v1/blocks/5/inclusion?size=5', 422, 'NODE_TREE_SIZE'],
    ['/v1/blocks/5/inclusion?size=8', 422, 'NODE_TREE_SIZE'],
    ['/v1/blocks/9/inclusion', 404, 'NODE_BLOCK_UNKNOWN'],
    ['/v1/checkpoint', 404, 'NODE_CHECKPOINT_UNKNOWN'],
    ['/v1/checkpoint?height=2', 404, 'NODE_CHECKPOINT_UNKNOWN'],
    ['/v1/checkpoint?witnesses=2', 404, 'NODE_CHECKPOINT_UNKNOWN'],
    ['/v1/checkpoint?witnesses=0', 400, 'NODE_INPUT_INVALID'],
    ['/v1/checkpoint?witnesses=33', 400, 'NODE_INPUT_INVALID'],
  ] as const) {
    it(`given ${path}, then it is refused as ${code}`, async () => {
      const { json, status: found } = await api.request(path);

      expect([found, json.code]).to.deep.equal([status, code]);
    });
  }

  it('given a block that is no longer kept, then its inclusion is refused as pruned', async () => {
    api.ledger.prune(3);

    const { json, status } = await api.request('/v1/blocks/1/inclusion?size=6');

    expect([status, json.code]).to.deep.equal([410, 'NODE_BLOCK_PRUNED']);
  });

  it('given a cosignature as JSON, too long, or for an unknown size, then each is refused', async () => {
    const path = '/v1/checkpoint/4/cosignatures';
    const text = { 'content-type': 'text/plain' };

    const json = await api.post(path, '{}');
    const long = await api.post(path, 'x'.repeat(17_000), text);
    const unknown = await api.post(path, '— a AAAAAAA=\n', text);

    expect([json, long, unknown].map(({ json: { code } }) => code)).to.deep.equal([
      'NODE_MEDIA_TYPE_UNSUPPORTED',
      'NODE_BODY_TOO_LARGE',
      'NODE_CHECKPOINT_UNKNOWN',
    ]);
  });
});
