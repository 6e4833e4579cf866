/**
 * An evidence folder on disk, as whoever sent it made it: links are not followed, what is no plain
 * file is told apart, and neither many nor large files take more than is set here.
 */
import { constants } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import path from 'node:path';
import { fileFailed, malformed } from '../files.ts';

/** What a verdict on evidence looks at. */
export interface EvidenceFolder {
  /** Plain files. */
  readonly names: readonly string[];
  /** Links, folders and whatever else is no plain file. */
  readonly others: readonly string[];
  /** The bytes of a plain file; undefined for one that is larger than a proof can be. */
  read(name: string): Promise<Uint8Array | undefined>;
}

const ENTRIES_MAX = 100_000;
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const FOLDER_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** @throws CliError CLI_FILE_FAILED; CLI_FILE_MALFORMED for a folder with too many files */
export async function openEvidenceFolder(folder: string): Promise<EvidenceFolder> {
  const names: string[] = [];
  const others: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      (entry.isFile() ? names : others).push(entry.name);
      if (names.length + others.length > ENTRIES_MAX) break;
    }
  } catch (error) {
    throw fileFailed(folder, error);
  }
  if (names.length + others.length > ENTRIES_MAX) {
    throw malformed(folder, `it holds more than ${ENTRIES_MAX} files`);
  }
  let left = FOLDER_BYTES_MAX;
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const bytes = await readPlain(path.join(folder, name), Math.min(left, FILE_BYTES_MAX));
    left -= bytes?.length ?? 0;
    return bytes;
  };
  return { names: names.toSorted(), others: others.toSorted(), read };
}

/** Whether nothing lies there yet: what was reported must not be written over. */
export async function isFresh(folder: string): Promise<boolean> {
  try {
    await using entries = await opendir(folder);
    return (await entries.read()) === null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw fileFailed(folder, error);
  }
}

/** Undefined for what is larger, or became something else since the folder was listed. */
async function readPlain(file: string, bytesMax: number): Promise<Uint8Array | undefined> {
  try {
    // Without O_NONBLOCK a pipe that was put there meanwhile would never open.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    await using handle = await open(file, flags);
    const stat = await handle.stat();
    return stat.isFile() && stat.size <= bytesMax ? await handle.readFile() : undefined;
  } catch (error) {
    throw fileFailed(file, error);
  }
}
