/** What the nodes of a short simulated run sent and stored: samples that no test has made up. */
import type { BodyEntry } from '@daybook/core';
import {
  encodeBody,
  encodeCertificate,
  encodeHeader,
  encodeSystemTransaction,
  encodeTransaction,
} from '@daybook/core';
import { createFoundry, openScenario } from '@daybook/testkit';

export interface ChainSamples {
  /** Consensus messages, by the kind of their frame. */
  readonly messages: readonly Uint8Array[];
  readonly blocks: readonly Uint8Array[];
  readonly headers: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  /** Signed and system transactions as they stand in bodies. */
  readonly entries: readonly Uint8Array[];
  readonly results: readonly Uint8Array[];
  /** Frames of the transactions channel. */
  readonly batches: readonly Uint8Array[];
}

/** From what was decoded, not from the bytes it was decoded from. */
export function encodeEntry(entry: BodyEntry): Uint8Array {
  if (entry.type === 'system') {
    const { kind, payload } = entry.system;
    return encodeSystemTransaction(kind, payload);
  }
  const { body, signatures } = entry.transaction;
  return encodeTransaction(encodeBody(body), signatures);
}

/** Of each kind; the first of each size, so that they differ in more than their numbers. */
const SAMPLES_MAX = 12;

/** Different in size, of each kind. */
class Shelf {
  readonly #kinds = new Map<string, Map<number, Uint8Array>>();

  put(kind: string, bytes: Uint8Array): void {
    const sizes = this.#kinds.get(kind) ?? new Map<number, Uint8Array>();
    this.#kinds.set(kind, sizes);
    if (sizes.size < SAMPLES_MAX && !sizes.has(bytes.length))
      sizes.set(bytes.length, bytes.slice());
  }

  /** @throws Error when the run had none: a target without samples would test nothing */
  take(...kinds: readonly string[]): readonly Uint8Array[] {
    return kinds.flatMap((kind) => {
      const found = [...(this.#kinds.get(kind)?.values() ?? [])];
      if (found.length === 0) throw new Error(`the run had no ${kind}`);
      return found;
    });
  }
}

/** Four validators for half a minute of their time: blocks, then a round change, then blocks again. */
export async function gatherChainSamples(): Promise<ChainSamples> {
  const scenario = await openScenario({ validators: 4, seed: 19 }, createFoundry());
  const shelf = new Shelf();
  scenario.world.events.on('sent', ({ kind, bytes }) => shelf.put(kind, bytes));
  scenario.world.events.on('committed', ({ block, certificate }) => {
    shelf.put('block', block.bytes);
    shelf.put('header', encodeHeader(block.header));
    shelf.put('certificate', encodeCertificate(certificate));
    for (const entry of block.entries) shelf.put('entry', encodeEntry(entry));
    for (const result of block.results) shelf.put('result', result);
  });
  for (const count of [1, 3, 8]) {
    for (let index = 0; index < count; index++) scenario.submit(index % 4);
    await scenario.run(2000);
  }
  scenario.lose('pre-prepare', 1000);
  scenario.submit(1);
  await scenario.run(10_000);
  scenario.heal();
  scenario.stop(3);
  await scenario.run(5000);
  scenario.start(3);
  await scenario.run(5000);
  scenario.end();
  return {
    messages: shelf.take('pre-prepare', 'prepare', 'commit', 'round-change', 'decided', 'status'),
    blocks: shelf.take('block'),
    headers: shelf.take('header'),
    certificates: shelf.take('certificate'),
    entries: shelf.take('entry'),
    results: shelf.take('result'),
    batches: shelf.take('transactions'),
  };
}
