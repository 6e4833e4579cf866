/** The tiles of the history tree against the layout of C2SP tlog-tiles. */
import type { Hash } from '@daybook/core';
import { asHash, createWriter, equalBytes, leafHash, merkleRoot } from '@daybook/core';
import { expect } from 'chai';
import { tilesOf } from '../../src/index.ts';

function hashes(count: number): readonly Hash[] {
  return Array.from({ length: count }, (_, index) => {
    const writer = createWriter();
    writer.raw(new Uint8Array(28));
    writer.u32(index);
    return asHash(writer.finish());
  });
}

describe('state: tiles', () => {
  it('given 256,259 blocks, then full and partial tiles stand where C2SP tlog-tiles has them', () => {
    const all = hashes(256 * 1001 + 3);

    const tiles = new Map([...tilesOf(all)].map(({ path, bytes }) => [path, bytes]));

    expect(tiles.get('tile/0/x001/000')?.length).to.equal(256 * 32);
    expect(tiles.get('tile/0/x001/001.p/3')?.length).to.equal(3 * 32);
    expect(tiles.get('tile/entries/x001/001.p/3')?.length).to.equal(3 * 34);
    expect(tiles.get('tile/1/002')?.length).to.equal(256 * 32);
    expect(tiles.get('tile/1/003.p/233')?.length).to.equal(233 * 32);
    expect(tiles.get('tile/2/000.p/3')?.length).to.equal(3 * 32);
    expect([...tiles.keys()].some((path) => path.startsWith('tile/3/'))).to.equal(false);
    const subtree = merkleRoot(all.slice(256 * 7, 256 * 8).map(leafHash));
    expect(
      equalBytes(tiles.get('tile/1/000')?.slice(7 * 32, 8 * 32) ?? new Uint8Array(), subtree),
    ).to.equal(true);
  });

  it('given no block, then there are no tiles; given one, then a leaf and its entry', () => {
    expect([...tilesOf([])]).to.deep.equal([]);
    expect([...tilesOf(hashes(1))].map(({ path }) => path)).to.deep.equal([
      'tile/entries/000.p/1',
      'tile/0/000.p/1',
    ]);
  });
});
