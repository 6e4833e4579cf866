/**
 * Sets after genesis's that a data directory tells of: those of before a snapshot, and those that
 * the state has recorded. A state that cannot be read tells of none; then fewer certificates can be
 * checked, and the rest shows when the chain is executed.
 */
import { createEngine } from '@daybook/contracts';
import type { ValidatorSet } from '@daybook/core';
import { createNodeDisk, openSuspectLevel, StateError } from '@daybook/state';
import { NodeError } from '../errors.ts';
import { readKnownSets } from '../governance-reads.ts';
import type { OfflinePlace } from '../offline.ts';
import { openState } from '../open-state.ts';
import { readBeginning } from '../snapshot/beginning.ts';
import { followSets } from '../snapshot/set-chain.ts';

/** @throws NodeError NODE_BEGINNING_DAMAGED */
export async function readLaterSets(place: OfflinePlace): Promise<readonly ValidatorSet[]> {
  const { genesis, recoveries, directory } = place;
  const changes = readBeginning(directory.paths.blocks, createNodeDisk());
  const begun = followSets(genesis, changes, recoveries);
  if (!begun.ok) throw new NodeError('NODE_BEGINNING_DAMAGED', { detail: `${begun.reason}.` });
  const known = [...begun.value.later, ...(await readRecorded(place))];
  return known.map(({ validators }) => validators);
}

async function readRecorded({ directory, contracts, keeping }: OfflinePlace) {
  const parts = { disk: createNodeDisk(), openKeyValue: openSuspectLevel };
  // Opening would make one, which a dry run must not.
  if (parts.disk.list(directory.paths.state).length === 0) return [];
  try {
    const stateStore = await openState(directory.paths.state, keeping, parts);
    try {
      if (stateStore.appliedHeight() === undefined) return [];
      return await readKnownSets(stateStore, createEngine(contracts).manifestOf(stateStore.view()));
    } finally {
      await stateStore.close();
    }
  } catch (error) {
    if (error instanceof StateError) return [];
    throw error;
  }
}
