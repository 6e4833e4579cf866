/** The one setting bounds what the tree keeps in memory, whatever is committed. */
import * as fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { treeKeyOf } from '@daybook/core';
import { expect } from 'chai';
import type { StateWrite } from '../../src/index.ts';
import { createNodeDisk, openLevel, openStateStore } from '../../src/index.ts';
import { createWorld, open } from './world.ts';

const CACHE_BYTES = 1024 * 1024;
const KEYS = 2000;

/** Records of three blocks, each of which stages more nodes than the setting lets stay. */
function wideBlock(block: number): readonly StateWrite[] {
  return Array.from({ length: KEYS }, (_, id) => {
    const number = (block % 3) * KEYS + id;
    const recordKey = { set: 1, key: Uint8Array.of(number >> 16, number >> 8, number) };
    return { recordKey, treeKey: treeKeyOf(recordKey), value: Uint8Array.of(block, id) };
  });
}

describe('state: memory of the tree', () => {
  it('given blocks and dropped candidates larger than the setting, then what stays is within it', async () => {
    const world = createWorld();
    const store = await open(world, { cacheBytes: CACHE_BYTES, segmentBytes: 4 * 1024 * 1024 });
    let most = 0;
    for (let height = 0; height < 6; height++) {
      const staged = store.stage({ height, writes: wideBlock(height) });
      store.stage({ height, writes: wideBlock(height + 1) }).discard();
      expect(store.figures().cacheBytes, `discarded at ${height}`).to.be.at.most(CACHE_BYTES);
      await store.commit(staged);
      const { cacheBytes } = store.figures();
      expect(cacheBytes, `committed at ${height}`).to.be.at.most(CACHE_BYTES);
      most = Math.max(most, cacheBytes);
    }
    expect(most, 'the cache is used').to.be.above(CACHE_BYTES / 4);
    await store.close();
  });

  it('given many blocks on a real disk, then the memory of the process does not grow with them', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-memory-'));
    const parts = { disk: createNodeDisk(), openKeyValue: openLevel };
    const options = { directory, cacheBytes: CACHE_BYTES, retainedHeights: 4 };
    const store = await openStateStore({ ...options, history: 'retained' }, parts);
    const commitTo = async (end: number): Promise<number> => {
      for (let height = (store.appliedHeight() ?? -1) + 1; height < end; height++) {
        await store.commit(store.stage({ height, writes: wideBlock(height) }));
      }
      return memoryInUse();
    };
    const before = await commitTo(6);
    const after = await commitTo(14);

    expect(after - before, 'bytes in use after 8 more blocks').to.be.below(6 * CACHE_BYTES);
    await store.close();
    fs.rmSync(directory, { recursive: true });
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Heap and buffers that are alive. */
function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
