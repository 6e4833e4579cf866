/**
 * How many blocks a node that catches up asks for at once. Little ranges keep the pipeline full:
 * while one is executed, the next ones come and are verified by a thread, and what is staged in
 * memory before it is written stays little. Large ones save round trips where blocks are nearly
 * empty.
 */
import { LIMITS } from '@daybook/core';
import type { ServedBlock } from './ranges.ts';

/** Blocks of the first range: a claim to be ahead is worth no more until one of them was shown. */
export const FIRST_BLOCKS = 4;
/** An answer aims at this: some quarter of a second of execution, a few ms of whoever serves it. */
const RANGE_BYTES = 512 * 1024;

/** A range that came. */
export interface RangeSeen {
  readonly blocks: number;
  /** Of blocks and certificates. */
  readonly bytes: number;
}

/**
 * @param seen  the newest range that came; undefined before the first
 * @returns     blocks to ask for, 1 to `LIMITS.rangeBlocksMax`
 */
export function rangeBlocks(seen: RangeSeen | undefined): number {
  if (seen === undefined) return FIRST_BLOCKS;
  const fitting = Math.floor((RANGE_BYTES * seen.blocks) / Math.max(1, seen.bytes));
  return Math.min(LIMITS.rangeBlocksMax, Math.max(1, fitting));
}

/** Bytes of blocks and certificates. */
export function sizeOf(served: readonly ServedBlock[]): number {
  return served.reduce((sum, { block, certificate }) => sum + block.length + certificate.length, 0);
}

/**
 * Runs of blocks, each one that is worth a writing: a range may be larger than it was thought to be,
 * where blocks were small before it.
 * @returns in order, none empty
 */
export function cutRange(served: readonly ServedBlock[]): readonly (readonly ServedBlock[])[] {
  const pieces: ServedBlock[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of served) {
    bytes += sizeOf([item]);
    if (bytes > RANGE_BYTES) {
      pieces.push([]);
      bytes = sizeOf([item]);
    }
    pieces.at(-1)?.push(item);
  }
  return pieces;
}
