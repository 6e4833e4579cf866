/**
 * The state of genesis, for proofs of what it wrote: no node keeps it for long, and it follows from
 * the document. Made in memory when it is first asked for, and then kept: it is small.
 */
import type { StateWrite } from '@daybook/contracts';
import type { RecordKey } from '@daybook/core';
import { encodeStateProof } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import { createMemoryDisk, createMemoryKeyValue } from '@daybook/state';
import { openState } from '../open-state.ts';

export interface FoundingState {
  /** The encoded path of a record to the state root of genesis. */
  prove(recordKey: RecordKey): Promise<Uint8Array>;
}

const CACHE_BYTES = 1024 * 1024;

/** @param writes  those of height 0 */
export function createFoundingState(writes: () => readonly StateWrite[]): FoundingState {
  let store: Promise<StateStore> | undefined;
  return {
    prove: async (recordKey) => {
      store ??= makeStore(writes());
      return encodeStateProof((await store).prove(recordKey).proof);
    },
  };
}

async function makeStore(writes: readonly StateWrite[]): Promise<StateStore> {
  const parts = { disk: createMemoryDisk(), openKeyValue: async () => createMemoryKeyValue() };
  const store = await openState('/founding', { cacheBytes: CACHE_BYTES }, parts);
  await store.commit(store.stage({ height: 0, writes }));
  return store;
}
