/**
 * Counts what a call and its transaction ask of their host. The limits are part of the protocol, so
 * that every node ends the same transactions; they bound the work of a block.
 */
import { assert } from '@daybook/core';
import { abort } from './signals.ts';

/** Host operations; `bytes` counts stored values read and written. */
export type Operation = 'reads' | 'writes' | 'bytes' | 'calls' | 'events';

export type Usage = Readonly<Record<Operation, number>>;

/**
 * What one call of a person (with all that it calls), one transaction and one block may use. The price
 * of an operation is half of T0 shared among as many as a block may have. Measured on two busy cores
 * (`npm run bench:metering`, docs/contracts.md): what is read from the disk, and a write with its place
 * in the tree, cost 2.7 times their price, all else less; what a block has read before costs a
 * twentieth. So a block that is nothing but a burden may cost a round change, and no more: T0 doubles.
 */
export const METER_LIMITS: Readonly<Record<'call' | 'transaction' | 'block', Usage>> = {
  call: { reads: 2000, writes: 1000, bytes: 896 * 1024, calls: 64, events: 512 },
  transaction: { reads: 4000, writes: 2000, bytes: 1024 * 1024, calls: 512, events: 1024 },
  block: { reads: 100_000, writes: 50_000, bytes: 32 * 1024 * 1024, calls: 40_000, events: 40_000 },
};

/** Deepest chain of contracts calling contracts; the call of a person is the first. */
export const CALL_DEPTH_MAX = 4;

const OPERATIONS = ['reads', 'writes', 'bytes', 'calls', 'events'] as const;

for (const operation of OPERATIONS) {
  const { call, transaction, block } = METER_LIMITS;
  const fits =
    call[operation] < transaction[operation] && transaction[operation] < block[operation];
  assert(fits, `a call's ${operation} fit in a transaction, a transaction's in a block`);
}

/** A running count for one block; transactions are counted apart and added when they end. */
export interface Meter {
  /** Counts, and ends the transaction when a limit of its call, its own or the block's is passed. */
  count(operation: Operation, amount: number): void;
  /** Begins a transaction; `unmetered` for what the chain itself does. */
  begin(mode: 'metered' | 'unmetered'): void;
  /** Begins a call of the transaction; the one before has ended. */
  beginCall(): void;
  /** Ends the last call; what follows is the transaction's alone. */
  endCall(): void;
  /** Ends it; what it used stays used, even if it failed. */
  end(): void;
  /** What the block has used so far. */
  usage(): Usage;
}

export function createMeter(): Meter {
  const block = zero();
  let transaction = zero();
  let call: Record<Operation, number> | undefined;
  let metered = false;
  return {
    count(operation, amount) {
      transaction[operation] += amount;
      if (!metered) return;
      if (call !== undefined) {
        call[operation] += amount;
        const limit = METER_LIMITS.call[operation];
        if (call[operation] > limit) abort('CONTRACTS_METER_EXCEEDED', { operation, limit });
      }
      const used = transaction[operation];
      const limit = METER_LIMITS.transaction[operation];
      if (used > limit) abort('CONTRACTS_METER_EXCEEDED', { operation, limit });
      if (block[operation] + used > METER_LIMITS.block[operation]) {
        abort('CONTRACTS_BLOCK_FULL', { operation });
      }
    },
    begin(mode) {
      transaction = zero();
      call = undefined;
      metered = mode === 'metered';
    },
    beginCall() {
      call = zero();
    },
    endCall() {
      call = undefined;
    },
    end() {
      if (metered) {
        for (const operation of OPERATIONS) block[operation] += transaction[operation];
      }
      metered = false;
      call = undefined;
    },
    usage: () => ({ ...block }),
  };
}

function zero(): Record<Operation, number> {
  return { reads: 0, writes: 0, bytes: 0, calls: 0, events: 0 };
}
