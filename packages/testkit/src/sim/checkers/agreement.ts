/** I1 and I8: one decided hash per height, and nothing reported as final ever disappears. */
import { toHex } from '@daybook/core';
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
      if (!machine.isHonest || machine.wasDamaged) return;
      if (height < machine.reportedHeight) {
        const { name, reportedHeight } = machine;
        world.violate('I8', `${name} restarts at ${height} after it reported ${reportedHeight}`);
      }
      const log = machine.storage()?.blockLog;
      for (let at = Math.max(1, height - 20); at <= height; at++) {
        const hash = log?.blockHashAt(at);
        const known = decided.get(at);
        if (known !== undefined && (hash === undefined || toHex(hash) !== known)) {
          world.violate('I8', `${machine.name} restarts with another block at ${at}`);
        }
      }
    });
  },
};
