/** Reads between blocks: what was read before a block, absent or not, is read as the block left it. */
import { treeKeyOf } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StateReader, StateStore } from '../../src/index.ts';
import { ReadCache } from '../../src/store/read-cache.ts';
import type { ModelState } from './model.ts';
import { keyOf, nameOf } from './model.ts';
import { blocksArbitrary, createWorld, open, statesOf, toWrites } from './world.ts';

const ASKED = [0, 3, 7, 11, 50, 399];

function expectReads(reader: StateReader, state: ModelState, words: string): void {
  for (const id of ASKED) {
    const expected = state.get(nameOf(keyOf(id)))?.value;
    expect(reader.get(keyOf(id)), `record ${id} ${words}`).to.deep.equal(expected);
  }
}

/** Reads before, while and after each block is committed. */
async function commitReading(
  store: StateStore,
  blocks: readonly ReturnType<typeof toWrites>[],
  states: readonly ModelState[],
): Promise<void> {
  for (const [height, writes] of blocks.entries()) {
    const [before, after] = [states[height - 1] ?? new Map(), states[height] ?? new Map()];
    expectReads(store.view(), before, `before ${height}`);
    const staged = store.stage({ height, writes });
    expectReads(staged.reader, after, `staged at ${height}`);
    expectReads(store.view(), before, `beside ${height}`);
    await store.commit(staged);
    expectReads(staged.reader, after, `committed at ${height}`);
    expectReads(store.view(), after, `after ${height}`);
  }
}

describe('state: reads that are remembered', () => {
  it('given more records than are counted at once, then a change of the first is still taken up', () => {
    const cache = new ReadCache(2 ** 26);
    const keys = Array.from({ length: 20_000 }, (_, id) => keyOf(id));
    for (const key of keys) cache.get(key, () => Uint8Array.of(1));
    const [recordKey = keyOf(0)] = keys;

    const changes = [{ recordKey, treeKey: treeKeyOf(recordKey), value: Uint8Array.of(2) }];
    cache.changeAll(changes);

    const known = cache.get(recordKey, () => expect.fail('it was read again'));
    expect(known.value).to.deep.equal(Uint8Array.of(2));
  });

  it('given any blocks and reads between them, then each read is of its own state', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, async (picks) => {
        const blocks = picks.map((block, height) => toWrites(height, block));
        const store = await open(createWorld());

        await commitReading(store, blocks, statesOf(blocks));
        await store.close();
      }),
      { numRuns: 60 },
    );
  });

  it('given an absent record that was read, when a block is taken back, then it is absent again', async () => {
    const store = await open(createWorld());
    const world = [[[7, 1]], [[3, 1]]] as const;
    const blocks = world.map((block, height) => toWrites(height, block));
    for (const [height, writes] of blocks.entries()) {
      expect(store.view().get(keyOf(3))).to.equal(undefined);
      await store.commit(store.stage({ height, writes }));
    }
    expect(store.view().get(keyOf(3))).to.not.equal(undefined);

    await store.rollBack(0);

    expect(store.view().get(keyOf(3))).to.equal(undefined);
    expect(store.view().get(keyOf(7))).to.not.equal(undefined);
  });
});
