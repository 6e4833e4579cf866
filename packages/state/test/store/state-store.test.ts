/** The state store against a model: any writes, any order, restarts, crashes and old versions. */
import type { StateProof } from '@daybook/core';
import {
  decodeStateProof,
  encodeStateProof,
  toHex,
  treeKeyOf,
  verifyStateProof,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import type { StateStore, StateWrite } from '../../src/index.ts';
import { createMemoryDisk, openStateStore, StateError } from '../../src/index.ts';
import type { MemoryKeyValue } from '../../src/store/key-value.ts';
import { createMemoryKeyValue } from '../../src/store/key-value.ts';
import type { ModelState } from './model.ts';
import { applyWrites, keyOf, nameOf, recordsOf, rootOf, write } from './model.ts';
import { expectRanges, expectSubtrees } from './whole.ts';

interface World {
  readonly disk: MemoryDisk;
  readonly keyValue: MemoryKeyValue;
}

const RETAINED = 6;

const createWorld = (): World => ({ disk: createMemoryDisk(), keyValue: createMemoryKeyValue() });

function open({ disk, keyValue }: World, retainedHeights = RETAINED): Promise<StateStore> {
  const options = {
    directory: 'state',
    segmentBytes: 64 * 1024,
    cacheBytes: 20_000,
    retainedHeights,
  };
  return openStateStore(options, { disk, openKeyValue: async () => keyValue });
}

async function commitAll(
  store: StateStore,
  blocks: readonly (readonly StateWrite[])[],
): Promise<void> {
  for (const writes of blocks) {
    const height = (store.appliedHeight() ?? -1) + 1;
    await store.commit(store.stage({ height, writes }));
  }
}

function expectState(store: StateStore, state: ModelState, height: number): void {
  expect(store.rootAt(height), `root of ${height}`).to.deep.equal(rootOf(state));
  const view = store.view(height);
  for (let id = 0; id < 60; id++) {
    const expected = state.get(nameOf(keyOf(id)))?.value;
    expect(view.get(keyOf(id)), `record ${id} at ${height}`).to.deep.equal(expected);
  }
}

function claimOf(root: Uint8Array, id: number, proof: StateProof): string {
  const decoded = decodeStateProof(encodeStateProof(proof));
  if (!decoded.ok) return decoded.reason.code;
  const verified = verifyStateProof(root as typeof ZERO_HASH, treeKeyOf(keyOf(id)), decoded.value);
  if (!verified.ok) return verified.reason.code;
  return verified.value.kind;
}

const writesArbitrary = fc.array(fc.tuple(fc.nat(400), fc.option(fc.nat(5), { nil: undefined })), {
  maxLength: 40,
});
const blocksArbitrary = fc.array(writesArbitrary, { minLength: 1, maxLength: 14 });

/** Writes of a block: values differ by height, as stored values do. */
function toWrites(
  height: number,
  picks: readonly (readonly [number, number | undefined])[],
): StateWrite[] {
  return picks.map(([id, salt]) =>
    write(id, salt === undefined ? undefined : `${id}@${height}/${salt}`),
  );
}

function statesOf(blocks: readonly (readonly StateWrite[])[]): ModelState[] {
  const states: ModelState[] = [];
  for (const writes of blocks) states.push(applyWrites(states.at(-1) ?? new Map(), writes));
  return states;
}

function expectProofs(store: StateStore, state: ModelState, height: number): void {
  for (const id of [0, 3, 7, 11, 399]) {
    const { proof, root } = store.prove(keyOf(id), height);
    const expected = state.has(nameOf(keyOf(id))) ? 'present' : 'absent';
    expect(claimOf(root, id, proof), `proof of ${id} at ${height}`).to.equal(expected);
  }
}

async function expectLists(store: StateStore, state: ModelState, height?: number): Promise<void> {
  for (const set of [1, 2, 3]) {
    const listed = await store.list(
      { set },
      { limit: 1000, ...(height !== undefined && { height }) },
    );
    const expected = recordsOf(state, set).map(({ key, value }) => ({ key, value }));
    expect(listed, `set ${set}`).to.deep.equal(expected);
  }
}

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

describe('state: store', () => {
  it('given nothing, the store has no height, no records, and no root', async () => {
    const store = await open(createWorld());

    expect(store.appliedHeight()).to.equal(undefined);
    expect(store.view().get(keyOf(1))).to.equal(undefined);
    expect(store.rootAt(0)).to.equal(undefined);
    expect(store.stage({ height: 0, writes: [] }).root).to.deep.equal(ZERO_HASH);
  });

  it('spec S-5, S-12: given any blocks, roots, values, proofs, lists and old versions are those of the model', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, async (picks) => {
        const blocks = picks.map((block, height) => toWrites(height, block));
        const states = statesOf(blocks);
        const store = await open(createWorld());
        await commitAll(store, blocks);

        const newest = blocks.length - 1;
        for (let height = Math.max(0, newest - RETAINED + 1); height <= newest; height++) {
          const state = states[height] ?? new Map();
          expectState(store, state, height);
          expectProofs(store, state, height);
          expectRanges(store, state, height, 1 + (height % 40));
          expectSubtrees(store, height);
          await expectLists(store, state, height);
        }
        await store.close();
      }),
      { numRuns: 60 },
    );
  });

  it('spec S-4: given the same records by any way, the root is the same', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, fc.array(fc.nat(400)), async (picks, removed) => {
        const blocks = picks.map((block) => block.map(([id]) => write(id, `value ${id}`)));
        const extra = removed.map((id) => write(id, 'passing'));
        const all = blocks.flat();
        const keep = new Set(all.map(({ recordKey }) => nameOf(recordKey)));
        const gone = extra.filter(({ recordKey }) => !keep.has(nameOf(recordKey)));
        const first = await open(createWorld());
        const second = await open(createWorld());

        await commitAll(first, [all]);
        await commitAll(second, [
          gone,
          ...blocks.toReversed(),
          gone.map((one) => ({ ...one, value: undefined })),
        ]);

        const heights = [first.appliedHeight() ?? 0, second.appliedHeight() ?? 0] as const;
        expect(second.rootAt(heights[1])).to.deep.equal(first.rootAt(heights[0]));
      }),
      { numRuns: 60 },
    );
  });

  it('given several candidates on one parent, and children of candidates, each root is right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writesArbitrary, { minLength: 8, maxLength: 8 }), async (picks) => {
        const blocks = picks.map((block, at) => toWrites(at, block));
        const [base = [], a1 = [], a2 = [], a3 = [], b1 = [], b2 = [], c1 = [], c2 = []] = blocks;
        const store = await open(createWorld());
        const start = applyWrites(new Map(), base);
        await commitAll(store, [base]);

        // Two chains of candidates on one parent; the first is committed while the rest is staged.
        const first = store.stage({ height: 1, writes: a1 });
        const other = store.stage({ height: 1, writes: b1 });
        const second = store.stage({ height: 2, parent: first, writes: a2 });
        const rival = store.stage({ height: 2, parent: other, writes: b2 });
        const third = store.stage({ height: 3, parent: second, writes: a3 });
        const afterFirst = applyWrites(start, a1);
        const afterSecond = applyWrites(afterFirst, a2);
        const afterThird = applyWrites(afterSecond, a3);
        expect(first.root).to.deep.equal(rootOf(afterFirst));
        expect(rival.root).to.deep.equal(rootOf(applyWrites(applyWrites(start, b1), b2)));
        expect(third.root).to.deep.equal(rootOf(afterThird));
        await store.commit(first);
        expect(() => rival.reader.get(keyOf(1))).to.throw(StateError);
        const late = store.stage({ height: 3, parent: second, writes: c1 });
        expect(late.root).to.deep.equal(rootOf(applyWrites(afterSecond, c1)));
        await store.commit(second);
        await store.commit(third);
        await commitAll(store, [c2]);

        expectState(store, afterFirst, 1);
        expectState(store, afterSecond, 2);
        expectState(store, afterThird, 3);
        expectState(store, applyWrites(afterThird, c2), 4);
      }),
      { numRuns: 80 },
    );
  });

  it('given a long chain of candidates, when another is staged beside it, then the chain stays whole', async () => {
    const store = await open(createWorld());
    await commitAll(store, [[write(1, 'genesis')]]);
    const chain = [store.stage({ height: 1, writes: [write(2, 'fetched')] })];
    for (let height = 2; height <= 40; height++) {
      const parent = chain.at(-1);
      chain.push(
        store.stage({ height, writes: [write(height, 'fetched')], ...(parent && { parent }) }),
      );
      // A validator that catches up may be asked to propose at any moment.
      store.stage({ height: 1, writes: [write(3, `own ${height}`)] });
    }

    for (const staged of chain) await store.commit(staged);

    expect(store.appliedHeight()).to.equal(40);
    expect(store.view().get(keyOf(40))).to.not.equal(undefined);
    await store.close();
  });

  it('spec S-13: given a staged state, its reader sees it before, while and after it is committed', async () => {
    const store = await open(createWorld());
    await commitAll(store, [[write(1, 'old'), write(2, 'two')]]);
    const staged = store.stage({ height: 1, writes: [write(1, 'new'), write(2, undefined)] });

    const read = (): unknown[] => [staged.reader.get(keyOf(1)), staged.reader.get(keyOf(2))];
    const expected = [new TextEncoder().encode('new'), undefined];
    expect(read()).to.deep.equal(expected);
    expect(store.view().get(keyOf(1))).to.deep.equal(new TextEncoder().encode('old'));
    const committing = store.commit(staged);
    expect(read()).to.deep.equal(expected);
    await committing;
    expect(read()).to.deep.equal(expected);
    expect(store.view().get(keyOf(1))).to.deep.equal(expected[0]);
  });

  it('given a height outside the window, reading it is refused by name', async () => {
    const store = await open(createWorld());
    await commitAll(
      store,
      Array.from({ length: 10 }, (_, at) => [write(at, `v${at}`)]),
    );
    const old = store.view(5);
    await commitAll(store, [[write(1, 'x')], [write(1, 'y')]]);

    for (const act of [() => store.view(0), () => store.view(12), () => old.get(keyOf(1))]) {
      expect(act).to.throw(StateError).with.property('code', 'STATE_VERSION_PRUNED');
    }
  });

  it('given a record written, removed and written again, its history tells all of it', async () => {
    const world = createWorld();
    let store = await open(world);
    await commitAll(store, [[write(4, 'a')], [write(4, 'b')], [write(4, undefined)], []]);
    const gone = await store.history(keyOf(4), { limit: 10 });
    await store.close();
    store = await open(world);
    await commitAll(store, [[write(4, 'c')]]);

    const text = (value: Uint8Array | undefined): string | undefined =>
      value && new TextDecoder().decode(value);
    const versions = await store.history(keyOf(4), { limit: 10 });
    const told = versions.map(({ height, value }) => [height, text(value)]);
    expect(told).to.deep.equal([
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

  it('given pages, a list goes through a partition in key order and leaves none out', async () => {
    const store = await open(createWorld());
    const ids = Array.from({ length: 120 }, (_, id) => id);
    await commitAll(store, [ids.map((id) => write(id, `v${id}`)), [write(2, undefined)]]);

    const partition = keyOf(2).partition ?? new Uint8Array();
    const found: string[] = [];
    let after: { after?: ReturnType<typeof keyOf> } = {};
    while (true) {
      const page = await store.list({ set: 3, partition }, { limit: 3, ...after });
      found.push(...page.map(({ key }) => toHex(key.key)));
      const last = page.at(-1);
      if (last === undefined) break;
      after = { after: last.key };
    }
    const expected = ids
      .map(keyOf)
      .filter((key) => key.partition?.[1] === partition[1] && key.set === 3);
    const keys = expected.map(({ key }) => toHex(key)).filter((key) => key !== toHex(keyOf(2).key));
    expect(found).to.deep.equal(keys.toSorted());
  });
});

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

describe('state: store and disk space', () => {
  const busy = (rounds: number): StateWrite[][] =>
    Array.from({ length: rounds }, (_, round) =>
      Array.from({ length: 60 }, (_, at) => write((round * 37 + at * 11) % 400, `${round}/${at}`)),
    );

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

  it('given a pin, its version stays whole until it is unpinned, over restarts', async () => {
    const world = createWorld();
    let store = await open(world);
    const blocks = busy(240);
    const states = statesOf(blocks);
    await commitAll(store, blocks.slice(0, 40));
    await store.pin(37);
    await commitAll(store, blocks.slice(40, 43));
    await store.pin(41);
    await commitAll(store, blocks.slice(43, 150));
    await store.close();
    store = await open(world);
    expectState(store, states[37] ?? new Map(), 37);
    await store.unpin(37);
    expect(() => store.view(37)).to.throw(StateError);
    expectState(store, states[41] ?? new Map(), 41);
    await commitAll(store, blocks.slice(150));
    expectState(store, states[41] ?? new Map(), 41);
    const pinned = store.figures().treeBytes;
    await store.unpin(41);

    expect(store.figures().treeBytes).to.be.below(pinned);
    expectState(store, states.at(-1) ?? new Map(), 239);
    await commitAll(store, busy(110));
  });
});

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
