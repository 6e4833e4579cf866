/** The state store after clean stops, power loss, lost batches and failed syncs. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryDisk, StateError } from '../../src/index.ts';
import { createMemoryKeyValue } from '../../src/store/key-value.ts';
import { keyOf, write } from './model.ts';
import {
  blocksArbitrary,
  commitAll,
  createWorld,
  expectLists,
  expectState,
  open,
  RETAINED,
  statesOf,
  toWrites,
} from './world.ts';

describe('state: store after restarts and crashes', () => {
  it('given a clean stop, nothing is rolled back and everything is there', async () => {
    const world = createWorld();
    const blocks = Array.from({ length: 9 }, (_, at) => [write(at, `v${at}`), write(0, `z${at}`)]);
    const store = await open(world);
    await commitAll(store, blocks);
    await store.close();
    world.disk.crash();
    world.keyValue.crash();

    const again = await open(world);
    expect(again.recovery).to.deep.equal({ appliedHeight: 8, rolledBack: 0 });
    for (const [height, state] of statesOf(blocks).entries()) {
      if (height > 8 - RETAINED) expectState(again, state, height);
    }
  });

  it('spec S-10: given power loss, the store goes on from a whole version and executing again gives the same (I20)', async () => {
    await fc.assert(
      fc.asyncProperty(
        blocksArbitrary,
        fc.nat(20),
        fc.infiniteStream(fc.nat(4000)),
        async (picks, batches, sizes) => {
          const world = createWorld();
          const store = await open(world);
          const blocks = picks.map((block, height) => toWrites(height, block));
          const states = statesOf(blocks);
          await commitAll(store, blocks);
          world.keyValue.crash(batches);
          const kept = (size: number): number => Math.min(size, sizes.next().value ?? 0);
          world.disk.crash(
            ({ size }) => kept(size),
            (count) => count,
          );

          const again = await open(world);
          const applied = again.appliedHeight();
          if (applied !== undefined) expectState(again, states[applied] ?? new Map(), applied);
          const rest = blocks.slice((applied ?? -1) + 1);
          await commitAll(again, rest);
          expectState(again, states.at(-1) ?? new Map(), blocks.length - 1);
          await expectLists(again, states.at(-1) ?? new Map());
        },
      ),
      { numRuns: 80 },
    );
  });

  it('given recovery, running it again changes nothing (I21)', async () => {
    const world = createWorld();
    const store = await open(world);
    await commitAll(
      store,
      Array.from({ length: 12 }, (_, at) => [write(at, `v${at}`)]),
    );
    world.keyValue.crash(7);
    world.disk.crash();

    const first = (await open(world)).recovery;
    const second = (await open(world)).recovery;
    expect(second.appliedHeight).to.equal(first.appliedHeight);
    expect(second.rolledBack).to.equal(0);
  });

  it('given a batch lost in the middle, the store goes back to before it', async () => {
    const world = createWorld();
    const store = await open(world);
    await commitAll(
      store,
      Array.from({ length: 5 }, (_, at) => [write(at, `v${at}`)]),
    );
    const { path, ...rest } = world.keyValue;
    const key = new Uint8Array(9);
    key[0] = 'r'.charCodeAt(0);
    key[8] = 3;
    await rest.write({ put: [], remove: [key] }, true);

    const again = await open(world);
    expect(path).to.equal('memory');
    expect(again.recovery).to.deep.equal({ appliedHeight: 2, rolledBack: 2 });
    expect(again.view().get(keyOf(4))).to.equal(undefined);
  });

  it('given the oldest batches lost, the store refuses by name', async () => {
    const world = createWorld();
    const store = await open(world);
    await commitAll(
      store,
      Array.from({ length: 5 }, (_, at) => [write(at, `v${at}`)]),
    );
    await store.close();
    const key = new Uint8Array(9);
    key[0] = 'r'.charCodeAt(0);
    await world.keyValue.write({ put: [], remove: [key] }, true);

    const failure = await open(world).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_NOT_CONTIGUOUS');
  });

  it('given a root that differs, going back and executing again is possible (R15)', async () => {
    const store = await open(createWorld());
    const blocks = Array.from({ length: 8 }, (_, at) => [write(at, `v${at}`), write(0, `z${at}`)]);
    const states = statesOf(blocks);
    await commitAll(store, blocks);
    await store.rollBack(5);
    expectState(store, states[5] ?? new Map(), 5);
    expect(store.appliedHeight()).to.equal(5);

    await commitAll(store, blocks.slice(6));
    expectState(store, states[7] ?? new Map(), 7);
  });

  it('given a sync that fails, the commit throws, nothing more is written, and a new start is clean', async () => {
    let fails = false;
    const disk = createMemoryDisk({
      fault: (what) => (fails && what === 'sync' ? 'error' : undefined),
    });
    const world = { disk, keyValue: createMemoryKeyValue() };
    const store = await open(world);
    await commitAll(
      store,
      Array.from({ length: 102 }, (_, at) => [write(at, `v${at}`)]),
    );
    fails = true;
    const staged = store.stage({ height: 102, writes: [write(1, 'x')] });
    const codes: unknown[] = [];
    for (const attempt of [staged, staged]) {
      await store.commit(attempt).catch((error: unknown) => {
        codes.push(error instanceof StateError ? error.code : 'assertion');
      });
    }
    fails = false;

    expect(codes[0]).to.equal('STATE_SYNC_FAILED');
    expect(codes).to.have.length(2);
    await store.close();
    disk.crash();
    world.keyValue.crash();
    const again = await open(world);
    expect(again.appliedHeight()).to.equal(99);
  });
});
