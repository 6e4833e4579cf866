/**
 * The chain of a data directory, without network and without signing: what the verbs of `daybookd`
 * open that work on a node that is down, or on a directory of their own.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Engine } from '@daybook/contracts';
import { createEngine } from '@daybook/contracts';
import type { Genesis, RecoveryFile } from '@daybook/core';
import type { BlockLog, DataDirectory, StateStore } from '@daybook/state';
import { createNodeDisk, openBlockLog, openSuspectLevel } from '@daybook/state';
import { createSystemClock } from './clock.ts';
import { NodeError } from './errors.ts';
import { createExecutor } from './ledger/executor.ts';
import type { LedgerOpening } from './ledger/open-ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import type { StateKeeping } from './open-state.ts';
import { openState } from './open-state.ts';
import { createSignatureVerifier } from './signatures.ts';

export interface OfflinePlace {
  readonly directory: DataDirectory;
  readonly genesis: Genesis;
  readonly recoveries: readonly RecoveryFile[];
  /** Contracts of this release; those of `@daybook/applications` in production. */
  readonly contracts: Parameters<typeof createEngine>[0];
  /** Bound of the cache of tree nodes. */
  readonly keeping: StateKeeping;
}

export interface OfflineChain {
  readonly engine: Engine;
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  /** Lays genesis in an empty directory and executes forward to the head, as a start does. */
  openLedger(): Promise<LedgerOpening>;
}

/**
 * Opens block log and state, and closes whatever was opened when `use` has ended.
 * @throws StateError; NodeError from `openLedger`
 */
export async function withOfflineChain<T>(
  { directory, genesis, recoveries, contracts, keeping }: OfflinePlace,
  use: (chain: OfflineChain) => Promise<T>,
): Promise<T> {
  const disk = createNodeDisk();
  const blockLog = await openBlockLog({ directory: directory.paths.blocks }, { disk });
  try {
    const parts = { disk, openKeyValue: openSuspectLevel };
    const stateStore = await openState(directory.paths.state, keeping, parts);
    try {
      const engine = createEngine(contracts);
      const executor = createExecutor(engine, genesis, recoveries);
      const signatures = createSignatureVerifier(createSystemClock());
      const known = (): undefined => undefined;
      const parts = { blockLog, stateStore, executor, signatures, known };
      return await use({
        engine,
        blockLog,
        stateStore,
        openLedger: () => openLedger(genesis, parts),
      });
    } finally {
      await stateStore.close();
    }
  } finally {
    await blockLog.close();
  }
}

/**
 * What `openDataDirectory` would make anew is no node's: a wrong path must not look sound.
 * @throws NodeError NODE_DATA_NONE
 */
export function needData(dataDirectory: string): void {
  const parts = ['format.json', 'blocks', 'state'];
  if (parts.some((name) => fs.existsSync(path.join(dataDirectory, name)))) return;
  throw new NodeError('NODE_DATA_NONE', { detail: `${dataDirectory}.` });
}
