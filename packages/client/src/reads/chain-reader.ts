/** Reading the chain itself: status, blocks, validators, receipts. */
import type { Hash, Height, TransactionId } from '@daybook/core';
import { toHex } from '@daybook/core';
import { isRefusal } from '../errors.ts';
import type { Requester } from '../transport/requester.ts';
import { buildPath } from '../transport/url.ts';
import type {
  BlockAnswer,
  BlockOutline,
  BlockTransaction,
  ValidatorsAnswer,
} from '../wire/chain.ts';
import {
  decodeBlockAnswer,
  decodeBlockPage,
  decodeTransactionPage,
  decodeValidators,
} from '../wire/chain.ts';
import type { Pending, Receipt } from '../wire/receipt.ts';
import { decodeReceiptOrPending } from '../wire/receipt.ts';
import type { StatusAnswer, WhyAnswer } from '../wire/status.ts';
import { decodeStatus, decodeWhy } from '../wire/status.ts';

/** A block by height or hash, or the newest one. */
export type BlockReference = Height | Hash | 'head';

export interface BlockListOptions {
  /** Which end comes first; the newest by default. */
  readonly order?: 'newest' | 'oldest';
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

export interface ChainReader {
  status(): Promise<StatusAnswer>;
  /** Why blocks do or do not advance, in words. */
  why(): Promise<WhyAnswer>;
  /** The set that signs a height; that of the next block if left out. */
  validators(height?: Height): Promise<ValidatorsAnswer>;
  /** @returns undefined if there is no such final block yet */
  block(reference: BlockReference): Promise<BlockAnswer | undefined>;
  blocks(options?: BlockListOptions): AsyncIterable<BlockOutline>;
  /** Transactions of a block in their order. */
  transactionsOf(reference: BlockReference): AsyncIterable<BlockTransaction>;
  /**
   * What became of a transaction.
   * @param options.proof  adds the paths that `verifyTransactionProof` checks
   * @returns              undefined if the node knows none with this id
   */
  receipt(
    id: TransactionId,
    options?: { readonly proof?: boolean },
  ): Promise<Receipt | Pending | undefined>;
}

const PAGE_SIZE = 200;

function segmentOf(reference: BlockReference): string {
  return reference instanceof Uint8Array ? toHex(reference) : String(reference);
}

export function createChainReader(requester: Requester): ChainReader {
  return {
    status: () => requester.json({ path: '/v1/status' }, decodeStatus),
    why: () => requester.json({ path: '/v1/why' }, decodeWhy),
    validators: (height) =>
      requester.json({ path: '/v1/validators', query: { height } }, decodeValidators),
    block: (reference) =>
      orUndefined(['NODE_BLOCK_UNKNOWN'], () => {
        const path = `/v1/blocks${buildPath(segmentOf(reference))}`;
        return requester.json({ path }, decodeBlockAnswer);
      }),
    blocks: (options = {}) => readBlocks(requester, options),
    transactionsOf: (reference) => readTransactions(requester, segmentOf(reference)),
    receipt: (id, { proof = false } = {}) =>
      orUndefined(['NODE_TRANSACTION_UNKNOWN'], () => {
        const path = `/v1/transactions${buildPath(toHex(id))}`;
        const query = { proof: proof ? 'path' : undefined };
        return requester.json({ path, query }, decodeReceiptOrPending);
      }),
  };
}

/** A refusal that only says "there is none" as undefined. */
async function orUndefined<T>(
  codes: readonly string[],
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (codes.some((code) => isRefusal(error, code))) return undefined;
    throw error;
  }
}

async function* readBlocks(
  requester: Requester,
  { order, pageSize: limit = PAGE_SIZE, signal }: BlockListOptions,
): AsyncGenerator<BlockOutline, void, void> {
  let cursor: string | undefined;
  do {
    const spec = { path: '/v1/blocks', query: { order, limit, cursor }, signal };
    const { blocks, next } = await requester.json(spec, decodeBlockPage);
    yield* blocks;
    cursor = next;
  } while (cursor !== undefined);
}

async function* readTransactions(
  requester: Requester,
  segment: string,
): AsyncGenerator<BlockTransaction, void, void> {
  const path = `/v1/blocks${buildPath(segment, 'transactions')}`;
  let cursor: string | undefined;
  do {
    const spec = { path, query: { limit: PAGE_SIZE, cursor } };
    const { transactions, next } = await requester.json(spec, decodeTransactionPage);
    yield* transactions;
    cursor = next;
  } while (cursor !== undefined);
}
