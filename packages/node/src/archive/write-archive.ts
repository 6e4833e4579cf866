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
import type { ArchivedFile, ArchiveManifest } from './archive-files.ts';
import {
  ARCHIVE_FORMAT,
  describeFile,
  filesBelow,
  GENESIS_FILE,
  MANIFEST_FILE,
  manifestIn,
  movedIn,
  RECOVERY_FOLDER,
  segmentsIn,
} from './archive-files.ts';

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
 * @throws NodeError NODE_ARCHIVE_EMPTY, StateError STATE_BLOCK_DAMAGED and nothing is listed then
 */
export function writeArchive(
  { dataDirectory, genesis, genesisFile, extra = [], archive }: ArchiveOrigin,
  target: string,
): ArchiveManifest {
  const writer = createFolderWriter(target);
  const blocks = path.join(dataDirectory, 'blocks');
  const { first, hashes } = copySegments({ blocks, archive }, writer);
  const last = first + hashes.length - 1;
  const lastHash = hashes.at(-1);
  if (lastHash === undefined) {
    throw new NodeError('NODE_ARCHIVE_EMPTY', { detail: `${blocks}.` });
  }
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
    last,
    lastHash: toHex(lastHash),
    ...tree,
    files: writer.files(),
  };
  writer.finish(`${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/**
 * As `writeArchive`, where the chain is here from genesis on. A node that joined by a snapshot has
 * neither the blocks that make its state nor a state that could be copied: what it wrote would be
 * found out to be no backup when it is needed.
 * @throws NodeError NODE_BACKUP_IMPOSSIBLE before anything is written, and those of `writeArchive`
 */
export function writeBackup(origin: ArchiveOrigin, target: string): ArchiveManifest {
  const first = firstHeightIn(path.join(origin.dataDirectory, 'blocks'));
  if (first === 0) return writeArchive(origin, target);
  throw new NodeError('NODE_BACKUP_IMPOSSIBLE', { detail: `Its blocks begin at height ${first}.` });
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

interface FolderWriter {
  readonly target: string;
  put(name: string, bytes: Uint8Array): void;
  /**
   * Lists a segment that an earlier archive wrote here, and that the node has moved away since.
   * @param index  what its index must be
   * @returns      false, and nothing is listed, where it is not here
   */
  keep(segment: string, index: Uint8Array): boolean;
  files(): readonly ArchivedFile[];
  /** Writes the list, durably and last. */
  finish(manifest: string): void;
}

function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Each file appears whole or not at all, and is durable before the list names it. */
function createFolderWriter(target: string): FolderWriter {
  const files: ArchivedFile[] = [];
  const before = fs.existsSync(target) ? manifestIn(target) : undefined;
  const listed = before === undefined || before === 'damaged' ? [] : before.files;
  const changed = new Set<string>([target]);
  const write = (name: string, bytes: Uint8Array): void => {
    const file = path.join(target, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (fs.existsSync(file) && fs.readFileSync(file).equals(bytes)) return;
    const temporary = `${file}.new`;
    fs.writeFileSync(temporary, bytes, { flush: true });
    fs.renameSync(temporary, file);
    changed.add(path.dirname(file));
  };
  return {
    target,
    put: (name, bytes) => {
      write(name, bytes);
      files.push(describeFile(name, bytes));
    },
    keep: (segment, index) => {
      const isThere = ({ name, size }: ArchivedFile): boolean =>
        fs.statSync(path.join(target, name), { throwIfNoEntry: false })?.size === size;
      const known = listed.find(({ name }) => name === segment);
      const beside = describeFile(indexName(segment), index);
      if (known === undefined || !isThere(known)) return false;
      write(beside.name, index);
      files.push(known, beside);
      return true;
    },
    files: () => files,
    finish: (manifest) => {
      for (const folder of changed) syncFolder(folder);
      write(MANIFEST_FILE, new TextEncoder().encode(manifest));
      syncFolder(target);
    },
  };
}
