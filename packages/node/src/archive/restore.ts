/**
 * `daybookd restore`: an empty data directory filled from a backup. Nothing in the backup is believed:
 * files are compared with its list, then the chain is executed from genesis, which makes the state.
 * Votes and keys are in no backup, so that a validator asks the others what it has signed
 * (protocol §13) before it signs again. A backup of a node that joined by a snapshot begins with the
 * state of one of its blocks instead, proven by that block.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis } from '@daybook/core';
import { equalBytes, toHex } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { openDataDirectory, segmentHeight } from '@daybook/state';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
import type { Tip } from '../ledger/tip.ts';
import type { OfflinePlace } from '../offline.ts';
import { withOfflineChain } from '../offline.ts';
import { stateKeepingOf } from '../open-state.ts';
import { installedRecoveries } from '../recovery-files.ts';
import type { ArchiveManifest } from './archive-files.ts';
import {
  describeFile,
  GENESIS_FILE,
  genesisIn,
  manifestIn,
  RECOVERY_FOLDER,
} from './archive-files.ts';
import { restoreState } from './restore-state.ts';
import { EARLIER_FILES, unusable } from './state-files.ts';

export interface RestoreReport {
  readonly height: number;
  /** 64 hexadecimal digits. */
  readonly blockHash: string;
  readonly segments: number;
  /** Height whose state was taken over; what follows it was executed. */
  readonly from: number;
}

/**
 * @param source  folder of a backup
 * @throws NodeError NODE_BACKUP_UNUSABLE, NODE_RESTORE_OCCUPIED, NODE_GENESIS_MISMATCH and those of
 *   `openLedger`; StateError. The data directory is then as empty as it was.
 */
export async function restoreBackup(
  { settings, source }: { readonly settings: Settings; readonly source: string },
  { contracts }: Pick<OfflinePlace, 'contracts'>,
): Promise<RestoreReport> {
  const { manifest, genesis } = readBackup(source);
  checkGenesisFile(settings.node.genesisFile, genesis);
  const { dataDirectory } = settings.node;
  const directory = await openDataDirectory(dataDirectory);
  try {
    refuseOccupied(directory);
    try {
      const segments = copyFiles(source, manifest, { directory, dataDirectory });
      const recoveries = installedRecoveries(dataDirectory, genesis);
      const place = {
        directory,
        genesis,
        recoveries,
        contracts,
        keeping: stateKeepingOf(settings),
      };
      const { header, hash } = await openRestored(source, manifest, place);
      putGenesis(source, settings.node.genesisFile);
      const { stateHeight: from = 0 } = manifest;
      return { height: header.height, blockHash: toHex(hash), segments, from };
    } catch (error) {
      for (const folder of [directory.paths.blocks, directory.paths.state]) emptyFolder(folder);
      throw error;
    }
  } finally {
    await directory.close();
  }
}

/**
 * Makes the state of a directory that has the files of a backup.
 * @returns its head
 * @throws NodeError NODE_BACKUP_UNUSABLE and those of `openLedger`; StateError
 */
export async function openRestored(
  source: string,
  { stateHeight }: Pick<ArchiveManifest, 'stateHeight'>,
  place: OfflinePlace,
): Promise<Tip> {
  if (stateHeight !== undefined) await restoreState(source, stateHeight, place);
  return await withOfflineChain(place, async ({ openLedger }) =>
    (await openLedger()).ledger.head(),
  );
}

function readBackup(source: string): {
  readonly manifest: ArchiveManifest;
  readonly genesis: Genesis;
} {
  const manifest = manifestIn(source);
  if (manifest === undefined || manifest === 'damaged') {
    throw unusable(source, 'archive.json is missing');
  }
  if (manifest.first !== 0 && manifest.stateHeight === undefined) {
    throw unusable(
      source,
      `it begins at height ${manifest.first}, and the state of no block is in it`,
    );
  }
  for (const { name, size, sha256 } of manifest.files) {
    const file = path.join(source, name);
    if (!fs.existsSync(file)) throw unusable(source, `${name} is missing`);
    const actual = describeFile(name, fs.readFileSync(file));
    if (actual.size !== size || actual.sha256 !== sha256) {
      throw unusable(source, `${name} has not the size and hash it is listed with`);
    }
  }
  const genesis = genesisIn(source);
  if (genesis === undefined) throw unusable(source, `${GENESIS_FILE} cannot be used`);
  return { manifest, genesis };
}

/** The operator's own genesis decides; a backup of another chain is not restored under it. */
function checkGenesisFile(file: string, genesis: Genesis): void {
  if (!fs.existsSync(file)) return;
  const own = genesisIn(path.dirname(file), path.basename(file));
  if (own !== undefined && equalBytes(own.chain, genesis.chain)) return;
  const found = own === undefined ? 'an unusable file' : toHex(own.chain);
  const detail = `The backup is of chain ${toHex(genesis.chain)}; ${file}: ${found}.`;
  throw new NodeError('NODE_GENESIS_MISMATCH', { detail });
}

function refuseOccupied({ paths }: DataDirectory): void {
  for (const folder of [paths.blocks, paths.state]) {
    if (fs.readdirSync(folder).length === 0) continue;
    throw new NodeError('NODE_RESTORE_OCCUPIED', { detail: `${folder}.` });
  }
}

/** @returns how many segments */
export function copyFiles(
  source: string,
  { files }: ArchiveManifest,
  to: { readonly directory: DataDirectory; readonly dataDirectory: string },
): number {
  const { blocks } = to.directory.paths;
  let segments = 0;
  for (const { name } of files) {
    const isSegment = segmentHeight(name) !== undefined;
    const isOfBlocks = isSegment || EARLIER_FILES.includes(name);
    const isRecovery = name.startsWith(`${RECOVERY_FOLDER}/`);
    if (isSegment) segments += 1;
    // Indexes are made again from the segments, tiles are for readers.
    if (!isOfBlocks && !isRecovery) continue;
    const target = path.join(isOfBlocks ? blocks : to.dataDirectory, name);
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    const bytes = fs.readFileSync(path.join(source, name));
    fs.writeFileSync(target, bytes, { flush: true, mode: 0o600 });
  }
  return segments;
}

function putGenesis(source: string, file: string): void {
  if (fs.existsSync(file)) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, fs.readFileSync(path.join(source, GENESIS_FILE)), { flush: true });
}

function emptyFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { mode: 0o700 });
}
