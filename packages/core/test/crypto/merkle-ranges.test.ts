/** Proofs planned as ranges against the definitions of RFC 9162, written as they stand there. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Hash, LeafRange } from '../../src/index.ts';
import {
  AssertionError,
  completeSubtrees,
  consistencyRanges,
  foldPeaks,
  inclusionRanges,
  leafHash,
  MERKLE_PATH_MAX,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/index.ts';

const SIZE_MAX = 300;
const leaves: readonly Hash[] = Array.from({ length: SIZE_MAX }, (_, index) =>
  leafHash(Uint8Array.of(index >> 8, index)),
);

function splitOf(count: number): number {
  let split = 1;
  while (2 * split < count) split *= 2;
  return split;
}

/** PATH(m, D[n]) of §2.1.3.1. */
function slowPath(index: number, list: readonly Hash[]): readonly Hash[] {
  if (list.length === 1) return [];
  const split = splitOf(list.length);
  const [left, right] = [list.slice(0, split), list.slice(split)];
  return index < split
    ? [...slowPath(index, left), merkleRoot(right)]
    : [...slowPath(index - split, right), merkleRoot(left)];
}

/** SUBPROOF(m, D[n], b) of §2.1.4.1. */
function slowSubproof(smaller: number, list: readonly Hash[], isWhole: boolean): readonly Hash[] {
  if (smaller === list.length) return isWhole ? [] : [merkleRoot(list)];
  const split = splitOf(list.length);
  const [left, right] = [list.slice(0, split), list.slice(split)];
  return smaller <= split
    ? [...slowSubproof(smaller, left, isWhole), merkleRoot(right)]
    : [...slowSubproof(smaller - split, right, false), merkleRoot(left)];
}

/** A range by its complete subtrees, as a node that keeps only those would compute it. */
function rootOf(range: LeafRange): Hash {
  return foldPeaks(
    completeSubtrees(range).map(({ level, index }) => {
      const width = 2 ** level;
      return merkleRoot(leaves.slice(index * width, (index + 1) * width));
    }),
  );
}

const sizes = fc.integer({ min: 1, max: SIZE_MAX });

describe('core: ranges of Merkle proofs', () => {
  it('spec D-22: given any leaf of any tree, then the ranges give the path of the definition', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (size, seed) => {
        const index = seed % size;
        const list = leaves.slice(0, size);
        const path = inclusionRanges(size, index).map(rootOf);

        expect(path).to.deep.equal(slowPath(index, list));
        const leaf = list[index] ?? expect.fail('the index is in the list');
        const proof = { root: merkleRoot(list), size, index, leaf, path };
        expect(verifyInclusion(proof)).to.equal(true);
      }),
    );
  });

  it('spec D-22: given any two sizes, then the ranges give the path of the definition', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (largerSize, seed) => {
        const smallerSize = 1 + (seed % largerSize);
        const [smaller, larger] = [leaves.slice(0, smallerSize), leaves.slice(0, largerSize)];
        const path = consistencyRanges(smallerSize, largerSize).map(rootOf);

        expect(path).to.deep.equal(slowSubproof(smallerSize, larger, true));
        const [smallerRoot, largerRoot] = [merkleRoot(smaller), merkleRoot(larger)];
        const proof = { smallerSize, smallerRoot, largerSize, largerRoot, path };
        expect(verifyConsistency(proof)).to.equal(true);
      }),
    );
  });

  it('given a tree of 2^53 - 1 leaves, then no proof is longer than the limit', () => {
    const size = Number.MAX_SAFE_INTEGER;

    for (const at of [1, 2, 3, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, size - 1]) {
      expect(inclusionRanges(size, at).length, `leaf ${at}`).to.be.at.most(MERKLE_PATH_MAX);
      expect(consistencyRanges(at, size).length, `size ${at}`).to.be.at.most(MERKLE_PATH_MAX);
    }
  });

  it('given what is no leaf or no size of the tree, then asking for a proof is a defect', () => {
    for (const index of [-1, 5, 0.5, Number.NaN]) {
      expect(() => inclusionRanges(5, index), String(index)).to.throw(AssertionError);
    }
    for (const smaller of [0, 6, 1.5, Number.NaN]) {
      expect(() => consistencyRanges(smaller, 5), String(smaller)).to.throw(AssertionError);
    }
    expect(() => completeSubtrees({ start: 1, end: 4 })).to.throw('where its largest');
  });
});
