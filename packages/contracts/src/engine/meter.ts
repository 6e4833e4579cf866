/**
 * Counts what a call and its transaction ask of their host, and adds up the work of a block. Limits
 * and prices are part of the protocol: every node ends the same transactions and refuses the same
 * blocks.
 */
import { assert, LIMITS } from '@daybook/core';
import { abort, BlockFull } from './signals.ts';

/** Host operations; `bytes` counts stored values read and written. */
export type Operation = 'reads' | 'writes' | 'bytes' | 'calls' | 'events';

export type Usage = Readonly<Record<Operation, number>>;

/** What one call of a person (with all that it calls) and one transaction may use. */
export const METER_LIMITS: Readonly<Record<'call' | 'transaction', Usage>> = {
  call: { reads: 2000, writes: 1000, bytes: 896 * 1024, calls: 64, events: 512 },
  transaction: { reads: 4000, writes: 2000, bytes: 1024 * 1024, calls: 512, events: 1024 },
};

/**
 * What only the work of a block counts: `loads` are records read for the first time in the block,
 * `input` the bytes of a transaction, `signatures` its signers. Whether a record was read before
 * depends on the block, so that no transaction may fail by it.
 */
export type Priced = Operation | 'loads' | 'input' | 'signatures';

/**
 * CPU time of each operation in nanoseconds, all threads, rounded up from what `npm run
 * bench:metering` measured on two cores of an AMD EPYC (docs/contracts.md, ADR 22). A load costs
 * what the database takes for a record that no cache has; a write its place in the tree.
 */
export const PRICES_NS: Readonly<Record<Priced, number>> = {
  reads: 1_000,
  loads: 27_000,
  writes: 30_000,
  bytes: 20,
  calls: 2_500,
  events: 1_000,
  input: 50,
  signatures: 110_000,
};

/**
 * Work of a block: beyond it the block is not valid. Two fifths of T0, so that a machine half as fast
 * as the one measured still judges every block within the first round.
 */
export const BLOCK_WORK_MAX_NS = 800_000_000;

/**
 * Work beside signatures that a proposer takes: it is done twice in a round, to build and to judge.
 * The signatures of what waits in a mempool were verified when it came.
 */
export const PACKED_WORK_MAX_NS = BLOCK_WORK_MAX_NS / 2;

/** Deepest chain of contracts calling contracts; the call of a person is the first. */
export const CALL_DEPTH_MAX = 4;

const OPERATIONS = ['reads', 'writes', 'bytes', 'calls', 'events'] as const;

for (const operation of OPERATIONS) {
  const { call, transaction } = METER_LIMITS;
  assert(call[operation] < transaction[operation], `a call's ${operation} fit in a transaction`);
}
assert(transactionWorkMaxNs() <= PACKED_WORK_MAX_NS, 'every transaction fits in a proposed block');

/** Most work that one transaction can be: all its reads are loads. */
function transactionWorkMaxNs(): number {
  const { transaction } = METER_LIMITS;
  const counted = OPERATIONS.map((operation) => transaction[operation] * PRICES_NS[operation]);
  const loads = transaction.reads * PRICES_NS.loads;
  const input = LIMITS.transactionBytesMax * PRICES_NS.input;
  const signatures = LIMITS.signersMax * PRICES_NS.signatures;
  return counted.reduce((sum, ns) => sum + ns, loads + input + signatures);
}

/** A running count for one block; transactions are counted apart and added when they end. */
export interface Meter {
  /** Counts, and ends the transaction when a limit of its call, its own or the block's is passed. */
  count(operation: Operation, amount: number): void;
  /** Adds to the work of the block alone. @throws BlockFull beyond its limit, as `count` does */
  charge(what: Priced, amount: number): void;
  /** Begins a transaction; `unmetered` for what the chain itself does. */
  begin(mode: 'metered' | 'unmetered'): void;
  /** Begins a call of the transaction; the one before has ended. */
  beginCall(): void;
  /** Ends the last call; what follows is the transaction's alone. */
  endCall(): void;
  /** Ends it; what it used stays used, even if it failed. The block had work for it. */
  end(): void;
  /** What the block has used so far. */
  usage(): Usage;
  /** Work of the block so far, in nanoseconds. */
  workNs(): number;
}

/** @param unsignedMaxNs  work beside signatures that the transactions may ask for together */
export function createMeter(unsignedMaxNs = BLOCK_WORK_MAX_NS): Meter {
  const block = zero();
  let workNs = 0;
  let signaturesNs = 0;
  let transaction = zero();
  let call: Record<Operation, number> | undefined;
  let metered = false;
  const charge: Meter['charge'] = (what, amount) => {
    if (!metered) return;
    const ns = amount * PRICES_NS[what];
    workNs += ns;
    if (what === 'signatures') signaturesNs += ns;
    const isFull = workNs > BLOCK_WORK_MAX_NS || workNs - signaturesNs > unsignedMaxNs;
    if (isFull) throw new BlockFull('the block has no work left');
  };
  return {
    charge,
    count(operation, amount) {
      transaction[operation] += amount;
      if (!metered) return;
      if (call !== undefined) {
        call[operation] += amount;
        const limit = METER_LIMITS.call[operation];
        if (call[operation] > limit) abort('CONTRACTS_METER_EXCEEDED', { operation, limit });
      }
      const limit = METER_LIMITS.transaction[operation];
      if (transaction[operation] > limit) abort('CONTRACTS_METER_EXCEEDED', { operation, limit });
      charge(operation, amount);
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
    workNs: () => workNs,
  };
}

function zero(): Record<Operation, number> {
  return { reads: 0, writes: 0, bytes: 0, calls: 0, events: 0 };
}
