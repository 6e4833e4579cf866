/** Damaged files and entries of the state store: named, never served. */
import { expect } from 'chai';
import { StateError } from '../../src/index.ts';
import { Changes } from '../../src/store/database.ts';
import { leavingKey, removalsKey } from '../../src/store/key-space.ts';
import type { ModelState } from './model.ts';
import { keyOf, write } from './model.ts';
import type { World } from './world.ts';
import { commitAll, createWorld, expectState, open, statesOf } from './world.ts';

/** Whether damage was named; anything but a right answer or a named failure is an error. */
async function isNamed(world: World, state: ModelState): Promise<boolean> {
  try {
    const damaged = await open(world);
    expectState(damaged, state, 2);
    for (const id of [1, 30]) damaged.prove(keyOf(id));
    return false;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    expect(error.code).to.equal('STATE_DAMAGED');
    return true;
  }
}

describe('state: damage', () => {
  it('given any flipped byte in the tree or the values, reading names the damage or is right (I22)', async () => {
    const world = createWorld();
    const store = await open(world);
    const blocks = Array.from({ length: 3 }, (_, round) =>
      Array.from({ length: 60 }, (_, id) => write(id, `${id}@${round}`)),
    );
    await commitAll(store, blocks);
    await store.close();
    const state = statesOf(blocks).at(-1) ?? new Map();
    let named = 0;
    for (const name of world.disk.list('state').filter((one) => one.endsWith('.seg'))) {
      const bytes = world.disk.content(`state/${name}`);
      for (let at = 0; at < bytes.length; at += 97) {
        bytes[at] = (bytes[at] ?? 0) ^ 0x40;
        if (await isNamed(world, state)) named += 1;
        const now = world.disk.content(`state/${name}`);
        now[at] = (now[at] ?? 0) ^ 0x40;
      }
    }
    expect(named).to.be.above(50);
  });

  it('given a damaged value of the database, it is named and not served', async () => {
    const world = createWorld();
    const store = await open(world);
    await commitAll(store, [[write(1, 'a')], [write(1, undefined)]]);
    await store.close();
    const key = new Uint8Array(9);
    key[0] = 'r'.charCodeAt(0);
    const stored = world.keyValue.stored(key);
    if (stored === undefined) throw new Error('no root record');
    stored[20] = (stored[20] ?? 0) ^ 1;

    const failure = await open(world).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_DAMAGED');
  });

  describe('what is remembered of removed records', () => {
    /** Record 4 comes back, 7 stays removed, 8 was removed long ago. */
    const BLOCKS = [
      [write(4, 'a'), write(7, 'b'), write(8, 'c'), write(9, 'd')],
      [write(8, undefined)],
      ...Array.from({ length: 3 }, () => []),
      [write(4, undefined)],
      [write(7, undefined), write(4, 'e')],
    ];

    async function removing(history: 'all' | 'retained' = 'all') {
      const world = createWorld();
      let store = await open(world, { history });
      await commitAll(store, BLOCKS);
      await store.close();
      store = await open(world, { history });
      return { world, store };
    }

    async function lose({ keyValue }: World, key: Uint8Array): Promise<void> {
      expect(keyValue.stored(key), 'what is to be lost').to.not.equal(undefined);
      const changes = new Changes();
      changes.delete(key);
      await keyValue.write(changes, true);
    }

    it('given a sound store, before and after going back, then nothing is found', async () => {
      const { world, store } = await removing();
      await store.checkRemovals();

      await store.rollBack(4);
      await store.checkRemovals();
      await store.close();

      const again = await open(world);
      await again.checkRemovals();
      await commitAll(again, BLOCKS.slice(5));
      await again.checkRemovals();
    });

    for (const [what, key, fact] of [
      ['the removal of one that is back', removalsKey(keyOf(4)), 'lost its removal at height 5'],
      ['the removal of one that is gone', removalsKey(keyOf(7)), 'lost its removal at height 6'],
      ['a removal of long ago', removalsKey(keyOf(8)), 'lost its removal at height 1'],
      ['the list of a height', leavingKey(6), 'not in the list of what height 6 removed'],
    ] as const) {
      it(`spec S-7: given a database that lost ${what}, then the record is named`, async () => {
        const { world, store } = await removing();
        await lose(world, key);

        const failure = await store.checkRemovals().catch((error: unknown) => error);

        expect(failure).to.have.property('code', 'STATE_DAMAGED');
        expect(String(failure)).to.contain(fact);
      });
    }

    it('given removals in segments that were dropped since, then they are not missed', async () => {
      const world = createWorld();
      const store = await open(world, { history: 'retained' });
      const fill = (round: number) =>
        Array.from({ length: 60 }, (_, at) => write(3 * at, `${round}${'.'.repeat(300)}`));
      await commitAll(store, [[write(1, 'a')], [write(1, undefined)]]);
      await commitAll(
        store,
        Array.from({ length: 60 }, (_, round) => fill(round)),
      );
      expect(world.disk.list('state')).to.not.include('values-0000000000.seg');
      await store.checkRemovals();
      await lose(world, removalsKey(keyOf(1)));

      await store.checkRemovals();
    });
  });
});
