/**
 * The data directory: which format it has and which process owns it. The lock is an empty LevelDB,
 * because Node has no file locks and LevelDB's are the kernel's: they end with the process however
 * it ends, and hold between containers that share the directory, where process ids tell nothing.
 */
import * as fs from 'node:fs';
import { attempt } from './disk/attempt.ts';
import { joinPath } from './disk/disk.ts';
import { replaceFile } from './disk/replace-file.ts';
import { StateError } from './errors.ts';
import { adoptJoined } from './joining-directory.ts';
import type { KeyValue } from './store/key-value.ts';
import { openLevel } from './store/level.ts';

/** Grows by one with every change that an older version could not read. */
export const DATA_FORMAT_VERSION = 2;

const FORMAT_NAME = 'daybook-data';
const FORMAT_FILE = 'format.json';
const LOCK_DIRECTORY = 'lock';
const OWNER_FILE = 'owner.json';

/** A directory that is ours until `close`. */
export interface DataDirectory {
  /** Directories of the parts; created when missing. */
  readonly paths: {
    readonly blocks: string;
    readonly votes: string;
    readonly state: string;
    readonly evidence: string;
  };
  close(): Promise<void>;
}

/**
 * Locks a data directory and checks its format; a new one gets the current format.
 * @throws StateError STATE_DIRECTORY_LOCKED (with the other process, if it can be told),
 *   STATE_FORMAT_UNKNOWN, STATE_DISK_FULL, STATE_DISK_FAILED, STATE_SYNC_FAILED
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const lock = await lockDirectory(path);
  try {
    checkFormat(path);
    await adoptJoined(path);
    const paths = {
      blocks: joinPath(path, 'blocks'),
      votes: joinPath(path, 'votes'),
      state: joinPath(path, 'state'),
      evidence: joinPath(path, 'evidence'),
    };
    for (const directory of Object.values(paths)) makeDirectory(directory);
    return { paths, close: () => lock.close() };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

/**
 * Locks any directory, made when it is missing, until `close` or the end of the process.
 * @throws StateError STATE_DIRECTORY_LOCKED (with the other process, if it can be told)
 */
export async function lockDirectory(path: string): Promise<Pick<DataDirectory, 'close'>> {
  makeDirectory(path);
  const directory = joinPath(path, LOCK_DIRECTORY);
  const lock = await openLock(path, directory);
  try {
    nameOwner(directory);
    return lock;
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function openLock(path: string, directory: string): Promise<KeyValue> {
  try {
    return await openLevel(directory);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (error.code === 'STATE_DIRECTORY_LOCKED') {
      const pid = ownerOf(directory);
      const facts = pid === undefined ? { path } : { path, pid };
      throw new StateError({ code: 'STATE_DIRECTORY_LOCKED', ...facts }, { cause: error });
    }
    // Damaged, but locked by nobody: LevelDB locks before it reads. It holds nothing of value.
    attempt('remove', directory, () => fs.rmSync(directory, { recursive: true, force: true }));
    return openLevel(directory);
  }
}

/** The lock says that somebody has the directory; this file says who. */
function nameOwner(directory: string): void {
  const file = joinPath(directory, OWNER_FILE);
  const owner = JSON.stringify({ pid: process.pid });
  attempt('write', file, () => fs.writeFileSync(file, owner, { flush: true, mode: 0o600 }));
}

function ownerOf(directory: string): number | undefined {
  try {
    const owner: unknown = JSON.parse(fs.readFileSync(joinPath(directory, OWNER_FILE), 'utf8'));
    const hasPid = typeof owner === 'object' && owner !== null && 'pid' in owner;
    return hasPid && typeof owner.pid === 'number' ? owner.pid : undefined;
  } catch {
    // The owner is named as a courtesy; the lock holds without it.
    return undefined;
  }
}

function checkFormat(path: string): void {
  const file = joinPath(path, FORMAT_FILE);
  const supported = `${FORMAT_NAME} ${DATA_FORMAT_VERSION}`;
  if (!fs.existsSync(file)) {
    const format = { format: FORMAT_NAME, version: DATA_FORMAT_VERSION };
    // Half of it would be refused as another format at every later start.
    replaceFile(file, `${JSON.stringify(format)}\n`, 0o600);
    return;
  }
  const found = formatIn(attempt('read', file, () => fs.readFileSync(file, 'utf8')));
  if (found !== supported) {
    throw new StateError({ code: 'STATE_FORMAT_UNKNOWN', path, found, supported });
  }
}

const UNREADABLE = `a damaged ${FORMAT_FILE}`;

function formatIn(text: string): string {
  try {
    const { format, version } = JSON.parse(text);
    const isWhole = typeof format === 'string' && typeof version === 'number';
    return isWhole ? `${format} ${version}` : UNREADABLE;
  } catch {
    // Whatever it is, it is not a format we know; the caller says so.
    return UNREADABLE;
  }
}

function makeDirectory(path: string): void {
  attempt('create', path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }));
}
