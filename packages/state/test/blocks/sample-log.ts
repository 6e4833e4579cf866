/** Block logs of small segments on a disk in memory, with blocks that tell their height. */
import type { Hash } from '@daybook/core';
import { asHash, asTransactionId, createWriter, encodeUtf8, sha256 } from '@daybook/core';
import type { MemoryDisk } from '../../src/disk/memory-disk.ts';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import type { BlockLog, FinalBlock } from '../../src/index.ts';
import { openBlockLog, StateError } from '../../src/index.ts';

export const DIRECTORY = '/blocks';
export const SMALL_SEGMENT = 2000;

export function hashOf(text: string): Hash {
  return asHash(sha256(encodeUtf8(text)));
}

export function blockAt(height: number, size = 300): FinalBlock {
  const writer = createWriter();
  for (let index = 0; index < size / 4; index++) writer.u32(height * 1000 + index);
  return {
    height,
    blockHash: hashOf(`block ${height}`),
    timestampMs: 1000 * height,
    certificate: new Uint8Array(100).fill(height),
    results: [encodeUtf8(`result ${height}`)],
    transactions: [
      { id: asTransactionId(hashOf(`transaction ${height}`)), validUntilMs: 1000 * height + 5000 },
    ],
    bytes: writer.finish(),
  };
}

export async function open(disk: MemoryDisk, segmentBytes = SMALL_SEGMENT): Promise<BlockLog> {
  return await openBlockLog({ directory: DIRECTORY, segmentBytes }, { disk });
}

export async function appendOne(log: BlockLog, block: FinalBlock): Promise<void> {
  await log.appendCandidate(block);
  await log.finalise(block);
}

export async function written(count: number): Promise<MemoryDisk> {
  const disk = createMemoryDisk();
  const log = await open(disk);
  for (let height = 0; height < count; height++) await appendOne(log, blockAt(height));
  await log.close();
  return disk;
}

export function files(disk: MemoryDisk, ending: string): readonly string[] {
  return disk.list(DIRECTORY).filter((name) => name.endsWith(ending));
}

export async function codeOf(task: Promise<unknown>): Promise<string> {
  try {
    await task;
    return 'none';
  } catch (error) {
    return error instanceof StateError ? error.code : String(error);
  }
}
