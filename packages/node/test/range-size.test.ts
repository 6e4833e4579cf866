/** How many blocks are asked for, and applied, at once. */
import { LIMITS } from '@daybook/core';
import { expect } from 'chai';
import { cutRange, FIRST_BLOCKS, rangeBlocks, sizeOf } from '../src/range-size.ts';

const KIB = 1024;

function servedOf(sizes: readonly number[]) {
  return sizes.map((size) => ({
    block: new Uint8Array(size - 100),
    certificate: new Uint8Array(100),
  }));
}

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

  it('given a range whose blocks grow, then it is cut into pieces of half a mebibyte, each of one block at least, in order', () => {
    const small = Array.from({ length: 20 }, () => KIB);
    const served = servedOf([...small, 300 * KIB, 212 * KIB, 700 * KIB, KIB, 511 * KIB, KIB]);

    const pieces = cutRange(served);

    expect(pieces.flat()).to.deep.equal(served);
    expect(pieces.map(({ length }) => length)).to.deep.equal([21, 1, 1, 2, 1]);
    for (const piece of pieces) {
      expect(piece.length === 1 || sizeOf(piece) <= 512 * KIB, `${piece.length} blocks`).to.equal(
        true,
      );
    }
    expect(cutRange([])).to.deep.equal([]);
  });
});
