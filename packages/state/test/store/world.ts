/** A small machine with a state store, and what all tests of the store ask of it. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import type { StateError, StateStore, StateStoreOptions, StateWrite } from '../../src/index.ts';
import { createMemoryDisk, openStateStore } from '../../src/index.ts';
import type { MemoryKeyValue } from '../../src/store/key-value.ts';
import { createMemoryKeyValue } from '../../src/store/key-value.ts';
import type { ModelState } from './model.ts';
import { applyWrites, keyOf, nameOf, recordsOf, rootOf, write } from './model.ts';

/** A machine: what survives when a store of it is closed or its power is cut. */
export interface World {
  readonly disk: MemoryDisk;
  readonly keyValue: MemoryKeyValue;
}

/** Heights that stay readable in these tests. */
export const RETAINED = 6;

export const createWorld = (): World => ({
  disk: createMemoryDisk(),
  keyValue: createMemoryKeyValue(),
});

/** No test may meet damage that it did not make. */
function unexpected(damage: StateError): never {
  throw new Error(`damage was told: ${damage.message}`);
}

/** Opens the store of a world. Small segments and caches, so that little data reaches every case. */
export function open(
  { disk, keyValue }: World,
  options: Partial<StateStoreOptions> = {},
  onDamage: (damage: StateError) => void = unexpected,
): Promise<StateStore> {
  const small = { segmentBytes: 64 * 1024, cacheBytes: 20_000, retainedHeights: RETAINED };
  return openStateStore(
    { directory: 'state', ...small, ...options },
    { disk, openKeyValue: async () => keyValue, onDamage },
  );
}

/** Commits blocks above the newest one. */
export async function commitAll(
  store: StateStore,
  blocks: readonly (readonly StateWrite[])[],
): Promise<void> {
  for (const writes of blocks) {
    const height = (store.appliedHeight() ?? -1) + 1;
    await store.commit(store.stage({ height, writes }));
  }
}

/** Root and values of a version are those of the model. */
export function expectState(store: StateStore, state: ModelState, height: number): void {
  expect(store.rootAt(height), `root of ${height}`).to.deep.equal(rootOf(state));
  const view = store.view(height);
  for (let id = 0; id < 60; id++) {
    const expected = state.get(nameOf(keyOf(id)))?.value;
    expect(view.get(keyOf(id)), `record ${id} at ${height}`).to.deep.equal(expected);
  }
}

export const writesArbitrary = fc.array(
  fc.tuple(fc.nat(400), fc.option(fc.nat(5), { nil: undefined })),
  {
    maxLength: 40,
  },
);
export const blocksArbitrary = fc.array(writesArbitrary, { minLength: 1, maxLength: 14 });

/** The salt of values as long as the pieces of memory in which records are put together and read. */
const LONG_SALT = 5;

/** Writes of a block: values differ by height, as stored values do. */
export function toWrites(
  height: number,
  picks: readonly (readonly [number, number | undefined])[],
): StateWrite[] {
  return picks.map(([id, salt]) =>
    write(id, salt === undefined ? undefined : textOf(id, height, salt)),
  );
}

function textOf(id: number, height: number, salt: number): string {
  const text = `${id}@${height}/${salt}`;
  if (salt !== LONG_SALT) return text;
  const shape = id + 7 * height;
  return text.padEnd((shape % 2 === 0 ? 1480 : 1990) + (shape % 64), '.');
}

/** The model after each block. */
export function statesOf(blocks: readonly (readonly StateWrite[])[]): ModelState[] {
  const states: ModelState[] = [];
  for (const writes of blocks) states.push(applyWrites(states.at(-1) ?? new Map(), writes));
  return states;
}

/** Lists of all sets are those of the model. */
export async function expectLists(
  store: StateStore,
  state: ModelState,
  height?: number,
): Promise<void> {
  for (const set of [1, 2, 3]) {
    const listed = await store.list(
      { set },
      { limit: 1000, ...(height !== undefined && { height }) },
    );
    const expected = recordsOf(state, set).map(({ key, value }) => ({ key, value }));
    expect(listed, `set ${set}`).to.deep.equal(expected);
  }
}

/** Blocks that change 60 of 400 records each. */
export const busy = (rounds: number): StateWrite[][] =>
  Array.from({ length: rounds }, (_, round) =>
    Array.from({ length: 60 }, (_, at) => write((round * 37 + at * 11) % 400, `${round}/${at}`)),
  );
