/**
 * Block bodies in the driver's hands while a height is decided: proposed, fetched or built, and how
 * far each has come. The consensus machine knows them by hash only.
 */
import type { Block, Hash, TimestampMs } from '@daybook/core';
import { isPlanted, toHex } from '@daybook/core';
import type { ExecutedBlock } from '../ledger/tip.ts';

/** One body; filled in as it is judged and stored. */
export interface HeldBody {
  readonly block: Block;
  readonly hash: Hash;
  readonly receivedWallMs: TimestampMs;
  /** Present once it was built or found valid. */
  readonly executed?: ExecutedBlock;
  /** Resolves when the candidate is durable. */
  readonly stored?: Promise<void>;
}

export interface Bodies {
  get(hash: Hash): HeldBody | undefined;
  /** Keeps a body; one that is already held stays as it is. */
  hold(body: HeldBody): void;
  /** Replaces what is known of a held body. */
  update(hash: Hash, news: Pick<HeldBody, 'executed'> | Pick<HeldBody, 'stored'>): void;
  release(hash: Hash): void;
  count(): number;
  /** Forgets everything but bodies of the height being entered. */
  enterHeight(height: number): void;
  /** A transaction of a held body, for peers that lack it. */
  findTransaction(hash: Hash, hashOf: (bytes: Uint8Array) => Hash): Uint8Array | undefined;
}

type TransactionIndex = ReadonlyMap<string, Uint8Array>;

export function createBodies(): Bodies {
  const held = new Map<string, HeldBody>();
  /** Transactions by hex hash, made when a peer first asks: hashing a body takes milliseconds. */
  const indexes = new WeakMap<Block, TransactionIndex>();
  const indexOf = (block: Block, hashOf: (bytes: Uint8Array) => Hash): TransactionIndex => {
    const known = indexes.get(block);
    if (known !== undefined) return known;
    const index = new Map(block.body.map((bytes) => [toHex(hashOf(bytes)), bytes] as const));
    indexes.set(block, index);
    return index;
  };
  return {
    get: (hash) => held.get(toHex(hash)),
    hold: (body) => {
      const key = toHex(body.hash);
      if (!held.has(key)) held.set(key, body);
    },
    update: (hash, news) => {
      const key = toHex(hash);
      const body = held.get(key);
      if (body !== undefined) held.set(key, { ...body, ...news });
    },
    release: (hash) => {
      held.get(toHex(hash))?.executed?.staged.discard();
      held.delete(toHex(hash));
    },
    count: () => held.size,
    enterHeight: (height) => {
      if (isPlanted('bodies-kept')) return;
      for (const [key, { block }] of held) {
        // A header may name any height, and what the machine cannot use is not for later either.
        if (block.header.height !== height) held.delete(key);
      }
    },
    findTransaction: (wanted, hashOf) => {
      const key = toHex(wanted);
      for (const { block } of held.values()) {
        const found = indexOf(block, hashOf).get(key);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
