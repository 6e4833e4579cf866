/** I7 and I13: how the header of a decided block follows that of its parent. */
import type { Header } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import type { EventOf } from '../world/events.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

export const CHAIN: Checker = {
  invariants: ['I7', 'I13'],
  watch: (world) => {
    const headers = new Map<number, Header>();
    world.events.on('committed', ({ machine, block }) => {
      const { header } = block;
      if (!machine.isHonest || headers.has(header.height)) return;
      headers.set(header.height, header);
      checkParent(world, block, headers.get(header.height - 1));
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
