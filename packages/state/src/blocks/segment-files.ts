/**
 * Segments as files: their names, their indexes beside them, and opening those that are sealed and
 * the one that grows.
 */
import type { Height } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import type { GrowingIndex, SegmentIndex } from './segment-index.ts';
import { createGrowingIndex, readIndex } from './segment-index.ts';
import type { Scan } from './segment-scan.ts';
import { assertTorn, damaged, SEGMENT_MAGIC, scanSegment } from './segment-scan.ts';

/** Names of segments; the number is the first height. */
export const FILE_NAME = /^blocks-(\d{12})\.log$/;

/** A segment that is open. */
export interface Segment {
  readonly path: string;
  readonly file: DiskFile;
  readonly index: SegmentIndex;
}

/** The segment that grows. */
export interface Tail extends Segment {
  readonly index: GrowingIndex;
  end: number;
}

export function segmentName(first: Height): string {
  return `blocks-${String(first).padStart(12, '0')}.log`;
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

/** A segment that others follow; its index is made again when it is lost. */
export async function openSealed(path: string, first: Height, disk: Disk): Promise<Segment> {
  const file = disk.openFile(path);
  const slash = path.lastIndexOf('/');
  const idx = indexPath(path);
  if (disk.list(path.slice(0, slash)).includes(idx.slice(slash + 1))) {
    const stored = disk.openFile(idx);
    const index = readIndex(readAll(stored));
    stored.close();
    if (index?.first === first) return { path, file, index };
  }
  const bytes = readAll(file);
  const scan = scanSegment(path, bytes, first);
  if (scan.end !== bytes.length) throw damaged(path, scan.end, 'a damaged record');
  await writeIndex(path, scan.index, disk);
  return { path, file, index: scan.index };
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
  if (bytes.length < SEGMENT_MAGIC.length) {
    // A crash between creating the file and writing its first bytes: nothing was in it.
    file.write(0, SEGMENT_MAGIC);
    await file.sync();
    await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
    return {
      tail: { path, file, index: createGrowingIndex(first), end: SEGMENT_MAGIC.length },
      open: [],
    };
  }
  const scan = scanSegment(path, bytes, first);
  if (scan.end < bytes.length) {
    assertTorn(path, bytes, scan.end);
    file.truncate(scan.end);
  }
  file.write(scan.last, bytes.subarray(scan.last, scan.end));
  await file.sync();
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')));
  return { tail: { path, file, index: scan.index, end: scan.end }, open: scan.open };
}
