/** The two files of a vote log: where they lie, and how a new one is put in place, durably. */
import type { Hash, ValidatorId } from '@daybook/core';
import { concatBytes } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { encodeVoteHeader } from './vote-record.ts';

export interface VoteLogOptions {
  readonly directory: string;
  /** Where mirror B lies; beside A by default. */
  readonly mirrorDirectory?: string;
  /** G: the log of another chain is refused. */
  readonly chain: Hash;
  readonly validatorId: ValidatorId;
  /** Files are renewed at a height boundary when they have grown to this; 32 MiB by default. */
  readonly rotateBytes?: number;
  /** Written ahead as zeros, so that a vote overwrites what is allocated already; 256 KiB. */
  readonly allocateBytes?: number;
}

export interface VoteLogParts {
  readonly disk: Disk;
}

export const ALLOCATE_BYTES = 256 * 1024;
const NAMES = ['wal-A', 'wal-B'] as const;

export function mirrorPaths({
  directory,
  mirrorDirectory,
}: VoteLogOptions): readonly [string, string] {
  return [joinPath(directory, NAMES[0]), joinPath(mirrorDirectory ?? directory, NAMES[1])];
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function isThere(path: string, disk: Disk): boolean {
  return disk.list(directoryOf(path)).includes(nameOf(path));
}

/** An open file, and where the next write goes. */
export interface OpenMirror {
  readonly file: DiskFile;
  end: number;
  allocated: number;
}

export interface MirrorContent {
  readonly records: readonly Uint8Array[];
  readonly salt: Uint8Array;
}

/** Writes a new file with these records and puts it in place, durably. */
export async function writeMirror(
  path: string,
  { records, salt }: MirrorContent,
  { chain, validatorId, allocateBytes = ALLOCATE_BYTES }: VoteLogOptions,
  disk: Disk,
): Promise<OpenMirror> {
  const temporary = `${path}.new`;
  const created = disk.createFile(temporary);
  const identity = disk.identify(temporary);
  const header = encodeVoteHeader({ chain, validatorId, identity, salt });
  const bytes = concatBytes(header, ...records);
  const allocated = bytes.length + allocateBytes;
  try {
    created.write(0, bytes);
    created.write(bytes.length, new Uint8Array(allocateBytes));
    await created.sync();
  } finally {
    created.close();
  }
  // Inode and birth stay the same under the new name, which is what the header holds.
  disk.rename(temporary, path);
  await disk.syncDirectory(directoryOf(path));
  return { file: disk.openFile(path), end: bytes.length, allocated };
}
