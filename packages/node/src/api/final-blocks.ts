/**
 * Final blocks as the API reads them: the last few decoded ones are kept, because the receipts of a
 * batch and all event streams ask for the same block at the same moment. Blocks never change, so
 * nothing is ever out of date.
 */
import type { Height } from '@daybook/core';
import { API_LIMITS } from './limits.ts';
import type { BlockReference } from './parameters.ts';
import type { Chain, FinalBlock } from './ports.ts';

/** Why a final block may not be there to read. */
export const READ_PROBLEMS = [
  'NODE_BLOCK_PRUNED',
  'NODE_ARCHIVE_AWAY',
  'NODE_ARCHIVE_DAMAGED',
] as const;

export interface FinalBlocks {
  /** Undefined above the head and below what is kept. */
  at(height: Height): Promise<FinalBlock | undefined>;
  /** The height a reference means; undefined for an unknown hash or a height above the head. */
  resolve(reference: BlockReference): Promise<Height | undefined>;
}

export function createFinalBlocks(chain: Chain): FinalBlocks {
  const kept = new Map<Height, Promise<FinalBlock | undefined>>();
  return {
    at: (height) => {
      if (height > chain.head().height) return Promise.resolve(undefined);
      const known = kept.get(height);
      if (known !== undefined) return known;
      const reading = chain.block(height);
      kept.set(height, reading);
      const [oldest] = kept.keys();
      if (kept.size > API_LIMITS.cachedBlocks && oldest !== undefined) kept.delete(oldest);
      // A failed read must not be remembered; the caller gets the failure itself.
      reading.catch(() => kept.delete(height));
      return reading;
    },
    resolve: async (reference) => {
      switch (reference.by) {
        case 'head':
          return chain.head().height;
        case 'height':
          return reference.height <= chain.head().height ? reference.height : undefined;
        case 'hash':
          return await chain.heightOf(reference.hash);
      }
    },
  };
}
