/**
 * Hashes of the blocks before the first one of a block log: a node that joined by a snapshot has not
 * their bodies, but what commits to the whole history needs their hashes. Written once, in order of
 * heights from 0; each with a checksum, by which a writer that was cut off finds where to go on.
 *
 *   file = (hash 32 | crc32c u32 over the hash with the height as seed) for each height
 */
import type { Hash, Height } from '@daybook/core';
import { asHash, assert, crc32c } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { damaged } from './segment-scan.ts';

const FILE_NAME = 'earlier-hashes.bin';
const HASH_SIZE = 32;
const ENTRY_SIZE = HASH_SIZE + 4;

/** The hashes as they lie in the directory of a block log. */
export interface EarlierHashes {
  /** They are those of heights 0 to count - 1. */
  readonly count: number;
  /** @throws StateError STATE_BLOCK_DAMAGED */
  at(height: Height): Hash | undefined;
  /** From height 0 on, up to the first that fails its checksum: what a writer left that was cut off. */
  sound(): Iterable<Hash>;
  close(): void;
}

/** Takes hashes while a log is being made. */
export interface EarlierHashesWriter {
  append(hashes: readonly Hash[]): void;
  /** What was appended is durable when it resolves. */
  sync(): Promise<void>;
  /** Durable when it resolves; nothing can be appended then. */
  finish(): Promise<void>;
}

/** Undefined in a log that begins with genesis. */
export function openEarlierHashes(directory: string, disk: Disk): EarlierHashes | undefined {
  if (!disk.list(directory).includes(FILE_NAME)) return undefined;
  const file = disk.openFile(joinPath(directory, FILE_NAME));
  const count = Math.floor(file.size() / ENTRY_SIZE);
  return {
    count,
    at: (height) => {
      if (height < 0 || height >= count) return undefined;
      const hash = readHash(file, height);
      if (hash !== undefined) return hash;
      throw damaged(file.path, height * ENTRY_SIZE, 'a hash fails its checksum', height);
    },
    *sound() {
      for (let height = 0; height < count; height++) {
        const hash = readHash(file, height);
        if (hash === undefined) return;
        yield hash;
      }
    },
    close: () => file.close(),
  };
}

/** Undefined when it fails its checksum. */
function readHash(file: DiskFile, height: Height): Hash | undefined {
  const entry = new Uint8Array(ENTRY_SIZE);
  file.read(height * ENTRY_SIZE, entry);
  const hash = entry.subarray(0, HASH_SIZE);
  const stored = new DataView(entry.buffer).getUint32(HASH_SIZE);
  return stored === checksumOf(hash, height) ? asHash(hash) : undefined;
}

/** Begins the file of a new log; what stood there is gone. */
export function createEarlierHashes(directory: string, disk: Disk): EarlierHashesWriter {
  return writerOf(disk.createFile(joinPath(directory, FILE_NAME)), { directory, disk, count: 0 });
}

/** Goes on behind the first `count` hashes of a file, which are there; what follows them is cut. */
export function continueEarlierHashes(
  directory: string,
  disk: Disk,
  count: number,
): EarlierHashesWriter {
  const file = disk.openFile(joinPath(directory, FILE_NAME));
  assert(file.size() >= count * ENTRY_SIZE, 'the hashes to go on behind are there');
  file.truncate(count * ENTRY_SIZE);
  return writerOf(file, { directory, disk, count });
}

interface Written {
  readonly directory: string;
  readonly disk: Disk;
  readonly count: number;
}

function writerOf(file: DiskFile, { directory, disk, count: first }: Written): EarlierHashesWriter {
  let count = first;
  const sync = async (): Promise<void> => {
    await file.sync();
    await disk.syncDirectory(directory);
  };
  return {
    append: (hashes) => {
      const bytes = new Uint8Array(hashes.length * ENTRY_SIZE);
      const view = new DataView(bytes.buffer);
      for (const [index, hash] of hashes.entries()) {
        bytes.set(hash, index * ENTRY_SIZE);
        const checksum = checksumOf(hash, count + index);
        view.setUint32(index * ENTRY_SIZE + HASH_SIZE, checksum);
      }
      file.write(count * ENTRY_SIZE, bytes);
      count += hashes.length;
    },
    sync,
    finish: async () => {
      await sync();
      file.close();
    },
  };
}

function checksumOf(hash: Uint8Array, height: Height): number {
  return crc32c(hash, height % 0x1_0000_0000);
}
