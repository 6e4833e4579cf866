/**
 * Transactions that wait for a block: one bounded lane per organisation, served round-robin, so that
 * no organisation can crowd out another and memory stays within its setting. What a proposal names is
 * held by the driver with its block until the height ends.
 */
import type { Hash, Result, TimestampMs, Transaction, TransactionId } from '@daybook/core';
import { assert, fail, LIMITS, ok, toHex } from '@daybook/core';

export type MempoolFailure =
  | { readonly code: 'NODE_MEMPOOL_FULL'; readonly bytesMax: number }
  | { readonly code: 'NODE_QUOTA_EXCEEDED'; readonly lane: string; readonly bytesMax: number };

export interface MempoolOptions {
  /** Bytes of all waiting transactions. */
  readonly bytesMax: number;
}

export interface BlockSpace {
  readonly bytesMax: number;
  /** Transactions of the block. */
  readonly countMax: number;
  /** Timestamp of the block to build: expired transactions are left out. */
  readonly timestampMs: TimestampMs;
  readonly validityMaxMs: number;
}

export interface Mempool {
  /** Queues a verified transaction; one that is already here is left as it is. */
  add(transaction: Transaction, lane: string): Result<void, MempoolFailure>;
  has(id: TransactionId): boolean;
  byHash(hash: Hash): Transaction | undefined;
  /** Transactions for a block, taken in turn from each lane; they stay queued until removed. */
  select(space: BlockSpace): readonly Transaction[];
  /** Takes out what was included or became invalid. */
  remove(ids: readonly TransactionId[]): void;
  /** Takes out what can no longer be included after `blockTimeMs`. @returns their ids */
  dropExpired(blockTimeMs: TimestampMs): readonly TransactionId[];
  count(): number;
  bytes(): number;
}

/** A lane may hold this part of the pool: two busy organisations leave room for the others. */
const LANE_SHARE = 0.5;

interface Waiting {
  readonly transaction: Transaction;
  readonly lane: string;
}

class LanedMempool implements Mempool {
  readonly #options: MempoolOptions;
  readonly #byId = new Map<string, Waiting>();
  readonly #byHash = new Map<string, Transaction>();
  readonly #lanes = new Map<string, Map<string, Transaction>>();
  readonly #laneBytes = new Map<string, number>();
  #bytes = 0;
  /** Which lane is served first in the next block. */
  #turn = 0;

  constructor(options: MempoolOptions) {
    assert(options.bytesMax >= LIMITS.transactionBytesMax, 'the pool holds one transaction');
    this.#options = options;
  }

  add(transaction: Transaction, lane: string): Result<void, MempoolFailure> {
    const id = toHex(transaction.id);
    if (this.#byId.has(id)) return ok(undefined);
    const size = transaction.bytes.length;
    const { bytesMax } = this.#options;
    if (this.#bytes + size > bytesMax) return fail({ code: 'NODE_MEMPOOL_FULL', bytesMax });
    const laneMax = Math.max(bytesMax * LANE_SHARE, LIMITS.transactionBytesMax);
    const laneBytes = this.#laneBytes.get(lane) ?? 0;
    if (laneBytes + size > laneMax) {
      return fail({ code: 'NODE_QUOTA_EXCEEDED', lane, bytesMax: laneMax });
    }

    this.#byId.set(id, { transaction, lane });
    this.#byHash.set(toHex(transaction.hash), transaction);
    const queue = this.#lanes.get(lane) ?? new Map<string, Transaction>();
    queue.set(id, transaction);
    this.#lanes.set(lane, queue);
    this.#laneBytes.set(lane, laneBytes + size);
    this.#bytes += size;
    return ok(undefined);
  }

  has(id: TransactionId): boolean {
    return this.#byId.has(toHex(id));
  }

  byHash(hash: Hash): Transaction | undefined {
    return this.#byHash.get(toHex(hash));
  }

  select(space: BlockSpace): readonly Transaction[] {
    const lanes = [...this.#lanes.values()].map((queue) => queue.values());
    const first = lanes.length === 0 ? 0 : this.#turn++ % lanes.length;
    let open = [...lanes.slice(first), ...lanes.slice(0, first)];
    const selected: Transaction[] = [];
    let bytes = 0;
    while (open.length > 0 && selected.length < space.countMax) {
      const still: typeof open = [];
      for (const lane of open) {
        const next = nextIncludable(lane, space);
        if (next === undefined) continue;
        if (bytes + next.bytes.length + 4 > space.bytesMax) return selected;
        bytes += next.bytes.length + 4;
        selected.push(next);
        still.push(lane);
        if (selected.length === space.countMax) return selected;
      }
      open = still;
    }
    return selected;
  }

  remove(ids: readonly TransactionId[]): void {
    for (const id of ids) this.#delete(toHex(id));
  }

  #delete(id: string): void {
    const waiting = this.#byId.get(id);
    if (waiting === undefined) return;
    const { transaction, lane } = waiting;
    const size = transaction.bytes.length;
    this.#byId.delete(id);
    this.#byHash.delete(toHex(transaction.hash));
    this.#bytes -= size;
    const queue = this.#lanes.get(lane);
    queue?.delete(id);
    this.#laneBytes.set(lane, (this.#laneBytes.get(lane) ?? 0) - size);
    if (queue?.size === 0) {
      this.#lanes.delete(lane);
      this.#laneBytes.delete(lane);
    }
  }

  dropExpired(blockTimeMs: TimestampMs): readonly TransactionId[] {
    const expired: TransactionId[] = [];
    for (const { transaction } of this.#byId.values()) {
      if (transaction.body.validUntilMs <= blockTimeMs) expired.push(transaction.id);
    }
    this.remove(expired);
    return expired;
  }

  count(): number {
    return this.#byId.size;
  }

  bytes(): number {
    return this.#bytes;
  }
}

function nextIncludable(lane: Iterator<Transaction>, space: BlockSpace): Transaction | undefined {
  for (let step = lane.next(); step.done !== true; step = lane.next()) {
    const { validUntilMs } = step.value.body;
    const alive = validUntilMs > space.timestampMs;
    if (alive && validUntilMs <= space.timestampMs + space.validityMaxMs) return step.value;
  }
  return undefined;
}

/** An empty pool. */
export function createMempool(options: MempoolOptions): Mempool {
  return new LanedMempool(options);
}
