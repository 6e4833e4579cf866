/**
 * `daybookd archive verify`: checks a folder of segments with nothing else at hand. From genesis on,
 * every transaction is executed again in a directory of its own, so that validators of each height
 * are those the chain itself appointed, and every stored result is the one that was computed.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Genesis, Hash, Result } from '@daybook/core';
import { equalBytes, fail, leafHash, merkleRoot, ok, toHex } from '@daybook/core';
import type { DataDirectory } from '@daybook/state';
import { indexName, openDataDirectory, readSegment, StateError, tilesOf } from '@daybook/state';
import { NodeError } from '../errors.ts';
import { describe } from '../exit-codes.ts';
import type { OfflinePlace } from '../offline.ts';
import { withOfflineChain } from '../offline.ts';
import { installedRecoveries } from '../recovery-files.ts';
import type { ArchiveManifest, SegmentFile } from './archive-files.ts';
import {
  describeFile,
  filesBelow,
  genesisIn,
  MANIFEST_FILE,
  manifestIn,
  segmentsIn,
  TILE_FOLDER,
} from './archive-files.ts';
import type { BlockJudge } from './judge-block.ts';
import { createExecutingJudge, createLinkingJudge } from './judge-block.ts';
import { knownSigners } from './known-signers.ts';
import { copyFiles, openRestored } from './restore.ts';
import { STATE_FOLDER } from './state-files.ts';

/** The first damage. */
export interface ArchiveDamage {
  readonly file: string;
  readonly height?: number;
  /** Byte of the file at which the damaged record begins. */
  readonly offset?: number;
  readonly fact: string;
}

export interface ArchiveReport {
  readonly chain: string;
  readonly first: number;
  readonly last: number;
  readonly lastHash: string;
  readonly segments: number;
  readonly transactions: number;
  /** Bytes of all segments. */
  readonly size: number;
  /** Heights whose certificates could not be checked: their validators are not known here. */
  readonly uncertified: number;
  /** Every transaction was executed again from genesis. */
  readonly executed: boolean;
  /** Of a backup that does not begin with genesis: the height whose state it begins with, proven. */
  readonly stateHeight?: number;
}

export interface VerifyParts {
  /** Contracts of this release; those of `@daybook/applications` in production. */
  readonly contracts: OfflinePlace['contracts'];
}

export interface VerifyOptions {
  readonly directory: string;
  /** The one to trust; that of the folder by default. */
  readonly genesis?: Genesis;
  /** Told after each block. */
  readonly onBlock?: (height: number) => void;
}

/** The state is thrown away afterwards: nobody will ask for its past. */
const KEEPING = { cacheBytes: 64 * 1024 * 1024, history: 'retained' } as const;

/**
 * Reads everything and changes nothing.
 * @returns the first damage by file, height and byte, or what was checked
 * @throws NodeError NODE_ARCHIVE_GENESIS, NODE_ARCHIVE_EMPTY
 */
export async function verifyArchive(
  options: VerifyOptions,
  { contracts }: VerifyParts,
): Promise<Result<ArchiveReport, ArchiveDamage>> {
  const { directory } = options;
  if (!existsSync(directory)) {
    const detail = `${directory}: there is no such folder.`;
    throw new NodeError('NODE_ARCHIVE_EMPTY', { detail });
  }
  const genesis = options.genesis ?? genesisIn(directory);
  if (genesis === undefined) {
    throw new NodeError('NODE_ARCHIVE_GENESIS', { detail: `${directory}.` });
  }
  const segments = segmentsIn(directory);
  const [first] = segments;
  if (first === undefined) throw new NodeError('NODE_ARCHIVE_EMPTY', { detail: `${directory}.` });
  const recoveries = installedRecoveries(directory, genesis);
  const check = async (judge: BlockJudge, executed: boolean) =>
    await checkFolder({ ...options, genesis, segments, judge, executed });
  if (first.first !== 0) {
    const linked = createLinkingJudge(genesis, knownSigners(genesis, recoveries));
    const checked = await check(linked, false);
    const place = { genesis, recoveries, contracts, keeping: KEEPING };
    return checked.ok ? await checkState(directory, checked.value, place) : checked;
  }
  return await withScratch(async (data) => {
    const place = { directory: data, genesis, recoveries, contracts, keeping: KEEPING };
    return await withOfflineChain(place, async ({ openLedger }) => {
      const { ledger } = await openLedger();
      return await check(createExecutingJudge(genesis, ledger), true);
    });
  });
}

/** The state that a backup begins with: restored aside, which proves it and the blocks after it. */
async function checkState(
  directory: string,
  report: ArchiveReport,
  place: Omit<OfflinePlace, 'directory'>,
): Promise<Result<ArchiveReport, ArchiveDamage>> {
  const manifest = manifestIn(directory);
  if (typeof manifest !== 'object' || manifest.stateHeight === undefined) return ok(report);
  const { stateHeight } = manifest;
  try {
    await withScratch(async (data, dataDirectory) => {
      copyFiles(directory, manifest, { directory: data, dataDirectory });
      await openRestored(directory, manifest, { ...place, directory: data });
    });
    return ok({ ...report, uncertified: 0, stateHeight });
  } catch (error) {
    if (!(error instanceof NodeError || error instanceof StateError)) throw error;
    return fail({ file: STATE_FOLDER, height: stateHeight, fact: describe(error) });
  }
}

/** A data directory that nobody else has, removed afterwards. */
async function withScratch<T>(use: (data: DataDirectory, place: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'daybook-archive-'));
  try {
    const data = await openDataDirectory(scratch);
    try {
      return await use(data, scratch);
    } finally {
      await data.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Folder extends VerifyOptions {
  readonly genesis: Genesis;
  readonly segments: readonly SegmentFile[];
  readonly judge: BlockJudge;
  readonly executed: boolean;
}

/** What was read so far. */
interface Tally {
  readonly hashes: Hash[];
  transactions: number;
  size: number;
  uncertified: number;
}

async function checkFolder(folder: Folder): Promise<Result<ArchiveReport, ArchiveDamage>> {
  const { segments, genesis, executed, directory } = folder;
  const tally: Tally = { hashes: [], transactions: 0, size: 0, uncertified: 0 };
  const first = segments[0]?.first ?? 0;
  for (const segment of segments) {
    const expected = first + tally.hashes.length;
    const damage =
      segment.first === expected
        ? await checkSegment(folder, segment, tally)
        : { file: segment.name, height: expected, fact: `heights from ${expected} on are missing` };
    if (damage !== undefined) return fail(damage);
  }
  const damage = await checkBeside(directory, first, tally.hashes);
  if (damage !== undefined) return fail(damage);
  const { hashes, ...counted } = tally;
  const lastHash = toHex(hashes.at(-1) ?? new Uint8Array());
  const last = first + hashes.length - 1;
  const chain = toHex(genesis.chain);
  return ok({ chain, first, last, lastHash, segments: segments.length, ...counted, executed });
}

async function checkSegment(
  { directory, judge, onBlock }: Folder,
  { name, first }: SegmentFile,
  tally: Tally,
): Promise<ArchiveDamage | undefined> {
  const bytes = await readFile(path.join(directory, name));
  tally.size += bytes.length;
  try {
    const segment = readSegment(name, bytes, first);
    for (const block of segment.blocks()) {
      const { height, blockHash, transactions } = block;
      const verdict = await judge.judge(block);
      if (typeof verdict === 'object') return { file: name, height, ...verdict };
      if (verdict === 'uncertified') tally.uncertified += 1;
      tally.hashes.push(blockHash);
      tally.transactions += transactions.length;
      onBlock?.(height);
    }
    return await checkIndex(directory, indexName(name), segment.index);
  } catch (error) {
    if (!(error instanceof StateError) || error.failure.code !== 'STATE_BLOCK_DAMAGED') throw error;
    const { offset, fact, height } = error.failure;
    return { file: name, offset, fact, ...(height !== undefined && { height }) };
  }
}

/** An index is made from its segment; a missing one costs time and proves nothing. */
async function checkIndex(
  directory: string,
  file: string,
  expected: Uint8Array,
): Promise<ArchiveDamage | undefined> {
  const found = await readIfThere(path.join(directory, file));
  if (found === undefined || equalBytes(found, expected)) return undefined;
  return { file, offset: firstDifference(found, expected), fact: 'it is not of its segment' };
}

/** The list and the tiles, which follow from the blocks. */
async function checkBeside(
  directory: string,
  first: number,
  hashes: readonly Hash[],
): Promise<ArchiveDamage | undefined> {
  const manifest = manifestIn(directory);
  if (manifest === 'damaged') return { file: MANIFEST_FILE, fact: 'it is no list of an archive' };
  const listed = manifest && (await checkManifest(directory, manifest, first, hashes));
  if (listed !== undefined) return listed;
  if (first !== 0 || filesBelow(path.join(directory, TILE_FOLDER)).length === 0) return undefined;
  for (const tile of tilesOf(hashes)) {
    const found = await readIfThere(path.join(directory, tile.path));
    if (found === undefined) return { file: tile.path, fact: 'it is missing' };
    if (equalBytes(found, tile.bytes)) continue;
    const offset = firstDifference(found, tile.bytes);
    return { file: tile.path, offset, fact: 'it has other hashes than the blocks' };
  }
  return undefined;
}

async function checkManifest(
  directory: string,
  manifest: ArchiveManifest,
  first: number,
  hashes: readonly Hash[],
): Promise<ArchiveDamage | undefined> {
  for (const { name, size, sha256 } of manifest.files) {
    const found = await readIfThere(path.join(directory, name));
    if (found === undefined) return { file: name, fact: 'it is listed and missing' };
    const actual = describeFile(name, found);
    if (actual.size !== size || actual.sha256 !== sha256) {
      return { file: name, fact: 'it has not the size and hash it is listed with' };
    }
  }
  const root = first === 0 ? toHex(merkleRoot(hashes.map(leafHash))) : undefined;
  const isSame =
    manifest.first === first &&
    manifest.last === first + hashes.length - 1 &&
    manifest.lastHash === toHex(hashes.at(-1) ?? new Uint8Array()) &&
    manifest.historyRoot === root;
  return isSame ? undefined : { file: MANIFEST_FILE, fact: 'it is not of these blocks' };
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at++) if (a[at] !== b[at]) return at;
  return end;
}
