/**
 * The disk of one machine behind the `Disk` port of state: writes land in a buffer at once, a sync
 * makes them durable after a while, and a crash keeps what the seed says of the rest: whole writes,
 * parts of writes, later ones without earlier ones. The disk outlives the process; a port belongs
 * to one life, and what a dead process still does is without effect.
 */
import type { Disk, DiskFile } from '@daybook/state';
import { StateError } from '@daybook/state';
import { Bytes } from './bytes.ts';
import type { Harm } from './harm.ts';
import { createHarm } from './harm.ts';
import type { Life } from './life.ts';
import type { Prng } from './prng.ts';
import type { Refusals } from './refusals.ts';
import type { Timeline } from './timeline.ts';

/** A point in the work of a disk or database: where a fault can strike. */
export interface DiskMoment {
  readonly operation: 'write' | 'sync' | 'synced' | 'sync-directory' | 'batch' | 'batch-written';
  readonly path: string;
  /** Offset in the file, of a write. */
  readonly at?: number;
}

/** What strikes. After `crash` the process is dead and the operation has not taken place. */
export type DiskFault = 'error' | 'full' | 'crash' | Misdirection;

/** A write that reaches the medium somewhere else; the process sees what it wrote until then. */
export interface Misdirection {
  readonly path: string;
  readonly at: number;
}

export interface DiskSettings {
  /** How long the next sync takes, in ms. */
  readonly syncMs: () => number;
  /** Asked before every operation; `crash` has ended the life already when it returns. */
  readonly strike: (moment: DiskMoment) => DiskFault | undefined;
  /** Takes every error that a strike makes. */
  readonly refusals: Refusals;
}

interface Change {
  readonly at: number;
  /** Absent for a truncation to `at`. */
  readonly bytes: Uint8Array | undefined;
}

interface Inode {
  readonly number: number;
  readonly current: Bytes;
  readonly durable: Bytes;
  unsynced: Change[];
  /** Changes of this file that were made durable or given up so far: numbers `unsynced`. */
  settled: number;
}

interface NameChange {
  readonly directory: string;
  readonly apply: (names: Map<string, Inode>) => void;
}

export interface SimDisk {
  /** Free part of the file system. */
  free: number;
  /** Files that faults have changed or lost. */
  readonly harm: Harm;
  portFor(life: Life): Disk;
  /** Power loss or kill -9 with what `losing` draws; all files go back to what is durable then. */
  crash(losing: Prng): void;
  /** The system has written everything out, as it does some seconds after the last write. */
  settle(): void;
  /** Paths of all files. */
  paths(): readonly string[];
  /** Paths that begin with this. */
  pathsBelow(prefix: string): readonly string[];
  /** Durable bytes, not a copy: changing them is damage. */
  durable(path: string): Uint8Array | undefined;
  /** Present bytes, as the process sees them. */
  current(path: string): Uint8Array | undefined;
  /** Changes present and durable bytes alike. */
  damage(path: string, change: (bytes: Uint8Array) => void): void;
  remove(path: string): void;
  /** All durable files by path, for a backup. */
  backup(): ReadonlyMap<string, Uint8Array>;
  /** Puts files back under new inodes, as a restore does. */
  restore(files: ReadonlyMap<string, Uint8Array>): void;
}

const SECTOR = 512;

export class SimulatedDisk implements SimDisk {
  free = 1;
  readonly harm = createHarm();
  readonly #timeline: Timeline;
  readonly #settings: DiskSettings;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  #inodes = 0;

  constructor(timeline: Timeline, settings: DiskSettings) {
    this.#timeline = timeline;
    this.#settings = settings;
  }

  // --- the port ------------------------------------------------------------------------------

  portFor(life: Life): Disk {
    return {
      openFile: (path) => this.#open(life, path, this.#find(path, 'open')),
      createFile: (path) => {
        const inode = this.#create();
        this.#rename(life, path, (names) => names.set(path, inode));
        return this.#open(life, path, inode);
      },
      list: (directory) => this.#list(directory),
      makeDirectory: () => undefined,
      remove: (path) => {
        this.#find(path, 'remove');
        this.#rename(life, path, (names) => names.delete(path));
      },
      rename: (from, to) => {
        const inode = this.#find(from, 'rename');
        this.#rename(life, to, (names) => {
          names.delete(from);
          names.set(to, inode);
        });
      },
      syncDirectory: (directory) => this.#syncDirectory(life, directory),
      identify: (path) => ({
        machine: 'simulated',
        inode: String(this.#find(path, 'measure').number),
        born: '',
      }),
      freeFraction: () => this.free,
    };
  }

  #find(path: string, operation: string): Inode {
    const inode = this.#names.get(path);
    if (inode !== undefined) return inode;
    throw new StateError({ code: 'STATE_DISK_FAILED', path, operation, reason: 'ENOENT' });
  }

  #create(): Inode {
    this.#inodes += 1;
    const number = this.#inodes;
    return { number, current: new Bytes(), durable: new Bytes(), unsynced: [], settled: 0 };
  }

  #rename(life: Life, path: string, apply: NameChange['apply']): void {
    if (!life.isAlive()) return;
    apply(this.#names);
    this.#nameChanges.push({ directory: directoryOf(path), apply });
  }

  #list(directory: string): readonly string[] {
    const prefix = `${directory}/`;
    const below = [...this.#names.keys()].filter((path) => path.startsWith(prefix));
    const names = below.map((path) => path.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(names)].sort();
  }

  #syncDirectory(life: Life, directory: string): Promise<void> {
    const fault = this.#strike(life, { operation: 'sync-directory', path: directory });
    if (fault === 'crash') return never();
    if (fault !== undefined) return Promise.reject(this.#refusal(syncFailure(directory)));
    return this.#after(life, () => {
      const here = this.#nameChanges.filter((one) => one.directory === directory);
      for (const change of here) change.apply(this.#durableNames);
      this.#nameChanges = this.#nameChanges.filter((one) => one.directory !== directory);
    });
  }

  #strike(life: Life, moment: DiskMoment): DiskFault | undefined {
    if (!life.isAlive()) return 'crash';
    const fault = this.#settings.strike(moment);
    return life.isAlive() ? fault : 'crash';
  }

  #refusal(error: StateError): StateError {
    return this.#settings.refusals.add(error);
  }

  /** Runs `effect` when the time of a sync has passed and the process still lives. */
  #after(life: Life, effect: () => void): Promise<void> {
    const delayMs = this.#settings.syncMs();
    if (delayMs === 0) {
      effect();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#timeline.at(this.#timeline.now() + delayMs, () => {
        if (!life.isAlive()) return;
        effect();
        life.enter(resolve);
      });
    });
  }

  #open(life: Life, path: string, inode: Inode): DiskFile {
    const change = (one: Change): void => {
      if (!life.isAlive()) return;
      applyChange(inode.current, one);
      inode.unsynced.push(one);
    };
    return {
      path,
      size: () => inode.current.size,
      read: (at, into) => inode.current.read(at, into),
      write: (at, bytes) => {
        const fault = this.#strike(life, { operation: 'write', path, at });
        if (fault === 'full') throw this.#refusal(fullDisk(path));
        if (fault === 'error') throw this.#refusal(writeFailure(path));
        if (fault === undefined) change({ at, bytes: bytes.slice() });
        if (typeof fault !== 'object') return;
        this.harm.add(path, fault.path);
        applyChange(inode.current, { at, bytes });
        this.#names.get(fault.path)?.durable.write(fault.at, bytes);
      },
      truncate: (size) => change({ at: size, bytes: undefined }),
      sync: () => this.#sync(life, path, inode),
      close: () => undefined,
    };
  }

  #sync(life: Life, path: string, inode: Inode): Promise<void> {
    const fault = this.#strike(life, { operation: 'sync', path });
    if (fault === 'crash') return never();
    const upTo = inode.settled + inode.unsynced.length;
    if (fault !== undefined) {
      // As on a real disk: what could not be written is forgotten, and the next sync succeeds.
      inode.settled = upTo;
      inode.unsynced = [];
      return Promise.reject(this.#refusal(syncFailure(path)));
    }
    return this.#after(life, () => {
      const count = Math.max(0, upTo - inode.settled);
      for (const change of inode.unsynced.splice(0, count)) applyChange(inode.durable, change);
      inode.settled += count;
      this.#strike(life, { operation: 'synced', path });
    });
  }

  // --- faults --------------------------------------------------------------------------------

  crash(losing: Prng): void {
    const keptNames = losing.between(0, this.#nameChanges.length);
    for (const change of this.#nameChanges.slice(0, keptNames)) change.apply(this.#durableNames);
    this.#nameChanges = [];
    this.#names = new Map(this.#durableNames);
    const keepPermille = losing.pick([0, 0, 500, 900, 1000]);
    for (const inode of new Set(this.#names.values())) {
      for (const change of inode.unsynced) keepPart(inode.durable, change, losing, keepPermille);
      inode.settled += inode.unsynced.length;
      inode.unsynced = [];
      inode.current.copyFrom(inode.durable);
    }
  }

  settle(): void {
    for (const inode of this.#names.values()) {
      for (const change of inode.unsynced) applyChange(inode.durable, change);
      inode.settled += inode.unsynced.length;
      inode.unsynced = [];
    }
    this.#nameChanges = [];
    this.#durableNames = new Map(this.#names);
  }

  paths(): readonly string[] {
    return this.pathsBelow('');
  }

  pathsBelow(prefix: string): readonly string[] {
    return [...this.#names.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  durable(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.durable.view();
  }

  current(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.current.view();
  }

  damage(path: string, change: (bytes: Uint8Array) => void): void {
    const inode = this.#names.get(path);
    if (inode === undefined) return;
    this.harm.add(path);
    change(inode.durable.view());
    inode.current.copyFrom(inode.durable);
  }

  remove(path: string): void {
    this.harm.add(path);
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  backup(): ReadonlyMap<string, Uint8Array> {
    const files = [...this.#durableNames].map(
      ([path, { durable }]) => [path, durable.view().slice()] as const,
    );
    return new Map(files);
  }

  restore(files: ReadonlyMap<string, Uint8Array>): void {
    this.#names = new Map();
    for (const [path, bytes] of files) {
      const inode = this.#create();
      inode.current.write(0, bytes);
      inode.durable.write(0, bytes);
      this.#names.set(path, inode);
    }
    this.#durableNames = new Map(this.#names);
    this.#nameChanges = [];
  }
}

/** A write that was not synced: nothing, all, or whole sectors of it and part of one. */
function keepPart(durable: Bytes, change: Change, losing: Prng, keepPermille: number): void {
  if (!losing.chance(keepPermille)) return;
  const { at, bytes } = change;
  if (bytes === undefined || losing.chance(700)) {
    applyChange(durable, change);
    return;
  }
  if (losing.chance(500)) {
    durable.write(at, bytes.subarray(0, losing.between(0, bytes.length)));
    return;
  }
  for (let start = 0; start < bytes.length; start += SECTOR) {
    if (losing.chance(500)) durable.write(at + start, bytes.subarray(start, start + SECTOR));
  }
}

function applyChange(to: Bytes, { at, bytes }: Change): void {
  if (bytes === undefined) to.resize(at);
  else to.write(at, bytes);
}

function directoryOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}

function syncFailure(path: string): StateError {
  return new StateError({ code: 'STATE_SYNC_FAILED', path, reason: 'EIO' });
}

function fullDisk(path: string): StateError {
  return new StateError({ code: 'STATE_DISK_FULL', path });
}

function writeFailure(path: string): StateError {
  return new StateError({ code: 'STATE_DISK_FAILED', path, operation: 'write', reason: 'EIO' });
}
