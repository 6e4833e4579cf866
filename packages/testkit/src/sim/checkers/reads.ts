/**
 * I22: what a node reads back from its disk is what was decided, or an error that names the place.
 * Blocks are compared by hash, records by the proof under the state root of their header, so that a
 * record that is missing shows, too.
 */

import { manifestRecordKey, recordKeyOf } from '@daybook/contracts';
import type { Hash, Header, RecordKey } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  equalBytes,
  sha256,
  toHex,
  treeKeyOf,
  valueHashOf,
  verifyStateProof,
} from '@daybook/core';
import type { Storage } from '@daybook/node';
import { StateError } from '@daybook/state';
import { codeOf, describeError } from '../node/failure.ts';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** How many of a thousand samples read something back. */
const READ_PERMILLE = 200;
/** Sums that the clients add to. */
const SUMS = 8;

interface Decided {
  readonly header: Header;
  readonly hash: Hash;
  /** Hex hash of all bytes, body and all. */
  readonly bytesHash: string;
}

export const READS: Checker = {
  invariants: ['I22'],
  watch: (world) => {
    const prng = world.prng.fork('reads');
    const decided = new Map<number, Decided>();
    const keys = keysOf(world);
    world.events.on('committed', ({ machine, block }) => {
      const { header, hash, bytes } = block;
      // What others are compared with comes from a sound disk.
      if (!machine.isHonest || machine.wasDamaged || decided.has(header.height)) return;
      decided.set(header.height, { header, hash, bytesHash: toHex(sha256(bytes)) });
    });
    world.events.on('sampled', () => {
      const readers = world.machines.filter((one) => canRead(one) && prng.chance(READ_PERMILLE));
      for (const machine of readers) {
        const found = decided.get(prng.between(1, machine.height()));
        const key = prng.pick(keys);
        const fault = found && faultOf(machine, found, key);
        if (fault !== undefined) world.violate('I22', `${machine.name}: ${fault}`);
      }
    });
    world.events.on('failed', ({ machine, code, error }) => {
      if (!machine.isHonest || !machine.wasDamaged || code !== 'DEFECT') return;
      const words = `${machine.name} ends as defect over a damaged disk`;
      world.violate('I22', `${words}: ${describeError(error)}`);
    });
  },
};

/** Records that change, and one that is always there. */
function keysOf({ chain }: World): readonly RecordKey[] {
  const tally = chain.engine.manifest().contracts.find(({ name }) => name === 'tally');
  const spec = tally?.records.sum;
  if (spec === undefined) return [manifestRecordKey()];
  const sums = Array.from({ length: SUMS }, (_, index) =>
    recordKeyOf(spec, { name: `sum-${index}` }),
  );
  return [manifestRecordKey(), ...sums.flatMap((key) => (key.ok ? [key.value] : []))];
}

function canRead(machine: Machine): boolean {
  return machine.isHonest && machine.state() === 'up' && machine.height() > 0;
}

/** What is wrong with a read; an error of the store that names its place is what must be. */
function faultOf(machine: Machine, decided: Decided, key: RecordKey): string | undefined {
  const storage = machine.storage();
  if (storage === undefined) return undefined;
  const { height } = decided.header;
  try {
    const words = readBlock(storage, decided) ?? readRecord(storage, decided, key);
    return words && `${words}, at height ${height}`;
  } catch (error) {
    const isNamed = error instanceof StateError && ('path' in error.failure || isPruned(error));
    if (isNamed && (machine.wasDamaged || isPruned(error))) return undefined;
    return `a read of height ${height} fails with ${codeOf(error)}: ${describeError(error)}`;
  }
}

function isPruned({ code }: StateError): boolean {
  return code === 'STATE_VERSION_PRUNED';
}

function readBlock(
  { blockLog }: Storage,
  { header, hash, bytesHash }: Decided,
): string | undefined {
  const stored = blockLog.readBlock(header.height);
  if (stored === undefined) return 'the block is missing without a word';
  const block = decodeBlock(stored.bytes);
  const isSame = block.ok && equalBytes(blockHash(block.value.header), hash);
  if (isSame && toHex(sha256(stored.bytes)) === bytesHash) return undefined;
  return 'another block is read than was decided';
}

function readRecord(
  { stateStore }: Storage,
  { header }: Decided,
  key: RecordKey,
): string | undefined {
  const { value, proof } = stateStore.prove(key, header.height);
  const claim = verifyStateProof(header.stateRoot, treeKeyOf(key), proof);
  if (!claim.ok) return `a record is read with a proof that fails: ${claim.reason.code}`;
  if (claim.value.kind === 'absent') {
    return value === undefined ? undefined : 'a record is read that is not there';
  }
  if (value === undefined) return 'a record is missing without a word';
  const isSame = equalBytes(claim.value.valueHash, valueHashOf(value));
  return isSame ? undefined : 'another value is read than was written';
}
