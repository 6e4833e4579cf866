/** Violations that are planted from outside, for tests of the checkers themselves. */
import type { Unsigned } from '@daybook/core';
import { asHash, assert, signBytes } from '@daybook/core';
import type { VoteSigner } from '@daybook/state';
import type { Scenario } from '../../../src/sim/scenario.ts';

/** The invariant that a scenario breaks; its name alone. */
export async function brokenBy(run: () => Promise<void>): Promise<string | undefined> {
  return await run().then(
    () => undefined,
    (error: Error) => error.message.split(':')[0],
  );
}

/** What a running machine signs with. */
export function signerOf(scenario: Scenario, index: number): VoteSigner {
  const signer = scenario.machine(index).replica()?.signer;
  assert(signer !== undefined, 'the machine runs, and is a validator');
  return signer;
}

/** A PREPARE of 1/0 that a machine signs, for a block with this byte in its hash. */
export function prepare(scenario: Scenario, index: number, byte: number): void {
  const machine = scenario.machine(index);
  const signer = signerOf(scenario, index);
  const blockHash = asHash(new Uint8Array(32).fill(byte));
  const slot = { height: 1, round: 0 };
  const content: Unsigned = { type: 'prepare', ...slot, blockHash };
  const request = {
    signBytes: signBytes(scenario.world.genesis.chain, content),
    attachment: new Uint8Array(),
  };
  const vote = { ...slot, step: content.type, ...request, signature: new Uint8Array(64) };
  scenario.world.events.emit({ type: 'signed', machine, signer, request, vote });
}
