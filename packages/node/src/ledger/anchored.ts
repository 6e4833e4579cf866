/**
 * What the chain must go through beside genesis, because the operator named it (spec N-17): a block,
 * or a tree that witnesses cosigned. Whatever is to become final here is compared before it does,
 * and what is stored at each start. A proposal is not: any single validator can make one, and it
 * proves nothing about the chain.
 */
import type { Hash, Height, TreeHead } from '@daybook/core';
import {
  appendFrontier,
  blockHash,
  decodeBlock,
  emptyFrontier,
  equalBytes,
  frontierRoot,
  leafHash,
  toHex,
} from '@daybook/core';
import type { BlockLog } from '@daybook/state';
import { StateError } from '@daybook/state';
import { NodeError } from '../errors.ts';
import type { Tip } from './tip.ts';

export interface AnchoredChain {
  readonly block?: { readonly height: Height; readonly hash: Hash };
  /** Root of the history tree over the first blocks. */
  readonly tree?: Pick<TreeHead, 'size' | 'root'>;
}

export function contradicted(detail: string): NodeError {
  return new NodeError('NODE_CHECKPOINT_CONTRADICTED', { detail });
}

/** A block that was decided. @throws NodeError NODE_CHECKPOINT_CONTRADICTED */
export function refuseContradicted(
  { header, hash, frontier }: Pick<Tip, 'header' | 'hash' | 'frontier'>,
  { block, tree }: AnchoredChain,
): void {
  if (block?.height === header.height && !equalBytes(block.hash, hash)) {
    throw contradicted(`Height ${header.height} has the block ${toHex(hash)}.`);
  }
  if (tree?.size === frontier.size && !equalBytes(tree.root, frontierRoot(frontier))) {
    throw contradicted(`The tree of ${tree.size} blocks has another root.`);
  }
}

/**
 * The chain that is stored.
 * @param head  where it is at hand: its tree need not be added up
 * @throws NodeError NODE_CHECKPOINT_CONTRADICTED
 */
export function refuseStored(
  blockLog: StoredChain,
  anchored: AnchoredChain,
  head?: Pick<Tip, 'header' | 'hash' | 'frontier'>,
): void {
  if (head !== undefined) refuseContradicted(head, anchored);
  const { block, tree } = anchored;
  const hash = block && blockLog.blockHashAt(block.height);
  if (block !== undefined && hash !== undefined && !equalBytes(hash, block.hash)) {
    throw contradicted(`Height ${block.height} of what is stored has the block ${toHex(hash)}.`);
  }
  if (tree === undefined || tree.size === head?.frontier.size) return;
  if (blockLog.blockHashAt(tree.size - 1) === undefined) return;
  const root = rootInHeader(tree.size, blockLog) ?? rootOfHashes(tree.size, blockLog);
  if (root !== undefined && !equalBytes(root, tree.root)) {
    throw contradicted(`The tree of the first ${tree.size} blocks stored has another root.`);
  }
}

type StoredChain = Pick<BlockLog, 'blockHashAt' | 'readBlock'>;

/** Each header names the root over all blocks before it; undefined where the block is not here. */
function rootInHeader(height: Height, blockLog: StoredChain): Hash | undefined {
  try {
    const stored = blockLog.readBlock(height);
    const block = stored && decodeBlock(stored.bytes);
    const logged = blockLog.blockHashAt(height);
    if (block?.ok !== true || logged === undefined) return undefined;
    const { header } = block.value;
    return equalBytes(blockHash(header), logged) ? header.historyRoot : undefined;
  } catch (error) {
    // Damage of an old block ends no start; the hashes say the same.
    if (error instanceof StateError && error.code === 'STATE_BLOCK_DAMAGED') return undefined;
    throw error;
  }
}

/** About 2 s for a million; undefined when one of them is not here. */
function rootOfHashes(count: number, blockLog: StoredChain): Hash | undefined {
  let frontier = emptyFrontier();
  for (let height = 0; height < count; height++) {
    const hash = blockLog.blockHashAt(height);
    if (hash === undefined) return undefined;
    frontier = appendFrontier(frontier, leafHash(hash));
  }
  return frontierRoot(frontier);
}
