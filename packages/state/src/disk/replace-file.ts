/** Small files that are whole or not there at all, however the process and the machine end. */
import * as fs from 'node:fs';
import { StateError } from '../errors.ts';
import { attempt, codeOf } from './attempt.ts';

/**
 * Writes a file beside its place, syncs it, and puts it there: what stood there is replaced as a
 * whole, and stays when this throws.
 * @param mode  permissions of the file
 * @throws StateError STATE_DISK_FULL, STATE_DISK_FAILED, STATE_SYNC_FAILED
 */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const fresh = `${path}.new`;
  try {
    // One call of `writeSync` may write a part and succeed; this one goes on until all is written.
    attempt('write', fresh, () => fs.writeFileSync(fresh, content, { mode }));
    syncPath(fresh, 'r+');
    attempt('rename', fresh, () => fs.renameSync(fresh, path));
  } catch (error) {
    removeRest(fresh);
    throw error;
  }
  syncFolder(path.slice(0, path.lastIndexOf('/')) || '/');
}

/** Makes creations, removals and renames in a folder durable. @throws StateError as `replaceFile` */
export function syncFolder(folder: string): void {
  syncPath(folder, 'r');
}

function syncPath(path: string, flags: 'r' | 'r+'): void {
  const descriptor = attempt('open', path, () => fs.openSync(path, flags));
  try {
    fs.fsyncSync(descriptor);
  } catch (cause) {
    throw new StateError({ code: 'STATE_SYNC_FAILED', path, reason: codeOf(cause) }, { cause });
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Half a file is of no use, and takes space on a full disk. */
function removeRest(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // It is written anew the next time; the first failure is the one to tell.
  }
}
