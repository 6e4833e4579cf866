/** The history tree of a node against the definition, on chains around the width of its tiles. */
import type { Hash } from '@daybook/core';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  merkleRoot,
  sha256,
  verifyConsistency,
} from '@daybook/core';
import { expect } from 'chai';
import type { History } from '../../src/api/ports.ts';
import { createHistoryTree } from '../../src/checkpoints/history-tree.ts';

const HEIGHTS = 5000;
const hashes: readonly Hash[] = Array.from({ length: HEIGHTS }, (_, height) =>
  sha256(Uint8Array.of(height >> 8, height)),
);
const leaves = hashes.map(leafHash);

function treeOf(known: readonly (Hash | undefined)[]): { tree: History; yields: () => number } {
  let yields = 0;
  const tree = createHistoryTree({
    hashAt: (height) => known[height],
    soon: (task) => {
      yields += 1;
      setImmediate(task);
    },
  });
  return { tree, yields: () => yields };
}

describe('node: history tree (spec D-22)', () => {
  it('given sizes around whole tiles, then roots and proofs are those of the definition', async () => {
    const { tree } = treeOf(hashes);
    for (const size of [1, 2, 255, 256, 257, 511, 512, 513, 767, 1024, 1025, 4097, 5000]) {
      const list = leaves.slice(0, size);
      expect(await tree.root(size), `root ${size}`).to.deep.equal(merkleRoot(list));
      for (const at of [1, Math.ceil(size / 3), size - 1, size].filter((one) => one > 0)) {
        const consistency = await tree.consistency(at, size);
        expect(consistency, `${at} to ${size}`).to.deep.equal(consistencyProof(list, at));
        const inclusion = await tree.inclusion(at - 1, size);
        expect(inclusion, `${at - 1} in ${size}`).to.deep.equal(inclusionProof(list, at - 1));
      }
    }
    expect(await tree.root(0)).to.deep.equal(merkleRoot([]));
  });

  it('given many questions at once, then each is answered and the event loop gets its turns', async () => {
    const { tree, yields } = treeOf(hashes);
    const sizes = Array.from({ length: 40 }, (_, index) => 1 + 120 * index);

    const paths = await Promise.all(sizes.map((size) => tree.consistency(size, HEIGHTS)));

    expect(yields()).to.be.greaterThan(0);
    for (const [index, smallerSize] of sizes.entries()) {
      const proof = {
        smallerSize,
        smallerRoot: merkleRoot(leaves.slice(0, smallerSize)),
        largerSize: HEIGHTS,
        largerRoot: merkleRoot(leaves),
        path: paths[index] ?? expect.fail('there is a path'),
      };
      expect(verifyConsistency(proof), `from ${smallerSize}`).to.equal(true);
    }
  });

  it('given blocks that are no longer kept, then there is no proof, and later ones still are', async () => {
    const pruned = hashes.map((hash, height) => (height < 300 ? undefined : hash));
    const { tree } = treeOf(pruned);

    expect(await tree.root(HEIGHTS)).to.equal(undefined);
    expect(await tree.consistency(1000, HEIGHTS)).to.equal(undefined);
    const { tree: whole } = treeOf(hashes);
    expect(await whole.root(600)).to.deep.equal(merkleRoot(leaves.slice(0, 600)));
  });
});
