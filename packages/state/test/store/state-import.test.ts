/** A state taken over range by range against the store it comes from, with power losses between. */
import type { RangeProof } from '@daybook/core';
import { treeKeyOf, valueHashOf, verifyRangeProof } from '@daybook/core';
import { expect } from 'chai';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import type { ImportedRecord, StateImport, StateStore } from '../../src/index.ts';
import { createMemoryDisk, openStateImport, openStateStore } from '../../src/index.ts';
import type { MemoryKeyValue } from '../../src/store/key-value.ts';
import { createMemoryKeyValue } from '../../src/store/key-value.ts';
import { keyOf, write } from './model.ts';

const RECORDS = 700;
const LIMIT = 90;

interface World {
  readonly disk: MemoryDisk;
  readonly keyValue: MemoryKeyValue;
}

const createWorld = (): World => ({ disk: createMemoryDisk(), keyValue: createMemoryKeyValue() });
const partsOf = ({ disk, keyValue }: World) => ({ disk, openKeyValue: async () => keyValue });

async function openStore(world: World): Promise<StateStore> {
  return await openStateStore({ directory: 'state', retainedHeights: 50 }, partsOf(world));
}

async function openImport(world: World, height: number): Promise<StateImport> {
  return await openStateImport({ directory: 'state', height }, partsOf(world));
}

/** A store of a dozen heights, in which records were changed and removed. */
async function createSource(): Promise<StateStore> {
  const store = await openStore(createWorld());
  for (let height = 0; height <= 12; height++) {
    const writes = Array.from({ length: RECORDS }, (_, id) => id)
      .filter((id) => id % 13 === height % 13 || id % 40 === height)
      .map((id) => write(id, id % 31 === height ? undefined : `${id}@${height}`));
    await store.commit(store.stage({ height, writes }));
  }
  return store;
}

interface Range {
  readonly records: readonly ImportedRecord[];
  readonly next: Uint8Array | undefined;
  readonly proof: RangeProof;
}

function rangeOf(source: StateStore, height: number, from: Uint8Array): Range {
  const limits = { limit: LIMIT, bytesMax: 1024 * 1024, height };
  const found = source.proveRange('all', { ...limits, ...(from.length > 0 && { from }) });
  const records = found.records.map(({ key, value }) => ({
    recordKey: key,
    treeKey: treeKeyOf(key),
    value,
    valueHash: valueHashOf(value),
    writtenAt: Number(new TextDecoder().decode(value).split('@')[1]),
  }));
  const verified = verifyRangeProof(found.root, found.range, records, found.proof);
  expect(verified.ok, 'the range proves itself').to.equal(true);
  return { records, next: found.next, proof: found.proof };
}

async function takeOne(target: StateImport, source: StateStore): Promise<boolean> {
  const { height, next } = target.progress();
  if (next === undefined) return false;
  const range = rangeOf(source, height, next);
  await target.add(range.records, range.next);
  return true;
}

describe('state: import (spec S-17)', () => {
  it('given ranges of another store, then the root, records and proofs are the same', async () => {
    const source = await createSource();
    const world = createWorld();
    const target = await openImport(world, 12);
    while (await takeOne(target, source));
    expect(target.root()).to.deep.equal(source.rootAt(12));
    await target.close();

    const joined = await openStore(world);

    expect(joined.appliedHeight()).to.equal(12);
    expect(joined.figures().records).to.equal(source.figures().records);
    for (let id = 0; id < RECORDS; id++) {
      const key = keyOf(id);
      const [ours, theirs] = [joined.prove(key), source.prove(key)];
      expect(ours, `record ${id}`).to.deep.equal(theirs);
    }
    const list = { limit: 1000 };
    expect(await joined.list({ set: 2 }, list)).to.deep.equal(await source.list({ set: 2 }, list));
  });

  it('given an imported state, when blocks follow, then both stores go the same way', async () => {
    const source = await createSource();
    const world = createWorld();
    const target = await openImport(world, 12);
    while (await takeOne(target, source));
    await target.close();
    const joined = await openStore(world);

    for (let height = 13; height < 90; height++) {
      const ids = Array.from({ length: 30 }, (_, at) => (height * 37 + at * 11) % RECORDS);
      const writes = ids.map((id) => write(id, id % 7 === 0 ? undefined : `${id}@${height}`));
      const staged = [joined, source].map((store) => store.stage({ height, writes }));
      expect(staged[0]?.root, `root of ${height}`).to.deep.equal(staged[1]?.root);
      if (staged[0] && staged[1]) {
        await joined.commit(staged[0]);
        await source.commit(staged[1]);
      }
    }

    const history = await joined.history(keyOf(1), { limit: 10 });
    const full = await source.history(keyOf(1), { limit: 10 });
    expect(history).to.deep.equal(full.slice(0, history.length));
    await joined.close();
    const again = await openStore(world);
    expect(again.rootAt(89)).to.deep.equal(source.rootAt(89));
  });

  it('given power losses at any moment, then an import goes on where it was (I20, I21)', async () => {
    const source = await createSource();
    const world = createWorld();
    let losses = 0;
    for (let round = 0; round < 100; round++) {
      const target = await openImport(world, 12);
      const before = target.progress();
      if (!(await takeOne(target, source))) break;
      // The second range of each life is cut off somewhere.
      const cut = takeOne(target, source).catch(() => false);
      if (round % 2 === 0) await Promise.resolve();
      world.disk.crash(({ size }) => Math.floor(size / 2));
      world.keyValue.crash(0);
      await cut;
      losses += 1;
      const reopened = await openImport(world, 12);
      expect(reopened.progress().records).to.be.greaterThan(before.records);
    }
    const target = await openImport(world, 12);
    expect(losses).to.be.greaterThan(2);
    expect(target.root()).to.deep.equal(source.rootAt(12));
  });

  it('given what was fetched of another snapshot, then it is refused by name', async () => {
    const source = await createSource();
    const world = createWorld();
    const target = await openImport(world, 12);
    await takeOne(target, source);
    await target.close();

    const failure = await openImport(world, 11).catch((error: unknown) => error);

    expect(failure).to.have.property('code', 'STATE_IMPORT_OTHER');
  });
});
