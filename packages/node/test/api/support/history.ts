/** The history of a memory ledger: the tree of a node over the hashes that it announced. */
import type { Hash } from '@daybook/core';
import { fail } from '@daybook/core';
import type { Checkpoints, History } from '../../../src/api/ports.ts';
import { createHistoryTree } from '../../../src/checkpoints/history-tree.ts';
import type { MemoryLedger } from './memory-ledger.ts';

/** @param ledger  that has its genesis and nothing else yet */
export function followHistory({ chain, heads }: MemoryLedger): History {
  const hashes: Hash[] = [chain.head().blockHash];
  heads.onHead(({ height, blockHash }) => {
    hashes[height] = blockHash;
  });
  return createHistoryTree({
    hashAt: (height) => hashes[height],
    soon: (task) => setImmediate(task),
  });
}

/** One validator that signs no checkpoints: a quorum of them is for whole clusters. */
export const NO_CHECKPOINTS: Checkpoints = {
  newest: () => undefined,
  covering: () => undefined,
  cosign: (size) => fail({ code: 'NODE_CHECKPOINT_UNKNOWN', detail: `Not of size ${size}.` }),
};
