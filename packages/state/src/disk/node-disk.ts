/** The real disk: `node:fs` behind the port, with the system's refusals put into our words. */
import * as fs from 'node:fs';
import { StateError } from '../errors.ts';
import { attempt, codeOf, diskError } from './attempt.ts';
import type { Disk, DiskFile, FileIdentity } from './disk.ts';

/** Files of this machine. */
export function createNodeDisk(): Disk {
  return {
    openFile: (path) =>
      new NodeFile(
        path,
        attempt('open', path, () => fs.openSync(path, 'r+')),
      ),
    createFile: (path) =>
      new NodeFile(
        path,
        attempt('create', path, () => fs.openSync(path, 'w+')),
      ),
    list: listNames,
    makeDirectory: (directory) => {
      attempt('create', directory, () => fs.mkdirSync(directory, { recursive: true, mode: 0o700 }));
    },
    remove: (path) => attempt('remove', path, () => fs.unlinkSync(path)),
    rename: (from, to) => attempt('rename', from, () => fs.renameSync(from, to)),
    syncDirectory,
    identify,
    freeFraction: (path) => {
      const figures = attempt('measure', path, () => fs.statfsSync(path));
      return figures.blocks === 0 ? 1 : figures.bavail / figures.blocks;
    },
  };
}

/** Files of this machine for who only looks: a file system that is read-only is good enough. */
export function createReadingDisk(): Pick<Disk, 'list' | 'openFile'> {
  return {
    openFile: (path) =>
      new NodeFile(
        path,
        attempt('open', path, () => fs.openSync(path, 'r')),
      ),
    list: listNames,
  };
}

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return attempt('measure', this.path, () => fs.fstatSync(this.#descriptor).size);
  }

  // No closure here: this is the hot path of every tree and value read.
  read(at: number, into: Uint8Array): number {
    try {
      let done = fs.readSync(this.#descriptor, into, 0, into.length, at);
      while (done < into.length) {
        const more = fs.readSync(this.#descriptor, into, done, into.length - done, at + done);
        if (more === 0) break;
        done += more;
      }
      return done;
    } catch (error) {
      throw diskError('read', this.path, error);
    }
  }

  write(at: number, bytes: Uint8Array): void {
    try {
      let done = 0;
      while (done < bytes.length) {
        done += fs.writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
      }
    } catch (error) {
      throw diskError('write', this.path, error);
    }
  }

  truncate(size: number): void {
    attempt('truncate', this.path, () => fs.ftruncateSync(this.#descriptor, size));
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) =>
        error === null ? resolve() : reject(syncError(this.path, error)),
      );
    });
  }

  close(): void {
    attempt('close', this.path, () => fs.closeSync(this.#descriptor));
  }
}

function listNames(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw diskError('list', directory, error);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const descriptor = attempt('open', directory, () => fs.openSync(directory, 'r'));
  try {
    await new Promise<void>((resolve, reject) => {
      fs.fsync(descriptor, (error) =>
        error === null ? resolve() : reject(syncError(directory, error)),
      );
    });
  } finally {
    fs.closeSync(descriptor);
  }
}

function identify(path: string): FileIdentity {
  // Without the device number: it may change at a reboot, and a copy has another inode anyway.
  const { ino, birthtimeNs } = attempt('measure', path, () => fs.statSync(path, { bigint: true }));
  const isBornKnown = birthtimeNs > 0n && areBirthsTold();
  return {
    machine: machineId(),
    inode: String(ino),
    born: isBornKnown ? String(birthtimeNs) : '',
  };
}

/**
 * Where a sandbox forbids the call that tells births, libuv gives the last change in their place.
 * Files of `/proc` have none: whoever names one invents it.
 */
function areBirthsTold(): boolean {
  try {
    return fs.statSync('/proc/self/stat', { bigint: true }).birthtimeNs === 0n;
  } catch {
    return false;
  }
}

function machineId(): string {
  try {
    return fs.readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    // Not every system has the file, and a container's host name changes with every start: then
    // the inode alone tells a copy.
    return '';
  }
}

function syncError(path: string, cause: Error): StateError {
  return new StateError({ code: 'STATE_SYNC_FAILED', path, reason: codeOf(cause) }, { cause });
}
