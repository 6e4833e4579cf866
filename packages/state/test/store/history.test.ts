/** Versions of records: which are kept, what is dropped, and what the store says about it. */
import { expect } from 'chai';
import type { StateStore, StateWrite } from '../../src/index.ts';
import { StateError } from '../../src/index.ts';
import { keptKey } from '../../src/store/key-space.ts';
import { keyOf, write } from './model.ts';
import { busy, commitAll, createWorld, expectState, open, RETAINED, statesOf } from './world.ts';

const text = (value: Uint8Array | undefined): string | undefined =>
  value && new TextDecoder().decode(value);

async function told(store: StateStore, id: number): Promise<unknown[]> {
  const versions = await store.history(keyOf(id), { limit: 1000 });
  return versions.map(({ height, value }) => [height, text(value)]);
}

/** Blocks that change everything so often that no old value is worth keeping. */
const churn = (rounds: number): StateWrite[][] =>
  Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: 60 }, (_, at) => write(at, `${round}/${at}${'.'.repeat(200)}`)),
  );

describe('state: history of records', () => {
  it('given a record written, removed and written again, its history tells all of it', async () => {
    const world = createWorld();
    let store = await open(world);
    await commitAll(store, [[write(4, 'a')], [write(4, 'b')], [write(4, undefined)], []]);
    const gone = await store.history(keyOf(4), { limit: 10 });
    await store.close();
    store = await open(world);
    await commitAll(store, [[write(4, 'c')]]);

    expect(await told(store, 4)).to.deep.equal([
      [4, 'c'],
      [2, undefined],
      [1, 'b'],
      [0, 'a'],
    ]);
    expect(gone.map(({ height }) => height)).to.deep.equal([2, 1, 0]);
    const page = await store.history(keyOf(4), { limit: 2, before: 2 });
    expect(page.map(({ height }) => height)).to.deep.equal([1, 0]);
    expect(await store.history(keyOf(5), { limit: 3 })).to.deep.equal([]);
  });

  it('given a store that keeps all values, then no segment of them is ever removed', async () => {
    const world = createWorld();
    const store = await open(world);
    await commitAll(store, churn(300));

    expect(store.historyFrom()).to.equal(0);
    expect(await told(store, 7)).to.have.length(300);
    expect(world.disk.list('state')).to.include('values-0000000000.seg');
  });

  it('given an old version asked for, then others get their turn on the way to it', async () => {
    const store = await open(createWorld());
    await commitAll(
      store,
      Array.from({ length: 1000 }, (_, round) => [write(4, `${round}`)]),
    );
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);

    const versions = await store.history(keyOf(4), { limit: 1, before: 2 });
    isOver = true;

    expect(versions.map(({ height }) => height)).to.deep.equal([1]);
    expect(turns).to.be.at.least(4);
  });

  it('spec S-16: given a store that keeps retained values, old ones leave the disk and history says from where it is whole', async () => {
    const world = createWorld();
    const store = await open(world, { history: 'retained' });
    const blocks = churn(300);
    await commitAll(store, blocks);

    const from = store.historyFrom();
    expect(from)
      .to.be.above(150)
      .and.at.most(300 - RETAINED);
    const heights = (await told(store, 7)).map((one) => (one as number[])[0]);
    expect(heights.slice(0, 300 - from)).to.deep.equal(
      Array.from({ length: 300 - from }, (_, at) => 299 - at),
    );
    expect(heights.length).to.be.below(150);
    for (let height = 299; height > 299 - RETAINED; height--) {
      expectState(store, statesOf(blocks)[height] ?? new Map(), height);
    }
    const files = world.disk.list('state').filter((name) => name.startsWith('values-'));
    expect(files.length * 64 * 1024).to.be.below(store.figures().valueBytesWritten / 3);
  });

  it('given few values that stay among many that go, sweeping moves them and frees their segments', async () => {
    const world = createWorld();
    let store = await open(world, { history: 'retained' });
    const still = Array.from({ length: 20 }, (_, at) => write(900 + at, `still ${at}`));
    const blocks = [still, ...churn(200), ...busy(60)];
    await commitAll(store, blocks.slice(0, 150));
    await store.close();
    // What was known of dead values is forgotten with the process, and costs lookups only.
    store = await open(world, { history: 'retained' });
    await commitAll(store, blocks.slice(150));
    await store.close();

    const again = await open(world, { history: 'retained' });
    const [first] = world.disk.list('state').filter((name) => name.startsWith('values-'));
    expect(first).to.not.equal('values-0000000000.seg');
    const newest = blocks.length - 1;
    expectState(again, statesOf(blocks).at(-1) ?? new Map(), newest);
    // A moved value keeps the height that wrote it.
    expect(await told(again, 903)).to.deep.equal([[0, 'still 3']]);
  });

  it('given a pin, the values of its version stay until it is unpinned', async () => {
    const world = createWorld();
    let store = await open(world, { history: 'retained' });
    const blocks = churn(240);
    await commitAll(store, blocks.slice(0, 40));
    await store.pin(37, 'snapshots');
    await commitAll(store, blocks.slice(40, 200));
    await store.close();
    store = await open(world, { history: 'retained' });
    expectState(store, statesOf(blocks)[37] ?? new Map(), 37);
    const pinned = store.figures().valueBytes;
    await store.unpin(37, 'snapshots');
    await commitAll(store, blocks.slice(200));

    expect(store.figures().valueBytes).to.be.below(pinned);
    expect(() => store.view(37)).to.throw(StateError);
  });

  it('given a kept set, its history stays whole although old values are dropped', async () => {
    const world = createWorld();
    const rule = { history: 'retained', keptSets: new Set([keyOf(0).set]) } as const;
    let store = await open(world, rule);
    const seldom = (round: number): StateWrite[] =>
      round % 50 === 0 ? [write(990, round === 100 ? undefined : `set ${round}`)] : [];
    await commitAll(
      store,
      churn(260).map((block, round) => [...block, ...seldom(round)]),
    );
    await store.close();
    store = await open(world, rule);

    const expected = [
      [250, 'set 250'],
      [200, 'set 200'],
      [150, 'set 150'],
      [100, undefined],
      [50, 'set 50'],
      [0, 'set 0'],
    ];
    expect(store.historyFrom()).to.be.above(150);
    expect(await told(store, 990)).to.deep.equal(expected);
    const page = await store.history(keyOf(990), { limit: 2, before: 150 });
    expect(page.map(({ height }) => height)).to.deep.equal([100, 50]);
    await store.rollBack(255);
    expect(await told(store, 990)).to.deep.equal(expected);
    await world.keyValue.write({ put: [], remove: [keptKey(keyOf(990), 150)] }, true);
    const failure = await store.history(keyOf(990), { limit: 9 }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_DAMAGED');
  });

  it('given a rollback after values were dropped, executing again gives the same, on and on', async () => {
    const world = createWorld();
    const store = await open(world, { history: 'retained' });
    const blocks = [...churn(130), ...busy(60), ...churn(60)];
    const states = statesOf(blocks);
    await commitAll(store, blocks.slice(0, 125));
    await store.rollBack(120);
    await commitAll(store, blocks.slice(121, 190));
    await store.rollBack(187);
    await commitAll(store, blocks.slice(188));

    const newest = blocks.length - 1;
    for (let height = newest; height > newest - RETAINED; height--) {
      expectState(store, states[height] ?? new Map(), height);
    }
    const held = store.figures();
    expect(held.treeBytes + held.valueBytes).to.be.below(40 * 64 * 1024);
  });

  it('given a window that is widened at a start, then versions are retained from then on', async () => {
    const world = createWorld();
    const blocks = busy(120);
    let store = await open(world, { retainedHeights: 2 });
    await commitAll(store, blocks.slice(0, 60));
    await store.close();
    store = await open(world, { retainedHeights: 20 });
    await commitAll(store, blocks.slice(60));

    for (let height = 119; height > 99; height--) {
      expectState(store, statesOf(blocks)[height] ?? new Map(), height);
    }
  });
});
