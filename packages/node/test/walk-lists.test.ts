/** A list that lost entries is named without anybody asking for it. */
import { applications } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { treeKeyOf } from '@daybook/core';
import type { MemoryKeyValue, StateStore } from '@daybook/state';
import { createMemoryDisk, createMemoryKeyValue, openStateStore } from '@daybook/state';
import { expect } from 'chai';
import { createFoundDamage } from '../src/found-damage.ts';
import { createLogger } from '../src/log.ts';
import { recordSetsOf, walkLists } from '../src/walk-lists.ts';

const manifest = buildManifest(applications.map(({ definition }) => definition));
const set = recordSetsOf(manifest).at(-2) ?? 0;
const RECORDS = 450;

async function fill(keyValue: MemoryKeyValue): Promise<StateStore> {
  const parts = { disk: createMemoryDisk(), openKeyValue: async () => keyValue };
  const store = await openStateStore({ directory: 'state' }, parts);
  const writes = Array.from({ length: RECORDS }, (_, id) => {
    const recordKey = { set, key: Uint8Array.of(id >> 8, id & 255) };
    return { recordKey, treeKey: treeKeyOf(recordKey), value: Uint8Array.of(1) };
  });
  await store.commit(store.stage({ height: 0, writes }));
  return store;
}

/** Walks without pauses until damage is found, or all lists were read twice. */
async function walk(stateStore: StateStore): Promise<string | undefined> {
  const damage = createFoundDamage(
    createLogger({ level: 'error', format: 'json' }, { write: () => true }),
  );
  let pages = 0;
  let stop: (() => Promise<void>) | undefined;
  await new Promise<void>((resolve, reject) => {
    const schedule = (_delayMs: number, task: () => void) => {
      pages += 1;
      const isDone = damage.report() !== undefined || pages > 3 * recordSetsOf(manifest).length;
      const timer = setImmediate(isDone ? resolve : task);
      return () => clearImmediate(timer);
    };
    const clock = { now: () => 0, wall: () => 0, soon: () => undefined, schedule };
    const parts = { clock, stateStore, manifest: () => manifest, damage, onFatal: reject };
    stop = walkLists(parts);
  });
  await stop?.();
  return damage.report()?.first;
}

describe('node: walk through all lists', () => {
  it('given whole lists, then nothing is found', async () => {
    expect(await walk(await fill(createMemoryKeyValue()))).to.equal(undefined);
  });

  it('given an entry that vanished from the database, then its list is named (I22)', async () => {
    const keyValue = createMemoryKeyValue();
    const store = await fill(keyValue);
    const prefix = Uint8Array.of('k'.charCodeAt(0));
    const to = Uint8Array.of('k'.charCodeAt(0) + 1);
    const entries = await keyValue.scan({ from: prefix, to, limit: RECORDS });
    await keyValue.write({ put: [], remove: [entries[300]?.[0] ?? prefix] }, true);

    const found = await walk(store);

    expect(found).to.contain(`list of record set ${set}`);
    expect(found).to.contain('449 records of a part that has 450');
  });
});
