/** I1 and I8: one decided hash per height, and nothing reported as final ever disappears. */
import { toHex } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';

export const AGREEMENT: Checker = {
  invariants: ['I1', 'I8'],
  watch: (world) => {
    const decided = new Map<number, string>();
    world.events.on('committed', ({ machine, block }) => {
      const { height } = block.header;
      const hash = toHex(block.hash);
      const known = decided.get(height);
      if (known === undefined) decided.set(height, hash);
      else if (known !== hash && machine.isHonest) {
        world.violate('I1', `${machine.name} decided ${hash} at ${height}, others ${known}`);
      }
    });
    world.events.on('booted', ({ machine, height }) => {
      if (!machine.isHonest) return;
      const { name, reportedHeight, wasDamaged } = machine;
      if (height < reportedHeight && !wasDamaged) {
        world.violate('I8', `${name} restarts at ${height} after it reported ${reportedHeight}`);
      }
      const at = firstChanged(machine, decided);
      if (at !== undefined) world.violate('I8', `${name} restarts with another block at ${at}`);
    });
  },
};

/** Blocks below the head that are looked at after a restart. */
const LOOKED_AT = 20;

/**
 * The first height at which a node that has just started has not the block that was decided. On a
 * damaged disk a block may be missing; another one in its place is never read.
 */
function firstChanged(machine: Machine, decided: ReadonlyMap<number, string>): number | undefined {
  const log = machine.storage()?.blockLog;
  const height = machine.height();
  for (let at = Math.max(1, height - LOOKED_AT); at <= height; at++) {
    const [hash, known] = [log?.blockHashAt(at), decided.get(at)];
    if (known === undefined || (hash === undefined && machine.wasDamaged)) continue;
    if (hash === undefined || toHex(hash) !== known) return at;
  }
  return undefined;
}
