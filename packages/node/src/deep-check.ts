/**
 * `daybookd check --deep` (protocol §12, recovery 2): reads every record of the state and proves it
 * against the state root of the head, so that no part of the tree or of the values goes unseen. The
 * end of the chain, its certificates and its links are checked when the ledger is opened.
 */
import { applications as contracts } from '@daybook/applications';
import type { Manifest } from '@daybook/contracts';
import type { Genesis, RecordKey } from '@daybook/core';
import { equalBytes, treeKeyOf, valueHashOf, verifyStateProof } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import { openDataDirectory } from '@daybook/state';
import type { Settings } from './config.ts';
import { NodeError } from './errors.ts';
import { needData, withOfflineChain } from './offline.ts';
import { stateKeepingOf } from './open-state.ts';
import { installedRecoveries } from './recovery-files.ts';
import { recordSetsOf } from './walk-lists.ts';

export interface DeepReport {
  readonly height: number;
  readonly records: number;
}

const PAGE = 1000;

function differs(detail: string): NodeError {
  return new NodeError('NODE_STATE_DIVERGED', { detail });
}

function checkRecord(stateStore: StateStore, key: RecordKey, listed: Uint8Array): void {
  const { root, value, proof } = stateStore.prove(key);
  const claim = verifyStateProof(root, treeKeyOf(key), proof);
  const isProven =
    claim.ok &&
    claim.value.kind === 'present' &&
    equalBytes(claim.value.valueHash, valueHashOf(listed));
  if (isProven && value !== undefined && equalBytes(value, listed)) return;
  throw differs(`A record of set ${key.set} is not proven by the state root.`);
}

async function checkSet(stateStore: StateStore, set: number): Promise<number> {
  let count = 0;
  for (let after: RecordKey | undefined; ; ) {
    const page = await stateStore.list({ set }, { limit: PAGE, ...(after && { after }) });
    for (const { key, value } of page) {
      checkRecord(stateStore, key, value);
      after = key;
    }
    count += page.length;
    if (page.length < PAGE) return count;
  }
}

/**
 * Proves every record there is, and looks for the history of those that were removed.
 * @returns how many there are
 * @throws NodeError NODE_STATE_DIVERGED, StateError when something fails its checksum
 */
export async function checkState(stateStore: StateStore, manifest: Manifest): Promise<number> {
  let count = 0;
  for (const set of recordSetsOf(manifest)) count += await checkSet(stateStore, set);
  await stateStore.checkRemovals();
  const { records } = stateStore.figures();
  if (count === records) return count;
  throw differs(`The tree has ${records} records, ${count} can be listed.`);
}

/** Checks the data directory of a node that is down. @throws as `openLedger` and `checkState` */
export async function checkDeeply(settings: Settings, genesis: Genesis): Promise<DeepReport> {
  const { dataDirectory } = settings.node;
  needData(dataDirectory);
  const directory = await openDataDirectory(dataDirectory);
  try {
    const recoveries = installedRecoveries(dataDirectory, genesis);
    const place = { directory, genesis, recoveries, contracts, keeping: stateKeepingOf(settings) };
    return await withOfflineChain(place, async ({ engine, stateStore, openLedger }) => {
      const { ledger } = await openLedger();
      const { header, reader } = ledger.head();
      const records = await checkState(stateStore, engine.manifestOf(reader));
      return { height: header.height, records };
    });
  } finally {
    await directory.close();
  }
}
