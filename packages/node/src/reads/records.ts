/** The API's `Records` port over the state store; what is no longer kept is refused by name. */
import type { Height, RecordKey, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import { StateError } from '@daybook/state';
import type { Head, Placement, Records, Refusal } from '../api/ports.ts';
import type { BlockReader } from '../archive/block-reader.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { StoredResult } from '../ledger/stored-result.ts';
import { decodeStoredResult } from '../ledger/stored-result.ts';
import { recordsFrom } from '../snapshot/serve.ts';
import { createTurns } from '../turns.ts';
import { headOf } from './chain.ts';
import type { ProofParts } from './proofs.ts';
import { buildListBundle, buildProofBundle } from './proofs.ts';
import type { VersionParts } from './versions.ts';
import { buildVersionBundle } from './versions.ts';

export interface RecordsParts extends ProofParts, Omit<VersionParts, 'versionsOf'> {
  readonly ledger: Ledger;
  readonly blocks: BlockReader;
  /** Puts a refused transaction in words. */
  readonly explainResult: (stored: StoredResult) => Refusal | undefined;
}

function pruned(height: Height, head: Height): Refusal {
  const code = height > head ? 'NODE_STATE_UNKNOWN' : 'NODE_STATE_PRUNED';
  const detail =
    height > head
      ? `Height ${height} is above the head at ${head}.`
      : `The state of height ${height} is no longer kept here.`;
  return { code, detail };
}

const EARLY_DETAIL = 'No validator has signed genesis, so nothing proves its state by itself.';

function isPruned(error: unknown): boolean {
  return error instanceof StateError && error.failure.code === 'STATE_VERSION_PRUNED';
}

/** The way to an old version may be long: however many ask, only one is on it. */
function versionsInTurn(stateStore: StateStore): VersionParts['versionsOf'] {
  const inTurn = createTurns(1);
  return (key, options) => inTurn(() => stateStore.history(key, options));
}

export function createRecords(parts: RecordsParts): Records {
  const { ledger, stateStore, blocks, blockLog } = parts;
  const versionsOf = versionsInTurn(stateStore);
  const headHeight = (): Height => ledger.head().header.height;
  /** What a height proves, or why it cannot be told. */
  const provenAt = async (
    height: Height,
    build: () => Promise<Uint8Array | undefined>,
  ): Promise<Result<Uint8Array, Refusal>> => {
    if (height === 0) return fail({ code: 'NODE_PROOF_EARLY', detail: EARLY_DETAIL });
    if (height > headHeight()) return fail(pruned(height, headHeight()));
    try {
      const bundle = await build();
      if (bundle !== undefined) return ok(bundle);
      const detail = 'No contract of this chain owns that record set.';
      return fail({ code: 'NODE_RECORD_SET_UNKNOWN', detail });
    } catch (error) {
      if (isPruned(error)) return fail(pruned(height, headHeight()));
      throw error;
    }
  };
  /** What is read at a height with the head as it was then, or why it cannot be told. */
  const readAt = async <T>(
    height: Height,
    read: () => T | Promise<T>,
  ): Promise<Result<{ readonly head: Head; readonly found: T }, Refusal>> => {
    const head = headOf(ledger.head());
    if (height > head.height) return fail(pruned(height, head.height));
    try {
      return ok({ head, found: await read() });
    } catch (error) {
      if (isPruned(error)) return fail(pruned(height, head.height));
      throw error;
    }
  };
  return {
    get: async (key: RecordKey, height = headHeight()) => {
      const read = await readAt(height, () => stateStore.view(height).get(key));
      return read.ok ? ok({ head: read.value.head, value: read.value.found }) : read;
    },
    list: async ({ set, partition }, { after, limit, height = headHeight() }) => {
      const range = { set, ...(partition && { partition }) };
      const options = { limit, height, ...(after && { after }) };
      const read = await readAt(height, () => stateStore.list(range, options));
      return read.ok ? ok({ head: read.value.head, records: read.value.found }) : read;
    },
    history: async (key, range) => {
      const head = headOf(ledger.head());
      const versions = await versionsOf(key, range);
      return { head, versions, completeFrom: stateStore.historyFrom() };
    },
    blockTime: (height) => blockLog.blockTimeAt(height),
    prove: async (key, height = headHeight()) => {
      const proven = await provenAt(height, () => buildProofBundle(key, height, parts));
      const isGone = !proven.ok && proven.reason.code === 'NODE_STATE_PRUNED';
      if (!isGone) return proven;
      // The state is gone, but not what the block wrote.
      const heights = { height, head: headHeight() };
      const older = await buildVersionBundle(key, heights, { ...parts, versionsOf });
      return older === undefined ? proven : ok(older);
    },
    proveList: async (place, { from, height = headHeight() }) =>
      await provenAt(height, () =>
        buildListBundle(place, { height, ...(from && { from }) }, parts),
      ),
    subtree: async (place, height = headHeight()) => {
      const read = await readAt(height, () => stateStore.subtree(place, height));
      return read.ok ? ok({ head: read.value.head, shown: read.value.found }) : read;
    },
    range: async ({ from, height = headHeight() }) => {
      const read = await readAt(height, () => recordsFrom(stateStore, { height, from }));
      return read.ok ? ok(read.value.found) : read;
    },
    explain: async ({ height, index }: Placement) => {
      const stored = (await blocks.readBlock(height))?.results[index];
      return stored && parts.explainResult(decodeStoredResult(stored));
    },
  };
}
