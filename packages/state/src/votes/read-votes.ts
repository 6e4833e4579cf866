/**
 * A vote log as an examiner reads it: every vote it still holds, in order, without a lock and without
 * changing anything. For tools that compare what several nodes or several copies have signed.
 */
import type { Disk } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { mergeMirrors } from './mirrors.ts';
import type { SignedVote } from './vote-log.ts';
import { readVoteFile } from './vote-record.ts';

const NAMES = ['wal-A', 'wal-B'] as const;

/**
 * Votes of the log in a directory, and of those put aside there, oldest file first. A log that is
 * damaged in both mirrors has none that could be trusted, and gives none.
 */
export function readVotes(
  directory: string,
  disk: Pick<Disk, 'list' | 'openFile'>,
): readonly SignedVote[] {
  const names = disk.list(directory);
  const asides = names
    .filter((name) => name.startsWith(`${NAMES[0]}.aside-`))
    .map((name) => name.slice(NAMES[0].length));
  return [...asides, ''].flatMap((ending) => {
    const present = NAMES.map((name) => `${name}${ending}`).filter((name) => names.includes(name));
    return votesOf(
      present.map((name) => joinPath(directory, name)),
      disk,
    );
  });
}

function votesOf(paths: readonly string[], disk: Pick<Disk, 'openFile'>): readonly SignedVote[] {
  const merged = mergeMirrors(paths.map((path) => ({ path, file: readFile(path, disk) })));
  if ('code' in merged) return [];
  return merged.records.flatMap(({ record }) => (record.type === 'signed' ? [record.vote] : []));
}

function readFile(path: string, disk: Pick<Disk, 'openFile'>): ReturnType<typeof readVoteFile> {
  const file = disk.openFile(path);
  try {
    const bytes = new Uint8Array(file.size());
    file.read(0, bytes);
    return readVoteFile(bytes);
  } finally {
    file.close();
  }
}
