/**
 * A disk in memory that behaves like a real one when the power fails: what was synced is there,
 * of the rest any part may be. For tests and the simulator; every fault is the caller's choice, so
 * that a seed decides all of them.
 */
import { assert } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';

/** What the caller may decide to let fail. */
export type DiskOperation = 'write' | 'sync' | 'sync-directory';

export interface MemoryDiskOptions {
  /** Called before an operation; 'error' lets it fail, 'full' lets a write find no room. */
  readonly fault?: (operation: DiskOperation, path: string) => 'error' | 'full' | undefined;
  /** Name of the machine in identities. */
  readonly machine?: string;
}

/** An unsynced write at the moment of a crash. */
export interface PendingWrite {
  readonly path: string;
  readonly size: number;
}

export interface MemoryDisk extends Disk {
  /**
   * Power loss: all open files become useless. `keep` says how many bytes of each unsynced write
   * reached the disk (0 to its size), `keepNames` how many of the unsynced creations, removals and
   * renames did. The default loses all of them.
   */
  crash(keep?: (write: PendingWrite) => number, keepNames?: (count: number) => number): void;
  /** The bytes of a file, not a copy: writing to them is damage that no check has seen. */
  content(path: string): Uint8Array;
  /** Replaces a file, as a restore from backup would: under another inode. */
  replace(path: string, bytes: Uint8Array): void;
  setFreeFraction(fraction: number): void;
}

interface Change {
  readonly at: number;
  /** Bytes written, or undefined for a truncation to `at`. */
  readonly bytes: Uint8Array | undefined;
}

interface Inode {
  readonly id: number;
  current: Image;
  readonly durable: Image;
  unsynced: Change[];
}

/** The bytes of a file in an array that grows by doubling. */
class Image {
  #buffer = new Uint8Array(64);
  #size = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  write(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#size) this.resize(at + bytes.length);
    this.#buffer.set(bytes, at);
  }

  resize(size: number): void {
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length));
      larger.set(this.bytes());
      this.#buffer = larger;
    }
    if (size < this.#size) this.#buffer.fill(0, size, this.#size);
    this.#size = size;
  }

  apply({ at, bytes }: Change): void {
    if (bytes === undefined) this.resize(at);
    else this.write(at, bytes);
  }
}

interface NameChange {
  readonly directory: string;
  readonly apply: (names: Map<string, Inode>) => void;
}

class Memory {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  nameChanges: NameChange[] = [];
  epoch = 0;
  inodes = 0;
  free = 1;
  readonly options: MemoryDiskOptions;

  constructor(options: MemoryDiskOptions) {
    this.options = options;
  }

  find(path: string, operation: string): Inode {
    const inode = this.names.get(path);
    if (inode !== undefined) return inode;
    throw new StateError({ code: 'STATE_DISK_FAILED', path, operation, reason: 'ENOENT' });
  }

  create(): Inode {
    this.inodes += 1;
    return { id: this.inodes, current: new Image(), durable: new Image(), unsynced: [] };
  }

  changeNames(path: string, apply: (names: Map<string, Inode>) => void): void {
    apply(this.names);
    this.nameChanges.push({ directory: directoryOf(path), apply });
  }

  check(operation: DiskOperation, path: string): void {
    const fault = this.options.fault?.(operation, path);
    if (fault === undefined) return;
    if (fault === 'full') throw new StateError({ code: 'STATE_DISK_FULL', path });
    if (operation === 'write') {
      throw new StateError({ code: 'STATE_DISK_FAILED', path, operation, reason: 'EIO' });
    }
    throw new StateError({ code: 'STATE_SYNC_FAILED', path, reason: 'EIO' });
  }
}

/** An empty disk. */
export function createMemoryDisk(options: MemoryDiskOptions = {}): MemoryDisk {
  const memory = new Memory(options);
  return { ...filesOf(memory), ...faultsOf(memory) };
}

function filesOf(memory: Memory): Disk {
  return {
    openFile: (path) => new MemoryFile(path, memory, memory.find(path, 'open')),
    createFile: (path) => {
      const inode = memory.create();
      memory.changeNames(path, (names) => names.set(path, inode));
      return new MemoryFile(path, memory, inode);
    },
    list: (directory) => {
      const prefix = `${directory}/`;
      const below = [...memory.names.keys()].filter((path) => path.startsWith(prefix));
      const names = below.map((path) => path.slice(prefix.length).split('/')[0] ?? '');
      return [...new Set(names)].sort();
    },
    makeDirectory: () => undefined,
    remove: (path) => {
      memory.find(path, 'remove');
      memory.changeNames(path, (names) => names.delete(path));
    },
    rename: (from, to) => {
      const inode = memory.find(from, 'rename');
      memory.changeNames(to, (names) => {
        names.delete(from);
        names.set(to, inode);
      });
    },
    syncDirectory: async (directory) => {
      memory.check('sync-directory', directory);
      const [here, elsewhere] = split(memory.nameChanges, (one) => one.directory === directory);
      for (const change of here) change.apply(memory.durableNames);
      memory.nameChanges = elsewhere;
    },
    identify: (path) => ({
      machine: memory.options.machine ?? 'memory',
      inode: String(memory.find(path, 'measure').id),
      born: '',
    }),
    freeFraction: () => memory.free,
  };
}

function faultsOf(memory: Memory): Omit<MemoryDisk, keyof Disk> {
  return {
    crash: (keep = () => 0, keepNames = () => 0) => {
      memory.epoch += 1;
      const kept = memory.nameChanges.slice(0, keepNames(memory.nameChanges.length));
      for (const change of kept) change.apply(memory.durableNames);
      memory.nameChanges = [];
      memory.names = new Map(memory.durableNames);
      for (const [path, inode] of memory.names) loseUnsynced(path, inode, keep);
    },
    content: (path) => memory.find(path, 'read').current.bytes(),
    replace: (path, bytes) => {
      const inode = memory.create();
      inode.current.write(0, bytes);
      inode.durable.write(0, bytes);
      memory.names.set(path, inode);
      memory.durableNames.set(path, inode);
    },
    setFreeFraction: (fraction) => {
      memory.free = fraction;
    },
  };
}

function loseUnsynced(path: string, inode: Inode, keep: (write: PendingWrite) => number): void {
  for (const { at, bytes } of inode.unsynced) {
    if (bytes === undefined) {
      inode.durable.resize(at);
      continue;
    }
    const size = keep({ path, size: bytes.length });
    assert(size >= 0 && size <= bytes.length, 'a crash keeps a part of a write');
    if (size > 0) inode.durable.write(at, bytes.subarray(0, size));
  }
  inode.unsynced = [];
  inode.current = new Image();
  inode.current.write(0, inode.durable.bytes());
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #memory: Memory;
  readonly #inode: Inode;
  readonly #epoch: number;
  #isOpen = true;

  constructor(path: string, memory: Memory, inode: Inode) {
    this.path = path;
    this.#memory = memory;
    this.#inode = inode;
    this.#epoch = memory.epoch;
  }

  size(): number {
    this.#assertUsable();
    return this.#inode.current.bytes().length;
  }

  read(at: number, into: Uint8Array): number {
    this.#assertUsable();
    const found = this.#inode.current.bytes().subarray(at, at + into.length);
    into.set(found);
    return found.length;
  }

  write(at: number, bytes: Uint8Array): void {
    this.#assertUsable();
    this.#memory.check('write', this.path);
    this.#apply({ at, bytes: bytes.slice() });
  }

  truncate(size: number): void {
    this.#assertUsable();
    this.#apply({ at: size, bytes: undefined });
  }

  async sync(): Promise<void> {
    this.#assertUsable();
    this.#memory.check('sync', this.path);
    for (const change of this.#inode.unsynced) this.#inode.durable.apply(change);
    this.#inode.unsynced = [];
  }

  close(): void {
    this.#isOpen = false;
  }

  #apply(change: Change): void {
    this.#inode.current.apply(change);
    this.#inode.unsynced.push(change);
  }

  #assertUsable(): void {
    assert(this.#isOpen, 'a closed file is not used');
    assert(this.#epoch === this.#memory.epoch, 'a file opened before a crash is not used');
  }
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function split<T>(items: readonly T[], test: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
