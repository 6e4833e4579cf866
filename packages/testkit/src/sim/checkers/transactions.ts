/** I9, I10 and I27: what became of transactions, the same everywhere and for ever. */
import { quorumOf, refOf, toHex } from '@daybook/core';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

interface Place {
  readonly height: number;
  /** Height, index and hex of the result: what everybody must report. */
  readonly words: string;
}

export const TRANSACTIONS: Checker = {
  invariants: ['I9', 'I10', 'I27'],
  watch: (world) => {
    const places = new Map<string, Place>();
    const accepted = new Map<string, number>();
    let healed: number | undefined;
    world.events.on('committed', ({ machine, block }) => {
      if (!machine.isHonest) return;
      const { height } = block.header;
      for (const [index, entry] of block.entries.entries()) {
        const id = toHex(refOf(entry).id);
        const words = `${height}/${index} ${toHex(block.results[index] ?? new Uint8Array())}`;
        const known = places.get(id);
        if (known !== undefined && known.words !== words) {
          world.violate(
            'I9',
            `${machine.name} reports ${id} as ${words}, others as ${known.words}`,
          );
        }
        places.set(id, { height, words });
      }
    });
    world.events.on('accepted', ({ machine, id, validUntilMs }) => {
      if (machine.isHonest) accepted.set(toHex(id), validUntilMs);
    });
    world.events.on('healed', () => {
      healed = highest(world);
    });
    world.events.on('ended', () => {
      world.coverage.add('transactions final', places.size);
      if (healed === undefined || world.violation() !== undefined) return;
      const lost = [...accepted.keys()].filter((id) => !places.has(id));
      world.coverage.add('transactions accepted and not final', lost.length);
    });
  },
};

function highest(world: World): number {
  return Math.max(...world.machines.map((machine) => machine.height()));
}

/** Heights after healing within which an accepted transaction is final or expired. */
export function inclusionHeights(validators: number): number {
  return validators + quorumOf(validators).faultyMax + 3;
}
