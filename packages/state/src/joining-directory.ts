/**
 * Where a node builds blocks and state aside while it joins by a snapshot: `joining` in the data
 * directory. When all is there a mark says so, and the next opening of the data directory puts both
 * in the place of the old ones. A crash leaves either the mark or nothing to adopt; adopting again
 * goes on where it stopped.
 */
import * as fs from 'node:fs';
import { attempt } from './disk/attempt.ts';
import { joinPath } from './disk/disk.ts';
import { createNodeDisk } from './disk/node-disk.ts';

const NAME = 'joining';
const MARK = 'complete';
/** What is adopted, each whole. */
const PARTS = ['blocks', 'state'] as const;

/** Places of what is being built. */
export interface JoiningPaths {
  readonly root: string;
  readonly blocks: string;
  readonly state: string;
}

/** Creates what is missing. @throws StateError STATE_DISK_FAILED */
export function openJoining(dataDirectory: string): JoiningPaths {
  const root = joinPath(dataDirectory, NAME);
  const paths = { root, blocks: joinPath(root, 'blocks'), state: joinPath(root, 'state') };
  for (const directory of Object.values(paths)) makeDirectory(directory);
  return paths;
}

/** Whether something is being built. */
export function isJoining(dataDirectory: string): boolean {
  return fs.existsSync(joinPath(dataDirectory, NAME));
}

/** Forgets what was built so far. @throws StateError STATE_DISK_FAILED */
export function discardJoining(dataDirectory: string): void {
  removeAll(joinPath(dataDirectory, NAME));
}

/** Everything is there and durable: from now on the next opening adopts it. */
export async function completeJoining({ root, blocks, state }: JoiningPaths): Promise<void> {
  const disk = createNodeDisk();
  for (const directory of [blocks, state, root]) await disk.syncDirectory(directory);
  const file = disk.createFile(joinPath(root, MARK));
  await file.sync();
  file.close();
  await disk.syncDirectory(root);
}

/**
 * Puts complete blocks and state in the place of the old ones; nothing happens without the mark.
 * @throws StateError STATE_DISK_FAILED
 */
export async function adoptJoined(dataDirectory: string): Promise<void> {
  const root = joinPath(dataDirectory, NAME);
  if (!fs.existsSync(joinPath(root, MARK))) return;
  const disk = createNodeDisk();
  for (const part of PARTS) {
    const built = joinPath(root, part);
    if (!fs.existsSync(built)) continue;
    const place = joinPath(dataDirectory, part);
    removeAll(place);
    disk.rename(built, place);
    await disk.syncDirectory(dataDirectory);
  }
  removeAll(root);
  await disk.syncDirectory(dataDirectory);
}

function makeDirectory(path: string): void {
  attempt('create', path, () => fs.mkdirSync(path, { recursive: true, mode: 0o700 }));
}

function removeAll(path: string): void {
  attempt('remove', path, () => fs.rmSync(path, { recursive: true, force: true }));
}
