/** Damaged files and entries of the state store: named, never served. */
import { expect } from 'chai';
import { StateError } from '../../src/index.ts';
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
});
