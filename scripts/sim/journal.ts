/** How far a long run has come, in a file from which it goes on, on the commit on which it began. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockDirectory, StateError } from '@daybook/state';

/** What the journal was last told; undefined when there is none yet, or none is kept. */
export function readJournal<T>(file: string | undefined): T | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  // Written by `writeJournal` alone.
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/**
 * Keeps other runs off a journal until it is closed or the process ends, however it ends: the lock,
 * a folder beside the journal, is the system's. Undefined where no journal is kept.
 * @throws Error that names the process that has it
 */
export async function lockJournal(
  file: string | undefined,
): Promise<{ close(): Promise<void> } | undefined> {
  if (file === undefined) return undefined;
  try {
    return await lockDirectory(`${file}.lock`);
  } catch (error) {
    const isTaken = error instanceof StateError && error.code === 'STATE_DIRECTORY_LOCKED';
    if (!isTaken) throw error;
    throw new Error(`another run writes ${file}: ${error.message}`, { cause: error });
  }
}

/** Writes all of it, so that whoever stops the run at any moment leaves one that is whole. */
export function writeJournal<T>(file: string | undefined, journal: T): void {
  if (file === undefined) return;
  const written = `${file}.new`;
  writeFileSync(written, `${JSON.stringify(journal, undefined, 1)}\n`);
  renameSync(written, file);
}

/** @throws Error if what a journal tells of ran on another commit */
export function expectCommit(file: string | undefined, then: string, now: string): void {
  if (then === now) return;
  throw new Error(`${file} is of commit ${then}, this is ${now}: begin a new journal`);
}

/** The code that runs. */
export interface Source {
  /** Short hash of the commit that is checked out; undefined outside a repository. */
  readonly commit: string | undefined;
  /** Paths at which it is not what the commit holds: any tracked file, or a new one of the code. */
  readonly changed: readonly string[];
}

/** Where a file that git does not know would be loaded and run. */
const CODE_FOLDERS = ['packages', 'scripts'] as const;

/** `root` is the top folder of the repository whose code runs. */
export function readSource(root: string = join(import.meta.dirname, '../..')): Source {
  const git = (...words: readonly string[]): string =>
    execFileSync('git', ['-C', root, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const commit = git('rev-parse', '--short', 'HEAD').trim();
    const status = ['status', '--porcelain'] as const;
    const tracked = git(...status, '--untracked-files=no');
    const code = git(...status, '--untracked-files=all', '--', ...CODE_FOLDERS);
    const lines = `${tracked}${code}`.split('\n').filter((line) => line !== '');
    return { commit, changed: [...new Set(lines.map((line) => line.slice(3)))] };
  } catch {
    // Outside a repository, as a user of the test kit is, or without a commit.
    return { commit: undefined, changed: [] };
  }
}

export function describeSource({ commit, changed }: Source): string {
  if (commit === undefined) return 'unknown';
  return changed.length === 0 ? commit : `${commit} and ${changed.length} changed files`;
}

/**
 * The commit that a journal may name: all that runs is in it.
 * @throws Error if there is none, or if the code is not what it holds
 */
export function expectClean({ commit, changed }: Source): string {
  if (commit === undefined) throw new Error('--journal needs a commit, and there is none');
  const [first] = changed;
  if (first === undefined) return commit;
  const words = changed.length === 1 ? first : `${first} and ${changed.length - 1} more`;
  throw new Error(`--journal needs code that is all in a commit; ${words} is not in ${commit}`);
}
