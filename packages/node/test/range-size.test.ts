/** How many blocks are asked for at once, by what the last range was like. */
import { LIMITS } from '@daybook/core';
import { expect } from 'chai';
import { FIRST_BLOCKS, rangeBlocks } from '../src/range-size.ts';

const KIB = 1024;

describe('node: sizes of ranges', () => {
  it('given no range yet, then a few blocks show whether the peer has any', () => {
    expect(rangeBlocks(undefined)).to.equal(FIRST_BLOCKS);
    expect(FIRST_BLOCKS).to.be.within(1, LIMITS.rangeBlocksMax / 8);
  });

  it('given what the last range held, then the next one aims at half a mebibyte, within one block and the limit', () => {
    const sizes = [
      { seen: { blocks: 8, bytes: 8 * 64 * KIB }, blocks: 8 },
      { seen: { blocks: 4, bytes: 4 * 50 * KIB }, blocks: 10 },
      { seen: { blocks: 64, bytes: 64 * 600 }, blocks: LIMITS.rangeBlocksMax },
      { seen: { blocks: 4, bytes: 4 * 8 * KIB }, blocks: 64 },
      { seen: { blocks: 1, bytes: LIMITS.blockBytesHardMax }, blocks: 1 },
      { seen: { blocks: 1, bytes: 0 }, blocks: LIMITS.rangeBlocksMax },
    ];
    for (const { seen, blocks } of sizes) {
      expect(rangeBlocks(seen), JSON.stringify(seen)).to.equal(blocks);
    }
  });
});
