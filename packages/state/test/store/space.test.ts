/** What the state store gives back to the disk, and what pins keep. */
import { expect } from 'chai';
import { StateError } from '../../src/index.ts';
import { keyOf, write } from './model.ts';
import { busy, commitAll, createWorld, expectState, open, statesOf } from './world.ts';

describe('state: store and disk space', () => {
  it('given many blocks, old versions are freed and the disk stops growing', async () => {
    const world = createWorld();
    const store = await open(world);
    const blocks = busy(300);
    await commitAll(store, blocks.slice(0, 100));
    const early = store.figures().treeBytes;
    await commitAll(store, blocks.slice(100));

    expect(store.figures().treeBytes).to.be.below(2 * early);
    const files = world.disk.list('state').filter((name) => name.startsWith('nodes-'));
    expect(files.length * 64 * 1024).to.be.below(40 * 64 * 1024);
    expectState(store, statesOf(blocks).at(-1) ?? new Map(), 299);
  });

  it('given a record that is never touched again, sweeping moves it and frees its segment', async () => {
    const world = createWorld();
    const store = await open(world);
    const still = Array.from({ length: 40 }, (_, at) => write(900 + at, 'still'));
    const blocks = [still, ...busy(300)];
    await commitAll(store, blocks);
    await store.close();

    const again = await open(world);
    const [first] = world.disk.list('state').filter((name) => name.startsWith('nodes-'));
    expect(first).to.not.equal('nodes-0000000000.seg');
    expectState(again, statesOf(blocks).at(-1) ?? new Map(), 300);
    expect(again.view().get(keyOf(900))).to.deep.equal(new TextEncoder().encode('still'));
  });

  it('given two owners of one pin, then its version stays until both let go, over restarts', async () => {
    const world = createWorld();
    let store = await open(world);
    const blocks = busy(150);
    const states = statesOf(blocks);
    await commitAll(store, blocks.slice(0, 40));
    await store.pin(37, 'tables');
    await store.pin(37, 'snapshots');
    await commitAll(store, blocks.slice(40));

    await store.unpin(37, 'tables');
    await store.unpin(37, 'tables');
    await store.close();
    store = await open(world);

    expect([store.pins('tables'), store.pins('snapshots')]).to.deep.equal([[], [37]]);
    expectState(store, states[37] ?? new Map(), 37);
    await store.unpin(37, 'snapshots');
    expect(store.pins()).to.deep.equal([]);
    expect(() => store.view(37)).to.throw(StateError);
  });

  it('given a pin, its version stays whole until it is unpinned, over restarts', async () => {
    const world = createWorld();
    let store = await open(world);
    const blocks = busy(240);
    const states = statesOf(blocks);
    await commitAll(store, blocks.slice(0, 40));
    await store.pin(37, 'snapshots');
    await commitAll(store, blocks.slice(40, 43));
    await store.pin(41, 'snapshots');
    await commitAll(store, blocks.slice(43, 150));
    await store.close();
    store = await open(world);
    expectState(store, states[37] ?? new Map(), 37);
    await store.unpin(37, 'snapshots');
    expect(() => store.view(37)).to.throw(StateError);
    expectState(store, states[41] ?? new Map(), 41);
    await commitAll(store, blocks.slice(150));
    expectState(store, states[41] ?? new Map(), 41);
    const pinned = store.figures().treeBytes;
    await store.unpin(41, 'snapshots');
    await commitAll(store, [[]]);

    expect(store.figures().treeBytes).to.be.below(pinned);
    expectState(store, states.at(-1) ?? new Map(), 240);
    await commitAll(store, busy(110));
  });
});
