/** Lists over an index that loses keys beneath the store: right, or refused by name, never short. */
import * as fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StateStore, StoredRecord } from '../../src/index.ts';
import { createNodeDisk, openLevel, openStateStore, StateError } from '../../src/index.ts';
import { recordIndexKey } from '../../src/store/key-space.ts';
import type { ModelState } from './model.ts';
import { applyWrites, keyOf, recordsOf, write } from './model.ts';
import {
  blocksArbitrary,
  commitAll,
  createWorld,
  expectLists,
  open,
  RETAINED,
  statesOf,
  toWrites,
} from './world.ts';

/** The whole list of a set in small pages, or 'named' when the store refused one of them. */
async function listed(store: StateStore, set: number): Promise<readonly StoredRecord[] | 'named'> {
  const records: StoredRecord[] = [];
  try {
    while (true) {
      const after = records.at(-1)?.key;
      const page = await store.list({ set }, { limit: 50, ...(after && { after }) });
      records.push(...page);
      if (page.length < 50) return records;
    }
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    expect(error.code).to.be.oneOf(['STATE_DAMAGED', 'STATE_DATABASE_FAILED']);
    return 'named';
  }
}

const valuesOf = (state: ModelState, set: number): readonly StoredRecord[] =>
  recordsOf(state, set).map(({ key, value }) => ({ key, value }));

describe('state: lists', () => {
  it('given an entry lost before the first list or after it, the list is refused (I22)', async () => {
    for (const isListedBefore of [true, false]) {
      const world = createWorld();
      const store = await open(world);
      const blocks = [Array.from({ length: 900 }, (_, id) => write(id, `${id}`))];
      await commitAll(store, blocks);
      if (isListedBefore) await expectLists(store, statesOf(blocks).at(-1) ?? new Map());
      await world.keyValue.write({ put: [], remove: [recordIndexKey(keyOf(450))] }, true);
      expect(await listed(store, keyOf(450).set), String(isListedBefore)).to.equal('named');
      await expectPartition(store);
    }
  });

  it('given any blocks with lists between them, each list is that of its height', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, fc.nat(14), fc.nat(400), async (picked, from, lost) => {
        const world = createWorld();
        const store = await open(world);
        const states = await commitListed(store, picked, from);
        const oldest = Math.max(0, picked.length - RETAINED);
        await expectLists(store, states[oldest] ?? new Map(), oldest);
        const key = keyOf(lost);
        await world.keyValue.write({ put: [], remove: [recordIndexKey(key)] }, true);
        const found = await listed(store, key.set);
        const whole = valuesOf(states.at(-1) ?? new Map(), key.set);
        const isThere = whole.some(({ key: one }) => sameName(one, key));
        // Of a record that is no more the entry may still be needed for older versions.
        expect(found).to.be.deep.oneOf(isThere ? ['named'] : ['named', whole]);
      }),
      { numRuns: 25 },
    );
  });

  it('given a version pinned beyond the window, its list has what was removed since', async () => {
    const world = createWorld();
    const store = await open(world);
    const first = Array.from({ length: 90 }, (_, id) => write(id, 'first'));
    await commitAll(store, [first]);
    await store.pin(0, 'tables');
    await commitAll(store, [first.map(({ recordKey }, id) => removal(recordKey, id))]);
    await commitAll(
      store,
      Array.from({ length: 250 }, (_, at) => [write(200, `${at}`)]),
    );
    await expectLists(store, applyWrites(new Map(), first), 0);
  });

  it('given flipped bytes in the tables of LevelDB, lists are right or refused (F7)', async () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-lists-'));
    try {
      const states = await fillLevel(path.join(root, 'whole'));
      const seen = new Set<string>();
      for (let at = 0; at < 6; at++) {
        const copy = path.join(root, 'copy');
        fs.cpSync(path.join(root, 'whole'), copy, { recursive: true });
        flipTables(path.join(copy, 'index'), at);
        seen.add(await readDamaged(copy, states));
        fs.rmSync(copy, { recursive: true });
      }
      expect([...seen]).to.include('named');
    } finally {
      fs.rmSync(root, { recursive: true, force: true });
    }
  });
});

/** Commits blocks with lists beside and after each from a height on; the model after each. */
async function commitListed(
  store: StateStore,
  picked: readonly Parameters<typeof toWrites>[1][],
  from: number,
): Promise<readonly ModelState[]> {
  const states: ModelState[] = [];
  for (const [height, picks] of picked.entries()) {
    const writes = toWrites(height, picks);
    const state = applyWrites(states.at(-1) ?? new Map(), writes);
    states.push(state);
    const commit = commitAll(store, [writes]);
    if (height >= from) await Promise.all([commit, store.list({ set: 1 }, { limit: 1000 })]);
    await commit;
    if (height >= from) await expectLists(store, state);
  }
  return states;
}

const removal = (recordKey: ReturnType<typeof keyOf>, id: number) => ({
  ...write(id, undefined),
  recordKey,
});

const sameName = (a: StoredRecord['key'], b: StoredRecord['key']): boolean =>
  Buffer.compare(recordIndexKey(a), recordIndexKey(b)) === 0;

/** Other sets are not touched by the damage of one. */
async function expectPartition(store: StateStore): Promise<void> {
  const other = 1 + (keyOf(450).set % 3);
  expect(await listed(store, other)).to.have.length(300);
}

async function fillLevel(directory: string): Promise<readonly ModelState[]> {
  const store = await openStateStore(
    { directory },
    { disk: createNodeDisk(), openKeyValue: openLevel },
  );
  const blocks = Array.from({ length: 4 }, (_, block) =>
    Array.from({ length: 400 }, (_, id) => write(block * 400 + id, `${id}@${block}`)),
  );
  await commitAll(store, blocks);
  await store.close();
  // An open writes its log into a table.
  await (await openLevel(path.join(directory, 'index'))).close();
  return statesOf(blocks);
}

function flipTables(index: string, seed: number): void {
  for (const name of fs.readdirSync(index).filter((one) => one.endsWith('.ldb'))) {
    const file = path.join(index, name);
    const bytes = fs.readFileSync(file);
    for (let flip = 0; flip < 3; flip++) {
      const at = Math.floor(((seed * 3 + flip) * 0.618_033_988_7 * bytes.length) % bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (seed % 8));
    }
    fs.writeFileSync(file, bytes);
  }
}

/** Everything that a damaged store answers is right; 'named' when it refused something. */
async function readDamaged(
  directory: string,
  states: readonly ModelState[],
): Promise<'named' | 'right'> {
  let store: StateStore;
  try {
    const parts = { disk: createNodeDisk(), openKeyValue: openLevel };
    store = await openStateStore({ directory }, parts);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return 'named';
  }
  try {
    let outcome: 'named' | 'right' = 'right';
    const state = states[store.appliedHeight() ?? -1] ?? new Map();
    for (const set of [1, 2, 3]) {
      const found = await listed(store, set);
      if (found === 'named') outcome = 'named';
      else expect(found).to.deep.equal(valuesOf(state, set));
    }
    return outcome;
  } finally {
    await store.close();
  }
}
