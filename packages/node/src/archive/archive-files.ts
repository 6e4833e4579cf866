/**
 * What lies in an archive folder: segments of the block log under their own names, the index of
 * each, `genesis.json`, the installed recovery files, the tiles of the history tree, and
 * `archive.json`, which lists them all. Every file is immutable or replaced whole, so that any web
 * server can serve the folder while it is written.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis } from '@daybook/core';
import { readGenesisFile } from '@daybook/core';
import { movedHeight, segmentHeight } from '@daybook/state';

export const ARCHIVE_FORMAT = 'daybook-archive/1';
export const MANIFEST_FILE = 'archive.json';
export const GENESIS_FILE = 'genesis.json';
export const TILE_FOLDER = 'tile';
export const RECOVERY_FOLDER = 'recovery';

export interface ArchivedFile {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** `archive.json`. */
export interface ArchiveManifest {
  readonly format: typeof ARCHIVE_FORMAT;
  readonly name: string;
  /** G, as 64 hexadecimal digits. */
  readonly chain: string;
  readonly first: number;
  readonly last: number;
  /** Hash of block `last`. */
  readonly lastHash: string;
  /** Root of the history tree over all blocks to `last`; absent unless the archive begins at 0. */
  readonly historyRoot?: string;
  /** Height whose state lies beside the blocks: in backups that do not begin at 0. */
  readonly stateHeight?: number;
  readonly files: readonly ArchivedFile[];
}

export interface SegmentFile {
  readonly name: string;
  readonly first: number;
}

/** Segments of a folder in order of heights. */
export function segmentsIn(directory: string): readonly SegmentFile[] {
  return fs
    .readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const first = segmentHeight(name);
      return first === undefined ? [] : [{ name, first }];
    });
}

/** Indexes that stayed of segments that were moved away; a segment that was put back is not. */
export function movedIn(directory: string): readonly SegmentFile[] {
  const held = new Set(segmentsIn(directory).map(({ first }) => first));
  return fs
    .readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const first = movedHeight(name);
      return first === undefined || held.has(first) ? [] : [{ name, first }];
    });
}

/** Files of a folder and below, relative to it, with `/`; none when there is no such folder. */
export function filesBelow(directory: string): readonly string[] {
  if (!fs.existsSync(directory)) return [];
  const found = fs.readdirSync(directory, { withFileTypes: true, recursive: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .map((name) => name.split(path.sep).join('/'))
    .sort();
}

export function describeFile(name: string, bytes: Uint8Array): ArchivedFile {
  return { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The genesis in a folder; undefined when the file is missing or cannot be used. */
export function genesisIn(directory: string, name: string = GENESIS_FILE): Genesis | undefined {
  const text = readText(path.join(directory, name));
  const read = text === undefined ? undefined : readGenesisFile(parseJson(text));
  return read?.ok === true ? read.value : undefined;
}

/** The list of an archive; undefined in a folder that has none. */
export function manifestIn(directory: string): ArchiveManifest | 'damaged' | undefined {
  const text = readText(path.join(directory, MANIFEST_FILE));
  return text === undefined ? undefined : readManifest(text);
}

export function readManifest(text: string): ArchiveManifest | 'damaged' {
  const value = parseJson(text);
  return isManifest(value) ? value : 'damaged';
}

function readText(file: string): string | undefined {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is, it is none of the files we know; the caller says so.
    return undefined;
  }
}

function isManifest(value: unknown): value is ArchiveManifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, first, last, lastHash, chain, stateHeight, files } =
    value as Partial<ArchiveManifest>;
  const isNumbered = [first, last, stateHeight ?? 0].every(Number.isSafeInteger);
  const isNamed = typeof lastHash === 'string' && typeof chain === 'string';
  return format === ARCHIVE_FORMAT && isNumbered && isNamed && isFileList(files);
}

function isFileList(files: unknown): files is readonly ArchivedFile[] {
  if (!Array.isArray(files)) return false;
  return files.every(
    (file: Partial<ArchivedFile> | null) =>
      typeof file?.name === 'string' &&
      !file.name.split('/').includes('..') &&
      typeof file.size === 'number' &&
      typeof file.sha256 === 'string',
  );
}
