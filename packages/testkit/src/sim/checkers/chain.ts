/** I7, I12 and I13: what the decided blocks themselves say. */
import type { Header } from '@daybook/core';
import { equalBytes, LIMITS, refOf, toHex } from '@daybook/core';
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

export const CHAIN: Checker = {
  invariants: ['I7', 'I12', 'I13'],
  watch: (world) => {
    const headers = new Map<number, Header>();
    const included = new Map<string, number>();
    world.events.on('committed', (event) => {
      const { machine, block } = event;
      const { header } = block;
      if (!machine.isHonest || headers.has(header.height)) return;
      headers.set(header.height, header);
      checkParent(world, block, headers.get(header.height - 1));
      checkBody(world, event, included);
    });
  },
};

function checkParent(
  world: World,
  { header, entries }: EventOf<'committed'>['block'],
  parent: Header | undefined,
): void {
  if (parent === undefined) return;
  const { height } = header;
  const isRecovery = entries.some((one) => one.type === 'system' && one.system.kind === 'recovery');
  if (header.timestampMs <= parent.timestampMs) {
    world.violate('I7', `the time of ${height} is not after that of its parent`);
  }
  if (!isRecovery && !equalBytes(parent.nextValidatorsHash, header.validatorsHash)) {
    world.violate('I13', `the set of ${height} is not the one that ${height - 1} names`);
  }
  const changes = !equalBytes(header.validatorsHash, header.nextValidatorsHash);
  const { epochBlocks } = world.genesis.document.parameters;
  if (!changes) return;
  world.coverage.add('set change');
  if ((height + 1) % epochBlocks !== 0) {
    world.violate('I13', `the set changes after ${height}, which ends no epoch`);
  }
}

function checkBody(
  world: World,
  { block, machine }: EventOf<'committed'>,
  included: Map<string, number>,
): void {
  const { height, timestampMs } = block.header;
  const parameters = machine.replica()?.ledger.head().next.parameters;
  if (block.bytes.length > (parameters?.blockBytesMax ?? LIMITS.blockBytesHardMax)) {
    world.violate('I12', `block ${height} has ${block.bytes.length} bytes`);
  }
  for (const entry of block.entries) {
    const id = toHex(refOf(entry).id);
    const before = included.get(id);
    if (before !== undefined) {
      world.violate('I12', `transaction ${id} stands in ${before} and in ${height}`);
    }
    included.set(id, height);
    if (entry.type === 'system') {
      world.coverage.add('system transaction');
    } else if (entry.transaction.body.validUntilMs <= timestampMs) {
      world.violate('I12', `transaction ${id} in ${height} had expired`);
    }
  }
}
