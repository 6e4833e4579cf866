/** I20 and I21: what a node finds after a crash is whole, and it signs nothing before it has found it. */
import { decodeBlock, decodeBodyEntry, equalBytes, refOf } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';

export const RECOVERY: Checker = {
  invariants: ['I20', 'I21'],
  watch: (world) => {
    world.events.on('signed', ({ machine, vote: { height, round, step } }) => {
      if (!machine.isHonest || machine.state() !== 'starting') return;
      world.violate('I21', `${machine.name} signs ${height}/${round}/${step} while it recovers`);
    });
    world.events.on('booted', ({ machine, height }) => {
      if (machine.lives > 1) world.coverage.add('restart');
      // What a damaged disk has lost is no crash's doing; whether it is read all the same is of I22.
      if (!machine.isHonest || machine.wasDamaged || height === 0) return;
      const fault = faultOf(machine, height);
      if (fault !== undefined)
        world.violate('I20', `${machine.name} restarts at ${height}: ${fault}`);
    });
  },
};

/** What is missing of the head: block, certificate, results, state root, index of transactions. */
function faultOf(machine: Machine, height: number): string | undefined {
  const storage = machine.storage();
  const stored = storage?.blockLog.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  if (storage === undefined || stored === undefined || block?.ok !== true) return 'no block';
  if (stored.certificate.length === 0) return 'no certificate';
  // One result per transaction, and one for what the chain did by itself.
  if (stored.results.length !== block.value.body.length + 1) return 'results are missing';
  const root = storage.stateStore.rootAt(height);
  if (root === undefined || !equalBytes(root, block.value.header.stateRoot)) return 'another state';
  for (const [index, bytes] of block.value.body.entries()) {
    const entry = decodeBodyEntry(bytes);
    const place = entry.ok ? storage.blockLog.findTransaction(refOf(entry.value).id) : undefined;
    if (place?.height !== height || place.index !== index) return 'a transaction is not indexed';
  }
  return undefined;
}
