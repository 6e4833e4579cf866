/** I9 and I10: what became of transactions, the same everywhere and for ever. */
import { refOf, toHex } from '@daybook/core';
import type { Checker } from './checker.ts';

interface Place {
  readonly height: number;
  /** Height, index and hex of the result: what everybody must report. */
  readonly words: string;
}

export const TRANSACTIONS: Checker = {
  invariants: ['I9', 'I10'],
  watch: (world) => {
    const places = new Map<string, Place>();
    world.events.on('committed', ({ machine, block }) => {
      if (!machine.isHonest) return;
      const { height } = block.header;
      for (const [index, entry] of block.entries.entries()) {
        const code = block.outcomes[index]?.result.code;
        world.coverage.add(code === 0 ? 'transaction done' : 'transaction refused');
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
    world.events.on('ended', () => world.coverage.add('transactions final', places.size));
  },
};
