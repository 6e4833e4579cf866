/** What a fault needs of the machine, and the plain reason where the machine lacks it. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

export type Need = 'linux' | 'strace' | 'faketime' | 'mount' | 'namespaces';

const FAKETIME = '/usr/lib/*/faketime/libfaketimeMT.so.1';

/** The library that Debian's package faketime brings. */
export function faketimeLibrary(): string | undefined {
  return globSync(FAKETIME)[0];
}

function succeeds(program: string, words: readonly string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' });
    return true;
  } catch {
    // Missing, or not allowed here: both mean that the machine cannot.
    return false;
  }
}

/** Makes and removes a namespace with what networks of namespaces are made of. */
function canMakeNamespaces(): boolean {
  const name = `daybook-probe-${process.pid}`;
  if (!succeeds('ip', ['netns', 'add', name])) return false;
  try {
    const link = ['-n', name, 'link', 'add', 'name'];
    return [
      [...link, 'switch', 'type', 'bridge'],
      [...link, 'cable', 'type', 'veth', 'peer', 'name', 'end'],
      ['netns', 'exec', name, 'true'],
    ].every((words) => succeeds('ip', words));
  } finally {
    succeeds('ip', ['netns', 'del', name]);
  }
}

const REASONS: Readonly<Record<Need, () => string | undefined>> = {
  linux: () => (process.platform === 'linux' ? undefined : 'not Linux'),
  strace: () =>
    succeeds('strace', ['-D', '-f', '-o', '/dev/null', 'true'])
      ? undefined
      : 'strace is missing or may not trace here',
  faketime: () => (faketimeLibrary() === undefined ? 'faketime is missing' : undefined),
  mount: () => {
    if (process.getuid?.() !== 0) return 'mounting needs root';
    return succeeds('mkfs.ext4', ['-V']) ? undefined : 'mkfs.ext4 is missing';
  },
  namespaces: () => {
    if (process.getuid?.() !== 0) return 'network namespaces need root';
    if (!succeeds('ip', ['-V'])) return 'ip of iproute2 is missing';
    return canMakeNamespaces() ? undefined : 'no network namespaces can be made here';
  },
};

/** Why the machine cannot run what needs these; undefined when it can. */
export function lackOf(needs: readonly Need[]): string | undefined {
  for (const need of needs) {
    const reason = REASONS[need]();
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** A small disk of its own: ext4 in a file, mounted by loop. */
export interface SmallDisk {
  readonly directory: string;
  remount(flag: 'ro' | 'rw'): boolean;
  /** Takes the file system out of the tree while open files go on (`umount -l`). */
  vanish(): void;
  mount(): void;
  remove(): void;
}

/** Makes a disk of so many MiB and mounts it on a directory that is there or is made. */
export function createSmallDisk(directory: string, mebibytes: number): SmallDisk {
  const file = `${directory}.disk`;
  mkdirSync(path.dirname(file), { recursive: true });
  execFileSync('truncate', ['-s', `${mebibytes}M`, file]);
  execFileSync('mkfs.ext4', ['-q', '-m', '0', '-F', file]);
  mkdirSync(directory, { recursive: true });
  const mount = (): void => {
    execFileSync('mount', ['-o', 'loop', file, directory]);
  };
  mount();
  return {
    directory,
    mount,
    remount: (flag) => succeeds('mount', ['-o', `remount,${flag}`, directory]),
    vanish: () => {
      execFileSync('umount', ['-l', directory]);
    },
    remove: () => {
      succeeds('umount', ['-l', directory]);
      if (existsSync(file)) rmSync(file);
    },
  };
}
