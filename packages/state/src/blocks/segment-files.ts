/**
 * Segments as files: their names, their indexes beside them, and opening those that are sealed and
 * the one that grows.
 */
import type { Height } from '@daybook/core';
import { generateNonce } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { SealedSegment } from './block-log.ts';
import { MARK_BYTES } from './block-record.ts';
import type { EarlierHashes } from './earlier-hashes.ts';
import type { GrowingIndex, IndexHead, SegmentIndex } from './segment-index.ts';
import {
  createGrowingIndex,
  createLazyIndex,
  INDEX_HEAD_SIZE,
  readIndex,
  readIndexHead,
} from './segment-index.ts';
import type { Scan } from './segment-scan.ts';
import {
  assertTorn,
  damaged,
  markOf,
  SEGMENT_HEAD,
  scanSegment,
  segmentHead,
} from './segment-scan.ts';

/** Names of segments; the number is the first height. */
export const FILE_NAME = /^blocks-(\d{12})\.log$/;

/** A segment that is open. */
export interface Segment {
  readonly path: string;
  /** Absent when the segment was moved to an archive and only its index is here. */
  readonly file: DiskFile | undefined;
  readonly index: SegmentIndex;
}

/** Name of the index of a segment that was moved: a lost segment leaves none of this name. */
export const MOVED_NAME = /^blocks-(\d{12})\.moved$/;

/** What lies in the directory of a log, the segment that grows apart. */
export interface FoundFiles {
  readonly sealed: readonly Segment[];
  /** Of the blocks before the first one. */
  readonly earlier: EarlierHashes | undefined;
}

/** The segment that grows. */
export interface Tail extends Segment {
  readonly file: DiskFile;
  readonly index: GrowingIndex;
  /** What every record here begins with. */
  readonly mark: Uint8Array;
  end: number;
}

export function segmentName(first: Height): string {
  return `blocks-${String(first).padStart(12, '0')}.log`;
}

function movedPath(segmentPath: string): string {
  return segmentPath.replace(/\.log$/, '.moved');
}

function indexPath(segmentPath: string): string {
  return segmentPath.replace(/\.log$/, '.idx');
}

function readAll(file: DiskFile): Uint8Array {
  const bytes = new Uint8Array(file.size());
  const found = file.read(0, bytes);
  return bytes.subarray(0, found);
}

/** Puts the index beside its segment, whole or not at all. */
export async function writeIndex(
  segmentPath: string,
  index: GrowingIndex,
  disk: Disk,
): Promise<void> {
  const path = indexPath(segmentPath);
  const temporary = `${path}.new`;
  const file = disk.createFile(temporary);
  file.write(0, index.encode());
  await file.sync();
  file.close();
  disk.rename(temporary, path);
}

/**
 * A segment that others follow. Of its index the head is read now, the rest when it is asked for; it
 * is made again when it is lost.
 */
export async function openSealed(path: string, first: Height, disk: Disk): Promise<Segment> {
  const file = disk.openFile(path);
  const head = isThere(indexPath(path), disk) ? readHead(indexPath(path), disk) : undefined;
  if (head?.first === first) return { path, file, index: lazyIndex(head, { path, file }, disk) };
  const index = indexMadeAgain(path, file, first);
  await writeIndex(path, index, disk);
  return { path, file, index };
}

function isThere(path: string, disk: Disk): boolean {
  const slash = path.lastIndexOf('/');
  return disk.list(path.slice(0, slash)).includes(path.slice(slash + 1));
}

function readHead(path: string, disk: Disk): IndexHead | undefined {
  const file = disk.openFile(path);
  const bytes = new Uint8Array(INDEX_HEAD_SIZE);
  const found = file.read(0, bytes);
  file.close();
  return readIndexHead(bytes.subarray(0, found));
}

function readWhole(path: string, disk: Disk): SegmentIndex | undefined {
  const file = disk.openFile(path);
  const index = readIndex(readAll(file));
  file.close();
  return index;
}

/** Where the rest of an index is damaged, the segment itself says what was in it. */
function lazyIndex(
  head: IndexHead,
  { path, file }: { readonly path: string; readonly file: DiskFile },
  disk: Disk,
): SegmentIndex {
  return createLazyIndex(head, () => {
    // It may have been moved meanwhile.
    const stored = isThere(indexPath(path), disk) ? indexPath(path) : movedPath(path);
    const index = readWhole(stored, disk);
    return index?.first === head.first ? index : indexMadeAgain(path, file, head.first);
  });
}

function indexMadeAgain(path: string, file: DiskFile, first: Height): GrowingIndex {
  const bytes = readAll(file);
  const scan = scanSegment(path, bytes, first);
  if (scan.end !== bytes.length) throw damaged(path, scan.end, 'a damaged record');
  return scan.index;
}

/** A segment that is full now, and whose index was written. */
export function sealedFrom({ path, file, index }: Tail, disk: Disk): Segment {
  const head = { first: index.first, count: index.count(), latest: index.latestValidUntil() };
  return { path, file, index: lazyIndex(head, { path, file }, disk) };
}

/** Segments of which only the index is here, in order of heights. */
export function openMoved(directory: string, disk: Disk): readonly Segment[] {
  const names = disk.list(directory);
  return names.flatMap((name) => {
    const first = Number(MOVED_NAME.exec(name)?.[1] ?? Number.NaN);
    // A segment that was put back is read as any other.
    if (Number.isNaN(first) || names.includes(segmentName(first))) return [];
    const path = joinPath(directory, name);
    const whole = (): SegmentIndex => {
      const index = readWhole(path, disk);
      if (index?.first === first) return index;
      throw damaged(path, 0, 'the index of a moved segment', first);
    };
    const head = readHead(path, disk);
    if (head?.first !== first) throw damaged(path, 0, 'the index of a moved segment', first);
    const index = createLazyIndex(head, whole);
    return [{ path: joinPath(directory, segmentName(first)), file: undefined, index }];
  });
}

/**
 * Removes a sealed segment and keeps its index under another name, which says that it was meant.
 * A crash in between leaves the segment, or only that index, which is read as a whole before.
 */
export async function removeSegment({ path, file, index }: Segment, disk: Disk): Promise<void> {
  const isWhole = readWhole(indexPath(path), disk)?.first === index.first;
  if (!isWhole && file) await writeIndex(path, indexMadeAgain(path, file, index.first), disk);
  const directory = path.slice(0, path.lastIndexOf('/'));
  disk.rename(indexPath(path), movedPath(path));
  await disk.syncDirectory(directory);
  file?.close();
  disk.remove(path);
  await disk.syncDirectory(directory);
}

/** @throws StateError STATE_BLOCK_GAP when segments do not follow one another */
export function checkContiguous(segments: readonly Segment[]): void {
  for (const [at, { path, index }] of segments.entries()) {
    const before = segments[at - 1];
    if (before === undefined) continue;
    const from = before.index.first + before.index.count();
    if (index.first === from) continue;
    throw new StateError({ code: 'STATE_BLOCK_GAP', path, from, to: index.first - 1 });
  }
}

/** What whoever decides about moving a segment needs of it. */
export function sealedSegment({ file, index }: Segment): SealedSegment {
  const { first } = index;
  const last = first + index.count() - 1;
  return { name: segmentName(first), first, last, size: file?.size() };
}

/** Segments in a directory, in order of heights. */
export function segmentFiles(
  directory: string,
  disk: Disk,
): readonly { path: string; first: Height }[] {
  return disk.list(directory).flatMap((name) => {
    const first = FILE_NAME.exec(name)?.[1];
    return first === undefined ? [] : [{ path: joinPath(directory, name), first: Number(first) }];
  });
}

/** A new segment; not durable yet, and neither is its name. */
export function createTail(path: string, first: Height, file: DiskFile): Tail {
  const mark = generateNonce().subarray(0, MARK_BYTES);
  file.write(0, segmentHead(mark));
  return { path, file, index: createGrowingIndex(first), mark, end: SEGMENT_HEAD };
}

/** A crash between creating a segment and syncing its head: nothing was in it. */
function isUnborn(bytes: Uint8Array): boolean {
  if (bytes.length < SEGMENT_HEAD) return true;
  // A file may have its size before its bytes.
  return bytes.length === SEGMENT_HEAD && bytes.every((byte) => byte === 0);
}

/**
 * The last segment: a torn record at its end is cut off. What was read may lie in the system's memory
 * alone, after a kill before the sync or a sync that failed; only the last record can, since one is
 * written when those before it are durable. It is written once more and synced with its directory
 * before anybody is told of the head.
 */
export async function openTail(
  path: string,
  first: Height,
  disk: Disk,
): Promise<{ readonly tail: Tail; readonly open: Scan['open'] }> {
  const file = disk.openFile(path);
  const bytes = readAll(file);
  if (isUnborn(bytes)) {
    const tail = createTail(path, first, file);
    await file.sync();
    await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    return { tail, open: [] };
  }
  const scan = scanSegment(path, bytes, first);
  if (scan.end < bytes.length) {
    assertTorn(path, bytes, scan.end);
    file.truncate(scan.end);
  }
  file.write(scan.last, bytes.subarray(scan.last, scan.end));
  await file.sync();
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  const mark = markOf(bytes).slice();
  return { tail: { path, file, index: scan.index, mark, end: scan.end }, open: scan.open };
}
