/**
 * `daybookd restore`: an empty data directory filled from a backup. Nothing in the backup is believed:
 * files are compared with its list, then the chain is executed from genesis, which makes the state.
 * Votes and keys are in no backup, so that a validator asks the others what it has signed
 * (protocol §13) before it signs again.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis } from '@daybook/core';
import { equalBytes, toHex } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { openDataDirectory, segmentHeight } from '@daybook/state';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
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
import type { VerifyParts } from './verify-archive.ts';

export interface RestoreReport {
  readonly height: number;
  /** 64 hexadecimal digits. */
  readonly blockHash: string;
  readonly segments: number;
}

/**
 * @param source  folder of a backup
 * @throws NodeError NODE_BACKUP_UNUSABLE, NODE_RESTORE_OCCUPIED, NODE_GENESIS_MISMATCH and those of
 *   `openLedger`; StateError. The data directory is then as empty as it was.
 */
export async function restoreBackup(
  { settings, source }: { readonly settings: Settings; readonly source: string },
  { contracts }: VerifyParts,
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
      const { header, hash } = await withOfflineChain(place, async ({ openLedger }) =>
        (await openLedger()).ledger.head(),
      );
      putGenesis(source, settings.node.genesisFile);
      return { height: header.height, blockHash: toHex(hash), segments };
    } catch (error) {
      for (const folder of [directory.paths.blocks, directory.paths.state]) emptyFolder(folder);
      throw error;
    }
  } finally {
    await directory.close();
  }
}

function readBackup(source: string): {
  readonly manifest: ArchiveManifest;
  readonly genesis: Genesis;
} {
  const manifest = manifestIn(source);
  const unusable = (fact: string): NodeError =>
    new NodeError('NODE_BACKUP_UNUSABLE', { detail: `${source}: ${fact}.` });
  if (manifest === undefined || manifest === 'damaged') throw unusable('archive.json is missing');
  if (manifest.first !== 0) throw unusable(`it begins at height ${manifest.first}`);
  for (const { name, size, sha256 } of manifest.files) {
    const file = path.join(source, name);
    if (!fs.existsSync(file)) throw unusable(`${name} is missing`);
    const actual = describeFile(name, fs.readFileSync(file));
    if (actual.size !== size || actual.sha256 !== sha256) {
      throw unusable(`${name} has not the size and hash it is listed with`);
    }
  }
  const genesis = genesisIn(source);
  if (genesis === undefined) throw unusable(`${GENESIS_FILE} cannot be used`);
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
function copyFiles(
  source: string,
  { files }: ArchiveManifest,
  to: { readonly directory: DataDirectory; readonly dataDirectory: string },
): number {
  const { blocks } = to.directory.paths;
  let segments = 0;
  for (const { name } of files) {
    const isSegment = segmentHeight(name) !== undefined;
    const isRecovery = name.startsWith(`${RECOVERY_FOLDER}/`);
    if (isSegment) segments += 1;
    // Indexes are made again from the segments, tiles are for readers.
    if (!isSegment && !isRecovery) continue;
    const target = path.join(isSegment ? blocks : to.dataDirectory, name);
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
