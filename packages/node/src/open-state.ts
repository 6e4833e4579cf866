/**
 * How a node opens its state store, in one place: whoever opens it otherwise would drop what another
 * keeps. The validator sets of the past are kept whole, for proofs lead over them from genesis.
 */
import { governance } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { LIMITS } from '@daybook/core';
import type {
  HistoryRule,
  StateImport,
  StateImportOptions,
  StateStore,
  StateStoreParts,
} from '@daybook/state';
import { openStateImport, openStateStore } from '@daybook/state';
import type { Settings } from './config.ts';
import { recordSetNamed } from './directory-nodes.ts';

/** What a node's settings say about its state. */
export interface StateKeeping {
  /** Bound of the cache of tree nodes; the store's own by default. */
  readonly cacheBytes?: number;
  /** What becomes of the values of older versions; all are kept by default. */
  readonly history?: HistoryRule;
}

const validatorSets = recordSetNamed(
  buildManifest([governance.definition]),
  'governance',
  'validators',
);
const KEPT_SETS: ReadonlySet<number> = new Set([validatorSets.set]);

export function stateKeepingOf({ state }: Pick<Settings, 'state'>): Required<StateKeeping> {
  return { cacheBytes: state.cacheBytesMax, history: state.recordHistory };
}

/** As `openState`, for what is taken over from others. @throws StateError */
export function openImport(
  { directory, height, cacheBytes }: Omit<StateImportOptions, 'keptSets'>,
  parts: StateStoreParts,
): Promise<StateImport> {
  const cache = cacheBytes === undefined ? {} : { cacheBytes };
  return openStateImport({ directory, height, ...cache, keptSets: KEPT_SETS }, parts);
}

/** @throws StateError */
export function openState(
  directory: string,
  { cacheBytes, history }: StateKeeping,
  parts: StateStoreParts,
): Promise<StateStore> {
  return openStateStore(
    {
      directory,
      ...(cacheBytes !== undefined && { cacheBytes }),
      ...(history !== undefined && { history }),
      retainedHeights: LIMITS.retainedHeights,
      keptSets: KEPT_SETS,
    },
    parts,
  );
}
