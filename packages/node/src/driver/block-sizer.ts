/**
 * How many transactions an own proposal takes: as many as this machine builds within a fraction of
 * the first round, learned from the blocks it built. Every other validator needs about as long to
 * check the block, and a round must not end before they have. Local policy: it decides nothing that
 * others could dispute.
 */
import { LIMITS } from '@daybook/core';

export interface BlockSizer {
  /** Transactions of the next own block, at least BLOCK_COUNT_MIN. */
  countMax(): number;
  /** A block of so many transactions took so long to build. */
  learn(count: number, durationMs: number): void;
}

/** A quarter of the default T0 leaves time for the votes of slower machines. */
const BUILD_MS_TARGET = 250;
const BLOCK_COUNT_MIN = 50;
const BLOCK_COUNT_FIRST = 500;
/** Small blocks say little about what one transaction costs. */
const LEARN_COUNT_MIN = 20;

export function createBlockSizer(): BlockSizer {
  let count = BLOCK_COUNT_FIRST;
  return {
    countMax: () => count,
    learn: (built, durationMs) => {
      if (built < LEARN_COUNT_MIN) return;
      const fitting = Math.floor((built * BUILD_MS_TARGET) / Math.max(1, durationMs));
      // Half way there: one slow block among fast ones does not halve the next.
      const next = Math.floor((count + fitting) / 2);
      count = Math.min(LIMITS.blockTransactionsMax, Math.max(BLOCK_COUNT_MIN, next));
    },
  };
}
