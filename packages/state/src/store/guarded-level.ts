/**
 * LevelDB, opened so that it cannot end this process without a word. It asserts what it reads, and
 * where damage breaks an assertion, or leads it outside of its memory, the process is gone. So a
 * database that is suspect is read by a process of its own first: then the damage has a name here.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import * as fs from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { attempt, diskError } from '../disk/attempt.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { KeyValue } from './key-value.ts';
import { openLevel } from './level.ts';

/** In the folder of the database while it is open: how often in a row it was not closed before. */
const OPENED_FILE = 'opened.json';
/** One may be the power, two in a row are suspect. */
const SUSPECT_FROM = 2;
/** Batches, about one a block, after which the end before is no longer in a row with the next. */
const WELL_AFTER = 1000;
const START = 'start a process that reads';

/**
 * Opens a database for a node: one that was not closed twice in a row, with little work between, is
 * read by another process first, which takes about 5 s of processor time for a million entries.
 * @param onSuspect  called before it is read
 * @throws StateError as `openLevel`, and STATE_DATABASE_FAILED where reading it ends a process
 */
export async function openGuardedLevel(
  path: string,
  onSuspect: () => void = () => undefined,
): Promise<KeyValue> {
  const file = joinPath(path, OPENED_FILE);
  let unclosed = unclosedBefore(file);
  if (unclosed >= SUSPECT_FROM) {
    onSuspect();
    await readThrough(path);
    unclosed = 0;
  }
  attempt('write', path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }));
  note(file, unclosed);
  const database = await openLevel(path);
  let batches = 0;
  return {
    ...database,
    write: async (batch, isSynced) => {
      await database.write(batch, isSynced);
      batches += 1;
      if (batches === WELL_AFTER && unclosed > 0) note(file, 0);
    },
    close: async () => {
      await database.close();
      attempt('remove', file, () => fs.rmSync(file, { force: true }));
    },
  };
}

/** Opens a database of a node that is down, whatever its state. @throws StateError as `openGuardedLevel` */
export async function openSuspectLevel(path: string): Promise<KeyValue> {
  await readThrough(path);
  return await openLevel(path);
}

function note(file: string, unclosed: number): void {
  attempt('write', file, () =>
    fs.writeFileSync(file, JSON.stringify({ unclosed }), { mode: 0o600 }),
  );
}

function unclosedBefore(file: string): number {
  if (!fs.existsSync(file)) return 0;
  const content = attempt('read', file, () => fs.readFileSync(file, 'utf8'));
  // What cannot be read was cut off by a crash: not closed this once at least.
  return 1 + Number(/^\{"unclosed":(\d)\}$/.exec(content)?.[1] ?? 0);
}

/**
 * @throws StateError STATE_DATABASE_FAILED when reading the database ends the process that does,
 * STATE_DISK_FAILED when the system starts none
 */
export async function readThrough(path: string): Promise<void> {
  if (!fs.existsSync(path)) return;
  const program = fileURLToPath(import.meta.resolve('#reading-process'));
  const child = attempt(START, path, () =>
    fork(program, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
  );
  const [said, [exitCode, signal]] = await Promise.all([textOf(child.stderr), endOf(child, path)]);
  if (exitCode === 0) return;
  const reason = `reading it ends a process by ${signal ?? `exit code ${exitCode}`}${wordsIn(said)}`;
  throw new StateError({ code: 'STATE_DATABASE_FAILED', path, reason });
}

/** Hands the folder over. @throws StateError STATE_DISK_FAILED when there is no such process */
async function endOf(
  child: ChildProcess,
  path: string,
): Promise<[exitCode: number | null, signal: NodeJS.Signals | null]> {
  return await new Promise((resolve, reject) => {
    // One that was not started says so more than once: it cannot be written to, either.
    child.on('error', (error) => reject(diskError(START, path, error)));
    child.once('exit', (exitCode, signal) => resolve([exitCode, signal]));
    // Without descriptors there is no channel, and only the error. One that has ended tells how by its end.
    if (child.connected) child.send(path, () => undefined);
  });
}

async function textOf(stream: NodeJS.ReadableStream | null | undefined): Promise<string> {
  return stream === null || stream === undefined ? '' : await text(stream);
}

/** The assertion, or what else stands last. */
function wordsIn(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((one) => one.includes('Assertion')) ?? lines.at(-1);
  return line === undefined ? '' : ` (${line.trim()})`;
}
