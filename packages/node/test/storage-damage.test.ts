/** Damage that tidying the state meets while blocks go on: it stands in the diagnosis. */
import { treeKeyOf } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import { createMemoryDisk, createMemoryKeyValue, openStateStore } from '@daybook/state';
import { expect } from 'chai';
import { SILENT_LOGGER } from '../src/log.ts';
import { closeStorage, openStorage } from '../src/storage.ts';
import { makeGenesis } from './support/chain.ts';

const PATHS = { blocks: '/blocks', state: '/state', votes: '/votes', evidence: '/evidence' };
const LIMITS = { stop: 0.02, low: 0.1, resume: 0.05 };
const BLOCKS = 60;

async function commit(store: StateStore, height: number, ids: readonly number[]): Promise<void> {
  const writes = ids.map((id) => {
    const recordKey = { set: 1, key: Uint8Array.of(id >> 8, id & 255) };
    const value = new TextEncoder().encode(`${height}/${id}`);
    return { recordKey, treeKey: treeKeyOf(recordKey), value };
  });
  await store.commit(store.stage({ height, writes }));
}

const many = (height: number): readonly number[] =>
  Array.from({ length: 60 }, (_, at) => 1 + ((height * 37 + at * 11) % 400));

describe('node: damage that tidying meets', () => {
  it('given a damaged node of an old version, then blocks go on and the diagnosis has file and byte', async () => {
    const disk = createMemoryDisk();
    const keyValue = createMemoryKeyValue();
    const parts = {
      disk,
      openKeyValue: async () => ({ ...keyValue, close: async () => undefined }),
    };
    const small = await openStateStore({ directory: PATHS.state, segmentBytes: 64 * 1024 }, parts);
    await commit(small, 0, [0]);
    await commit(small, 1, [0, ...many(1)]);
    await small.close();
    const nodes = disk.content('/state/nodes-0000000000.seg');
    nodes[40] = (nodes[40] ?? 0) ^ 0x40;

    const storage = await openStorage(
      { genesis: makeGenesis(), dataDirectory: '/' },
      {
        ...parts,
        logger: SILENT_LOGGER,
        openDirectory: async () => ({ paths: PATHS, close: async () => undefined }),
        watchFreeSpace: async () => ({ limits: LIMITS, fraction: () => 1, stop: () => undefined }),
      },
    );
    for (let height = 2; height < BLOCKS; height++) {
      await commit(storage.stateStore, height, many(height));
    }

    expect(storage.damage.report()).to.have.property('places', 1);
    expect(storage.damage.report()?.first).to.contain('/state/nodes-0000000000.seg at byte 16');
    await closeStorage(storage);
  });
});
