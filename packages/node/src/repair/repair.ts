/**
 * `daybookd repair`, on a node that is down: a block log is cut back to what is sound, so that the
 * node fetches the rest from the others; a state that is damaged is made again from the block log.
 * Votes are never touched: they stay above every block that was cut away, so that nothing is signed
 * twice.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { openDataDirectory, StateError } from '@daybook/state';
import { movedIn, segmentsIn } from '../archive/archive-files.ts';
import type { ArchiveSource } from '../archive/archive-source.ts';
import { openArchive } from '../archive/archive-source.ts';
import { createLinkingJudge } from '../archive/judge-block.ts';
import { knownSigners } from '../archive/known-signers.ts';
import type { Settings } from '../config.ts';
import { checkState } from '../deep-check.ts';
import { NodeError } from '../errors.ts';
import { describe } from '../exit-codes.ts';
import type { OfflinePlace } from '../offline.ts';
import { needData, withOfflineChain } from '../offline.ts';
import { stateKeepingOf } from '../open-state.ts';
import { installedRecoveries } from '../recovery-files.ts';
import { readLaterSets } from './later-sets.ts';
import { findLogDamage, refuseForeignLog, setDamageAside } from './log-damage.ts';
import { damagedIndexes, fetchIndexes } from './moved-damage.ts';

export interface RepairOptions {
  readonly settings: Settings;
  readonly genesis: Genesis;
  /** Only tells what is damaged. */
  readonly dryRun: boolean;
}

export interface RepairParts {
  readonly contracts: OfflinePlace['contracts'];
  /** Names the folder of what was moved aside: letters, digits and `-`. */
  readonly stamp: string;
}

export interface RepairReport {
  /** What was found and done, in lines for people. */
  readonly lines: readonly string[];
  /** Damage was found. */
  readonly isDamaged: boolean;
}

/** @throws StateError, NodeError for what cannot be repaired here: a log of another chain, a dead disk */
export async function repair(
  { settings, genesis, dryRun }: RepairOptions,
  { contracts, stamp }: RepairParts,
): Promise<RepairReport> {
  const { dataDirectory } = settings.node;
  needData(dataDirectory);
  const directory = await openDataDirectory(dataDirectory);
  try {
    const lines: string[] = [];
    const { blocks, state: stateFolder } = directory.paths;
    const hasState = fs.readdirSync(stateFolder).length > 0;
    const recoveries = installedRecoveries(dataDirectory, genesis);
    refuseForeignLog(blocks, genesis);
    const isJoined = beginsLater(blocks);
    const lost = damagedIndexes(blocks);
    if (lost.length > 0) {
      lines.push(`block log: damaged indexes of moved segments: ${lost.map(nameOf).join(', ')}`);
      if (dryRun) return { lines: [...lines, DRY_RUN], isDamaged: true };
      await fetchIndexes(blocks, lost, archiveOf(settings));
      lines.push('block log: indexes fetched again from the archive');
    }
    const place = { directory, genesis, recoveries, contracts, keeping: stateKeepingOf(settings) };
    const signers = knownSigners(genesis, recoveries, await readLaterSets(place));
    const judge = createLinkingJudge(genesis, signers);
    const damage = await findLogDamage(blocks, judge);
    const aside = path.join(dataDirectory, `damaged-${stamp}`);
    if (damage === undefined)
      lines.push('block log: every record is sound, and every block follows the one before');
    else {
      lines.push(`block log: ${damage.words}`);
      if (dryRun) return { lines: [...lines, DRY_RUN], isDamaged: true };
      setDamageAside(blocks, damage, aside);
      lines.push(`block log: ${damage.files.length} files moved to ${aside}`);
      lines.push(`block log: the node fetches the blocks from ${damage.from} on from the others`);
      // Without a block there is nothing that the state could be rolled back to.
      if (damage.from === 0) emptyState(directory);
    }
    if (dryRun && !hasState && !isJoined) return { lines: [...lines, NO_STATE], isDamaged: false };
    const state = await repairState(place, { aside, isJoined, dryRun });
    const isDamaged = lost.length > 0 || damage !== undefined || state.isDamaged;
    return { lines: [...lines, ...state.lines], isDamaged };
  } finally {
    await directory.close();
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name;

/** Where moved segments lie. @throws NodeError NODE_ARCHIVE_AWAY when no setting says it */
function archiveOf({ archive }: Settings): ArchiveSource {
  if (archive.source !== undefined) return openArchive(archive.source);
  throw new NodeError('NODE_ARCHIVE_AWAY', { detail: 'archive.source is not set.' });
}

const DRY_RUN = 'dry run: nothing was changed, and what depends on it was not looked at';

const NO_STATE = 'state: there is none; the next start makes it from the block log';

interface StateRepair {
  /** Folder for what is moved aside. */
  readonly aside: string;
  /** By a snapshot, so that there are no blocks to make the state from. */
  readonly isJoined: boolean;
  readonly dryRun: boolean;
}

/** Reads and proves every record, and starts from nothing if one does not hold. */
async function repairState(
  place: OfflinePlace,
  { aside, isJoined, dryRun }: StateRepair,
): Promise<RepairReport> {
  const { directory } = place;
  try {
    return { lines: [await proveState(place)], isDamaged: false };
  } catch (error) {
    if (!isStateDamage(error) && !(isJoined && isLogDamage(error))) throw error;
    const found = `state: ${describe(error)}`;
    if (dryRun) return { lines: [found, DRY_RUN], isDamaged: true };
    if (isJoined) return { lines: [found, ...beginAnew(directory, aside)], isDamaged: true };
    // Everything in it follows from the block log; a copy would only take the room it needs.
    emptyState(directory);
    const made = await proveState(place);
    return { lines: [found, 'state: made again from the block log', made], isDamaged: true };
  }
}

/** Nothing here leads to the state of a node that joined by a snapshot: it joins once more. */
function beginAnew({ paths }: DataDirectory, aside: string): readonly string[] {
  fs.mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const folder of [paths.state, paths.blocks]) {
    fs.renameSync(folder, path.join(aside, path.basename(folder)));
    fs.mkdirSync(folder, { mode: 0o700 });
  }
  return [
    `this node joined by a snapshot and has no blocks to make the state from: all moved to ${aside}`,
    'at its next start it joins again, as sync.mode says; the vote log stays',
  ];
}

/** Blocks that the state needs, or hashes of those before, are gone. */
function isLogDamage(error: unknown): boolean {
  if (error instanceof NodeError) return error.code === 'NODE_BLOCK_MISSING';
  return error instanceof StateError && error.code === 'STATE_BLOCK_DAMAGED';
}

/** Whether a block log has no blocks from genesis, neither here nor in an archive. */
function beginsLater(blocks: string): boolean {
  const firsts = [...movedIn(blocks), ...segmentsIn(blocks)].map(({ first }) => first);
  return firsts.length > 0 && Math.min(...firsts) > 0;
}

function emptyState({ paths }: DataDirectory): void {
  fs.rmSync(paths.state, { recursive: true, force: true });
  fs.mkdirSync(paths.state, { mode: 0o700 });
}

async function proveState(place: OfflinePlace): Promise<string> {
  return await withOfflineChain(place, async ({ engine, stateStore, openLedger }) => {
    const { ledger } = await openLedger();
    const { header, reader } = ledger.head();
    const records = await checkState(stateStore, engine.manifestOf(reader));
    return `state: height ${header.height}, ${records} records proven by the state root`;
  });
}

/** What a state made anew does not have; a disk that fails, it would. */
function isStateDamage(error: unknown): boolean {
  if (error instanceof NodeError) return error.code === 'NODE_STATE_DIVERGED';
  return error instanceof StateError && STATE_DAMAGE.has(error.code);
}

const STATE_DAMAGE: ReadonlySet<StateError['code']> = new Set([
  'STATE_DAMAGED',
  'STATE_NOT_CONTIGUOUS',
  'STATE_DATABASE_FAILED',
  'STATE_VERSION_PRUNED',
  'STATE_FORMAT_UNKNOWN',
]);
