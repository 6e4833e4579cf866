/** What final blocks changed, told a second time: the same, as far as their states are kept. */
import type { PastBlock } from '@daybook/readmodel';
import { expect } from 'chai';
import { createSystemClock } from '../src/clock.ts';
import type { PastBlocksParts } from '../src/past-blocks.ts';
import { readPastBlocks } from '../src/past-blocks.ts';
import { freshDisks, grow, makeGenesis, openChain } from './support/chain.ts';

async function readAll(range: [number, number], parts: PastBlocksParts): Promise<PastBlock[]> {
  const blocks: PastBlock[] = [];
  for await (const block of readPastBlocks(...range, parts)) blocks.push(block);
  return blocks;
}

describe('node: past blocks', () => {
  const clock = createSystemClock();

  it('given final blocks, when they are read again, then they changed what they did at first', async () => {
    const chain = await openChain(makeGenesis(), freshDisks());
    const told: object[] = [];
    chain.ledger.onCommit(({ block: { header, writes } }) => {
      told.push(writes.map(({ recordKey, value }) => [header.height, recordKey, value]));
    });
    await grow(chain.ledger, 6);

    const again = await readAll([3, 6], { ...chain, clock });

    const changes = again.map(({ height, changes: list }) =>
      list.map(({ recordKey, value }) => [height, recordKey, value]),
    );
    expect(changes).to.deep.equal(told.slice(2));
    expect(changes[0]).not.to.deep.equal([]);
    const { header } = chain.ledger.head();
    expect(again.at(-1)).to.include({ height: 6, timestampMs: header.timestampMs });
    await chain.close();
  });

  it('given a state that has left the window, when its blocks are asked for, then none is told', async () => {
    const chain = await openChain(makeGenesis(), freshDisks(), { retainedHeights: 3 });
    await grow(chain.ledger, 6);
    const parts = { ...chain, clock };

    expect(await readAll([2, 6], parts)).to.deep.equal([]);
    expect((await readAll([5, 6], parts)).map(({ height }) => height)).to.deep.equal([5, 6]);
    await chain.close();
  });

  it('given a state that leaves while blocks are read, when the next one needs it, then they end there', async () => {
    const chain = await openChain(makeGenesis(), freshDisks(), { retainedHeights: 3 });
    await grow(chain.ledger, 4);
    const heights: number[] = [];

    for await (const { height } of readPastBlocks(3, 4, { ...chain, clock })) {
      heights.push(height);
      await grow(chain.ledger, 3);
    }

    expect(heights).to.deep.equal([3]);
    await chain.close();
  });
});
