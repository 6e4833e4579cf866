/**
 * What a backup needs that does not begin with genesis: the state of one of its blocks is taken over
 * range by range, as from a snapshot, and everything that leads from genesis to that block is checked.
 */
import type { Height } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { createNodeDisk, openEarlierHashes, openLevel } from '@daybook/state';
import { NodeError } from '../errors.ts';
import type { OfflinePlace } from '../offline.ts';
import { openImport } from '../open-state.ts';
import { readLaterSets } from '../repair/later-sets.ts';
import { findLogDamage } from '../repair/log-damage.ts';
import { readBeginning } from '../snapshot/beginning.ts';
import { rootOfFirst } from '../snapshot/fetch-hashes.ts';
import { fetchRecords } from '../snapshot/fetch-records.ts';
import { followSets } from '../snapshot/set-chain.ts';
import { createFollowingJudge } from './judge-block.ts';
import { knownSigners } from './known-signers.ts';
import { headerIn, stateFiles, unusable } from './state-files.ts';

/**
 * Fills the state of a directory whose block log is in place already.
 * @param source  folder of the backup
 * @param height  whose state lies in it
 * @throws NodeError NODE_BACKUP_UNUSABLE, NODE_BEGINNING_DAMAGED; StateError
 */
export async function restoreState(
  source: string,
  height: Height,
  place: OfflinePlace,
): Promise<void> {
  const { blocks } = place.directory.paths;
  await importState(source, height, place);
  const { genesis, recoveries } = place;
  const begun = followSets(genesis, readBeginning(blocks, createNodeDisk()), recoveries);
  if (!begun.ok) throw new NodeError('NODE_BEGINNING_DAMAGED', { detail: `${begun.reason}.` });
  // Sets that followed are told by the state, and believed where a header has named them.
  const signers = knownSigners(genesis, recoveries, await readLaterSets(place));
  const judge = createFollowingJudge(place, { signers, begun: begun.value });
  const damage = await findLogDamage(blocks, judge);
  if (damage !== undefined) throw unusable(source, damage.words);
  await checkEarlierHashes(source, blocks);
}

/** They are the history that the first block after them commits to. */
async function checkEarlierHashes(source: string, blocks: string): Promise<void> {
  const disk = createNodeDisk();
  const earlier = openEarlierHashes(blocks, disk);
  const count = earlier?.count ?? 0;
  earlier?.close();
  const root = await rootOfFirst(count, blocks, { disk, breathe: () => Promise.resolve() });
  if (root !== undefined && equalBytes(root, headerIn(blocks, count).historyRoot)) return;
  throw unusable(source, 'earlier-hashes.bin is of another history than its blocks');
}

async function importState(source: string, height: Height, place: OfflinePlace): Promise<void> {
  const { directory, keeping } = place;
  const { cacheBytes } = keeping;
  const header = headerIn(directory.paths.blocks, height);
  const target = await openImport(
    { directory: directory.paths.state, height, ...(cacheBytes !== undefined && { cacheBytes }) },
    { disk: createNodeDisk(), openKeyValue: openLevel },
  );
  try {
    const parts = { sources: stateFiles(source, height), onProgress: () => undefined };
    await fetchRecords({ header }, target, parts);
    if (equalBytes(target.root(), header.stateRoot)) return;
    throw unusable(source, `its records are not the state of block ${height}`);
  } finally {
    await target.close();
  }
}
