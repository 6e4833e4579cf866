/**
 * A few small things that must outlive the process and are soon let go of again, one file each: a
 * checksum, then the bytes. Nothing rests on one that is missing; a damaged one counts as missing and
 * stays where it is, since nobody can tell whose it was.
 */
import { assert, crc32c, createWriter, decodeBinary } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';

export interface Keepsake {
  /** Lower-case letters, digits and hyphens; names the file. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Keepsakes {
  /** All that lie there whole, by name. */
  read(): readonly Keepsake[];
  /** The one of this name, if it lies there whole. */
  find(name: string): Keepsake | undefined;
  /** Paths of files that have such a name and are not whole, or are of somebody else. */
  damaged(): readonly string[];
  /** Durable when it resolves. @throws StateError when the disk fails */
  keep(keepsake: Keepsake): Promise<void>;
  /** Nothing happens if there is none of this name. @throws StateError when the disk fails */
  drop(name: string): void;
}

const NAME = /^[a-z0-9-]{1,100}$/;

function encodeKeepsake(bytes: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.u32(crc32c(bytes));
  writer.sized(bytes);
  return writer.finish();
}

function decodeKeepsake(stored: Uint8Array): Uint8Array | undefined {
  const decoded = decodeBinary(stored, 'keepsake', (reader) => {
    return { checksum: reader.u32(), bytes: reader.sized(stored.length) };
  });
  if (!decoded.ok) return undefined;
  const { checksum, bytes } = decoded.value;
  return crc32c(bytes) === checksum ? bytes : undefined;
}

/** Those of a directory, which is there already. */
export function openKeepsakes(directory: string, disk: Disk): Keepsakes {
  const pathOf = (name: string): string => {
    assert(NAME.test(name), 'a name is plain, so that it stays in its directory');
    return joinPath(directory, name);
  };
  const names = (): readonly string[] => disk.list(directory).filter((name) => NAME.test(name));
  const readFile = (path: string): Uint8Array | undefined => {
    const file = disk.openFile(path);
    try {
      const stored = new Uint8Array(file.size());
      file.read(0, stored);
      return decodeKeepsake(stored);
    } finally {
      file.close();
    }
  };
  const find = (name: string): Keepsake | undefined => {
    const path = pathOf(name);
    const bytes = names().includes(name) ? readFile(path) : undefined;
    return bytes && { name, bytes };
  };
  return {
    read: () => names().flatMap((name) => find(name) ?? []),
    find,
    damaged: () =>
      names()
        .filter((name) => find(name) === undefined)
        .map(pathOf),
    keep: async ({ name, bytes }) => {
      const file = disk.createFile(pathOf(name));
      try {
        file.write(0, encodeKeepsake(bytes));
        await file.sync();
      } finally {
        file.close();
      }
      await disk.syncDirectory(directory);
    },
    drop: (name) => {
      const path = pathOf(name);
      if (names().includes(name)) disk.remove(path);
    },
  };
}
