/** How far a long run has come, in a file from which it goes on, on the commit on which it began. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

/** Short hash of the commit that is checked out. */
export function commitNow(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // Outside a repository, as a user of the test kit is.
    return 'unknown';
  }
}
