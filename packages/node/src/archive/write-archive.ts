/**
 * Writing an archive of the block log beside a running node. Sealed segments never change, and the
 * one that grows only does so at its end: its copy ends with its last final block, whose certificate
 * proves it whether or not the node has synced it yet. Everything is checked while it is copied.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis, Hash, Height } from '@daybook/core';
import { equalBytes, leafHash, merkleRoot, toHex } from '@daybook/core';
import type { MovedSegment } from '@daybook/state';
import {
  indexName,
  readGrowingSegment,
  readMovedSegment,
  readSegment,
  tilesOf,
} from '@daybook/state';
import { NodeError } from '../errors.ts';
import type { ArchiveManifest } from './archive-files.ts';
import {
  ARCHIVE_FORMAT,
  filesBelow,
  GENESIS_FILE,
  manifestIn,
  movedIn,
  RECOVERY_FOLDER,
  segmentsIn,
} from './archive-files.ts';
import type { FolderWriter } from './folder-writer.ts';
import { createFolderWriter } from './folder-writer.ts';
import { isWithin } from './own-folders.ts';
import { checkStateFiles, copyState, EARLIER_FILES, removeOtherStates } from './state-files.ts';
import type { OpenStateSource } from './state-source.ts';

export interface ArchiveOrigin {
  /** Of the node, running or not. */
  readonly dataDirectory: string;
  readonly genesis: Genesis;
  readonly genesisFile: string;
  /** Further small files that go with it. */
  readonly extra?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Folder that segments were moved to; what the target lacks of them is copied from there. */
  readonly archive?: string | undefined;
}

/** The lowest height whose block lies here, or was moved away from here; 0 where there is none. */
function firstHeightIn(blocks: string): Height {
  const heights = [...movedIn(blocks), ...segmentsIn(blocks)].map(({ first }) => first);
  return heights.length === 0 ? 0 : Math.min(...heights);
}

/** A blank segment is one that a node has created and not written to yet. */
const HEADER_BYTES = 16;

/**
 * Copies the block log with what is needed to check it; files that are there already and equal are
 * left alone, so that the next archive into the same folder costs what is new.
 * @throws NodeError NODE_ARCHIVE_EMPTY, NODE_ARCHIVE_INSIDE, NODE_ARCHIVE_OTHER, NODE_FILE_FAILED,
 *   StateError STATE_BLOCK_DAMAGED; nothing is listed then
 */
export function writeArchive(origin: ArchiveOrigin, target: string): ArchiveManifest {
  refuseOwn(origin, target);
  refuseOther(origin, target);
  const writer = createFolderWriter(target);
  return listAll(origin, copyBlocks(origin, writer), writer);
}

/**
 * As `writeArchive`. Where the blocks do not begin with genesis, the state of one of them goes with
 * them, and what a node that joined keeps of the time before: a restore begins there.
 * @param openState  gives the state of this node; asked for only where it is needed
 * @throws NodeError NODE_BACKUP_IMPOSSIBLE, and those of `writeArchive`; nothing is listed then
 */
export async function writeBackup(
  origin: ArchiveOrigin,
  target: string,
  openState: OpenStateSource,
): Promise<ArchiveManifest> {
  const blocks = path.join(origin.dataDirectory, 'blocks');
  if (firstHeightIn(blocks) === 0) return writeArchive(origin, target);
  refuseOwn(origin, target);
  refuseOther(origin, target);
  const writer = createFolderWriter(target);
  // The version is chosen before the blocks are copied, so that its block is among them.
  const state = await openState(async (source) => {
    await copyState(source, writer);
    return source.height;
  });
  const copied = copyBlocks(origin, writer);
  for (const name of EARLIER_FILES) writer.put(name, fs.readFileSync(path.join(blocks, name)));
  // What is checked has to lie in its place.
  writer.replace();
  await checkStateFiles(target, state);
  const manifest = listAll(origin, { ...copied, state }, writer);
  removeOtherStates(target, state);
  return manifest;
}

const OWN_FOLDERS: readonly string[] = ['blocks', 'state', 'votes', 'evidence', 'lock'];

/** Between the files of a node an archive would take the place of the one that is being written. */
function refuseOwn({ dataDirectory }: ArchiveOrigin, target: string): void {
  // What the node keeps may lie on a disk of its own behind a link.
  const own = [dataDirectory, ...OWN_FOLDERS.map((name) => path.join(dataDirectory, name))];
  if (own.every((folder) => !isWithin(target, folder))) return;
  throw new NodeError('NODE_ARCHIVE_INSIDE', { detail: `${target} lies in ${dataDirectory}.` });
}

/** Segments of two archives in one folder would be one that does not verify. */
function refuseOther({ genesis, dataDirectory }: ArchiveOrigin, target: string): void {
  const before = fs.existsSync(target) ? manifestIn(target) : undefined;
  if (before === undefined || before === 'damaged') return;
  const first = firstHeightIn(path.join(dataDirectory, 'blocks'));
  if (before.chain === toHex(genesis.chain) && before.first === first) return;
  const detail = `${target}: chain ${before.chain}, from height ${before.first} on.`;
  throw new NodeError('NODE_ARCHIVE_OTHER', { detail });
}

interface Copied {
  readonly first: Height;
  readonly hashes: readonly Hash[];
  /** Height of the state that lies beside the blocks. */
  readonly state?: Height;
}

function copyBlocks(origin: ArchiveOrigin, writer: FolderWriter): Copied {
  const { dataDirectory, archive } = origin;
  const blocks = path.join(dataDirectory, 'blocks');
  const copied = copySegments({ blocks, archive }, writer);
  if (copied.hashes.length > 0) return copied;
  throw new NodeError('NODE_ARCHIVE_EMPTY', { detail: `${blocks}.` });
}

/** Writes what goes beside the blocks, and the list of all. */
function listAll(
  { dataDirectory, genesis, genesisFile, extra = [] }: ArchiveOrigin,
  { first, hashes, state }: Copied,
  writer: FolderWriter,
): ArchiveManifest {
  writer.put(GENESIS_FILE, fs.readFileSync(genesisFile));
  const recoveries = path.join(dataDirectory, RECOVERY_FOLDER);
  for (const name of filesBelow(recoveries).filter((one) => one.endsWith('.json'))) {
    writer.put(`${RECOVERY_FOLDER}/${name}`, fs.readFileSync(path.join(recoveries, name)));
  }
  for (const { name, bytes } of extra) writer.put(name, bytes);
  const tree = first === 0 ? { historyRoot: toHex(merkleRoot(hashes.map(leafHash))) } : {};
  if (first === 0) for (const tile of tilesOf(hashes)) writer.put(tile.path, tile.bytes);
  const manifest: ArchiveManifest = {
    format: ARCHIVE_FORMAT,
    name: genesis.document.name,
    chain: toHex(genesis.chain),
    first,
    last: first + hashes.length - 1,
    lastHash: toHex(hashes.at(-1) ?? new Uint8Array()),
    ...tree,
    ...(state !== undefined && { stateHeight: state }),
    files: writer.files(),
  };
  writer.finish(`${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

function copySegments(
  { blocks: directory, archive }: { readonly blocks: string; readonly archive: string | undefined },
  writer: FolderWriter,
): { readonly first: number; readonly hashes: readonly Hash[] } {
  const segments = segmentsIn(directory);
  const hashes: Hash[] = [];
  const note = ({ first, count, hashAt }: MovedSegment): void => {
    for (let height = first; height < first + count; height++) {
      const hash = hashAt(height);
      if (hash !== undefined) hashes.push(hash);
    }
  };
  const moved = movedIn(directory);
  const all = [...moved, ...segments].sort((a, b) => a.first - b.first);
  for (const { name, first } of all) {
    const file = path.join(directory, name);
    const bytes = fs.readFileSync(file);
    if (moved.some((one) => one.name === name)) {
      note(copyMoved({ file, bytes, first }, { archive, writer }));
      continue;
    }
    if (bytes.length <= HEADER_BYTES) continue;
    const isLast = first === segments.at(-1)?.first;
    const segment = (isLast ? readGrowingSegment : readSegment)(file, bytes, first);
    if (segment.count === 0) continue;
    note(segment);
    writer.put(name, bytes.subarray(0, isLast ? segment.end : bytes.length));
    writer.put(indexName(name), segment.index);
  }
  return { first: all[0]?.first ?? 0, hashes };
}

/**
 * Lists a segment that was moved away: as an earlier archive wrote it here, or from where it went.
 * @throws NodeError NODE_ARCHIVE_INCOMPLETE, StateError STATE_BLOCK_DAMAGED
 */
function copyMoved(
  {
    file,
    bytes: index,
    first,
  }: { readonly file: string; readonly bytes: Uint8Array; readonly first: Height },
  { archive, writer }: { readonly archive: string | undefined; readonly writer: FolderWriter },
): MovedSegment {
  const kept = readMovedSegment(file, index, first);
  const name = path.basename(file).replace(/\.moved$/, '.log');
  if (writer.keep(name, index)) return kept;
  const source = archive === undefined ? undefined : path.join(archive, name);
  const bytes = source !== undefined && fs.existsSync(source) ? fs.readFileSync(source) : undefined;
  // The archive may be of another node, whose segments hold other certificates.
  if (
    source === undefined ||
    bytes === undefined ||
    !equalBytes(readSegment(source, bytes, first).index, index)
  ) {
    throw new NodeError('NODE_ARCHIVE_INCOMPLETE', { detail: `${writer.target}: ${name}.` });
  }
  writer.put(name, bytes);
  writer.put(indexName(name), index);
  return kept;
}
