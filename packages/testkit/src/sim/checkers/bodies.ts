/**
 * I12: what may stand in a decided block, read from the protocol (sections 4, 5 and 7) and not from
 * the code of the node: its limits, who signed, for which chain and until when, and nothing twice.
 */
import type { BodyEntry, ChainParameters, Transaction } from '@daybook/core';
import {
  equalBytes,
  LIMITS,
  refOf,
  simulationSwitches,
  toHex,
  transactionSignBytes,
  verifyStrict,
} from '@daybook/core';
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** System transactions of a kind in one block. */
const SYSTEM_COUNT_MAX = {
  evidence: LIMITS.evidencePerBlockMax,
  ready: LIMITS.readyPerBlockMax,
  recovery: 1,
} as const;

export const BODIES: Checker = {
  invariants: ['I12'],
  watch: (world) => {
    const reader = new Reader(world);
    world.events.on('committed', ({ machine, block }) => {
      if (machine.isHonest) reader.read(block);
    });
  },
};

class Reader {
  readonly #world: World;
  /** What governs a height, by the block before it. */
  readonly #parameters = new Map<number, ChainParameters>();
  /** Heights of transactions, by their ids in hex. */
  readonly #included = new Map<string, number>();
  readonly #read = new Set<number>();

  constructor(world: World) {
    this.#world = world;
    this.#parameters.set(1, world.genesis.document.parameters);
  }

  /** Reads each height once: that all nodes have the same block there is I1. */
  read({ header, bytes, entries, tip }: EventOf<'committed'>['block']): void {
    const { height, timestampMs } = header;
    if (this.#read.has(height)) return;
    this.#read.add(height);
    this.#parameters.set(height + 1, tip.next.parameters);
    // A block before it of which nobody told is as good as never one at which parameters change.
    const parameters = this.#parameters.get(height) ?? tip.next.parameters;
    if (bytes.length > parameters.blockBytesMax) {
      this.#violate(`block ${height} has ${bytes.length} bytes`);
    }
    this.#countEntries(height, entries);
    for (const entry of entries) {
      this.#include(height, toHex(refOf(entry).id));
      if (entry.type === 'system') this.#world.coverage.add('system transaction');
      else this.#judge(height, entry.transaction, { timestampMs, ...parameters });
    }
  }

  #countEntries(height: number, entries: readonly BodyEntry[]): void {
    if (entries.length > LIMITS.blockTransactionsMax) {
      this.#violate(`block ${height} has ${entries.length} transactions`);
    }
    const systems = entries.flatMap((entry) => (entry.type === 'system' ? [entry.system] : []));
    if (entries.slice(0, systems.length).some(({ type }) => type !== 'system')) {
      this.#violate(`in block ${height} a system transaction comes after another`);
    }
    for (const kind of Object.keys(SYSTEM_COUNT_MAX) as (keyof typeof SYSTEM_COUNT_MAX)[]) {
      const count = systems.filter((one) => one.kind === kind).length;
      if (count > SYSTEM_COUNT_MAX[kind]) this.#violate(`block ${height} has ${count} of ${kind}`);
    }
  }

  #include(height: number, id: string): void {
    const before = this.#included.get(id);
    if (before !== undefined) {
      this.#violate(`transaction ${id} stands in ${before} and in ${height}`);
    }
    this.#included.set(id, height);
  }

  #judge(
    height: number,
    transaction: Transaction,
    at: { readonly timestampMs: number; readonly validityMaxMs: number },
  ): void {
    const { body, id } = transaction;
    const name = `transaction ${toHex(id)} in ${height}`;
    // Transactions bind G, also after a recovery: only votes bind its era.
    if (!equalBytes(body.chain, this.#world.genesis.chain)) {
      this.#violate(`${name} is of another chain`);
    }
    if (body.validUntilMs <= at.timestampMs) this.#violate(`${name} had expired`);
    if (body.validUntilMs > at.timestampMs + at.validityMaxMs) {
      this.#violate(`${name} is valid for longer than the chain allows`);
    }
    if (!isSigned(transaction)) this.#violate(`${name} has a wrong signature`);
  }

  #violate(words: string): void {
    this.#world.violate('I12', words);
  }
}

/** Whether everybody has signed who is named. What this costs is not the work of a node. */
function isSigned({ body, bodyBytes, signatures }: Transaction): boolean {
  const switches = simulationSwitches();
  const checksBefore = switches?.signatureChecks ?? 0;
  const message = transactionSignBytes(bodyBytes);
  const holds = body.signers.every(({ publicKey }, index) => {
    const signature = signatures[index];
    return signature !== undefined && verifyStrict(publicKey, message, signature);
  });
  if (switches !== undefined) switches.signatureChecks = checksBefore;
  return holds && signatures.length === body.signers.length;
}
