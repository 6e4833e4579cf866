import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import { fromBase64, fromHex, toHex } from '../../src/codec/bytes.ts';
import type { Hash } from '../../src/crypto/brands.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import {
  appendFrontier,
  consistencyProof,
  emptyFrontier,
  frontierRoot,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/crypto/merkle.ts';
import { MERKLE_LEAVES, MERKLE_ROOTS } from '../../src/crypto/vectors.ts';

interface PublishedProof {
  readonly file: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface Fixture {
  readonly consistency: readonly (PublishedProof & {
    readonly size1: string;
    readonly size2: string;
    readonly root1: string;
    readonly root2: string;
  })[];
  readonly inclusion: readonly (PublishedProof & {
    readonly leafIdx: string;
    readonly treeSize: string;
    readonly root: string;
    readonly leafHash: string;
  })[];
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/rfc6962-merkle.json', import.meta.url), 'utf8'),
);
const bytesOf = (text: string) => fromBase64(text) ?? expect.fail(`${text} is not base64`);
const pathOf = (proof: readonly string[] | null) => (proof ?? []).map(bytesOf);
const publishedLeaves = MERKLE_LEAVES.map((hex) => leafHash(fromHex(hex) ?? expect.fail(hex)));

/** Leaves 0 to count-1, each the hash of its index. */
function leavesOf(count: number): Hash[] {
  return Array.from({ length: count }, (_, index) => leafHash(Uint8Array.of(index >> 8, index)));
}

/** MTH as RFC 9162 §2.1.1 defines it, by splitting. */
function slowRoot(leaves: readonly Hash[]): Hash {
  const [first] = leaves;
  if (first === undefined) {
    return sha256(new Uint8Array());
  }
  if (leaves.length === 1) {
    return first;
  }
  let split = 1;
  while (2 * split < leaves.length) {
    split *= 2;
  }
  return nodeHash(slowRoot(leaves.slice(0, split)), slowRoot(leaves.slice(split)));
}

describe('core: Merkle trees', () => {
  MERKLE_ROOTS.forEach((root, count) => {
    it(`given the published tree of ${count} leaves, then the root is the published one (spec D-22)`, () => {
      const leaves = publishedLeaves.slice(0, count);

      expect(toHex(merkleRoot(leaves))).to.equal(root);
      expect(toHex(frontierRoot(leaves.reduce(appendFrontier, emptyFrontier())))).to.equal(root);
    });
  });

  for (const { file, proof, wantErr, ...facts } of fixture.inclusion) {
    it(`given ${file}, when verified, then it is ${wantErr ? 'refused' : 'accepted'}`, () => {
      const isProven = verifyInclusion({
        root: bytesOf(facts.root),
        size: Number(facts.treeSize),
        index: Number(facts.leafIdx),
        leaf: bytesOf(facts.leafHash),
        path: pathOf(proof),
      });

      expect(isProven).to.equal(!wantErr);
    });
  }

  for (const { file, proof, wantErr, ...facts } of fixture.consistency) {
    // One published vector calls two equal words consistent; for us only hashes prove anything.
    const isAccepted = !wantErr && bytesOf(facts.root1).length === 32;
    it(`given ${file}, when verified, then it is ${isAccepted ? 'accepted' : 'refused'}`, () => {
      const isProven = verifyConsistency({
        smallerSize: Number(facts.size1),
        smallerRoot: bytesOf(facts.root1),
        largerSize: Number(facts.size2),
        largerRoot: bytesOf(facts.root2),
        path: pathOf(proof),
      });

      expect(isProven).to.equal(isAccepted);
    });
  }

  it('given 0 to 70 leaves, then levels, frontier and the definition give one root', () => {
    let frontier = emptyFrontier();
    leavesOf(71).forEach((leaf, count, leaves) => {
      const expected = slowRoot(leaves.slice(0, count));

      expect(merkleRoot(leaves.slice(0, count)), `${count} leaves`).to.deep.equal(expected);
      expect(frontierRoot(frontier), `${count} leaves`).to.deep.equal(expected);
      frontier = appendFrontier(frontier, leaf);
    });
    expect(frontier.peaks).to.have.length(4);
  });

  it('given every leaf of every tree up to 33, when proven, then the proof verifies there only', () => {
    for (let size = 1; size <= 33; size += 1) {
      const leaves = leavesOf(size);
      const root = merkleRoot(leaves);
      leaves.forEach((leaf, index) => {
        const path = inclusionProof(leaves, index);

        expect(verifyInclusion({ root, size, index, leaf, path }), `${index}/${size}`).to.equal(
          true,
        );
        const elsewhere = (index + 1) % size;
        const isMoved = verifyInclusion({ root, size, index: elsewhere, leaf, path });
        expect(isMoved, `${index} as ${elsewhere}/${size}`).to.equal(size === 1);
      });
    }
  });

  it('given every pair of sizes up to 33, when proven, then the proof verifies', () => {
    const leaves = leavesOf(33);
    for (let largerSize = 1; largerSize <= 33; largerSize += 1) {
      const larger = leaves.slice(0, largerSize);
      for (let smallerSize = 1; smallerSize <= largerSize; smallerSize += 1) {
        const path = consistencyProof(larger, smallerSize);
        const smallerRoot = merkleRoot(larger.slice(0, smallerSize));
        const proof = {
          smallerSize,
          smallerRoot,
          largerSize,
          largerRoot: merkleRoot(larger),
          path,
        };

        expect(verifyConsistency(proof), `${smallerSize}/${largerSize}`).to.equal(true);
        const rewritten = { ...proof, smallerRoot: nodeHash(smallerRoot, smallerRoot) };
        expect(verifyConsistency(rewritten), `${smallerSize}/${largerSize}`).to.equal(false);
      }
    }
  });

  it('given the empty tree, when a larger one is compared, then it extends it without a path', () => {
    const [largerRoot, smallerRoot] = [merkleRoot(leavesOf(3)), merkleRoot([])];
    const proof = { smallerSize: 0, smallerRoot, largerSize: 3, largerRoot, path: [] };

    expect(verifyConsistency(proof)).to.equal(true);
    expect(verifyConsistency({ ...proof, smallerRoot: largerRoot })).to.equal(false);
    expect(verifyConsistency({ ...proof, path: [largerRoot] })).to.equal(false);
  });

  it('given any change of a proof, when verified, then it is refused', () => {
    const leaves = leavesOf(100);
    const root = merkleRoot(leaves);
    fc.assert(
      fc.property(fc.nat(99), fc.nat(), fc.nat(255), (index, at, bit) => {
        const path = inclusionProof(leaves, index);
        const spoilt = path[at % path.length] ?? expect.fail('an empty path');
        spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const leaf = leaves[index] ?? expect.fail('no leaf');
        const isProven = verifyInclusion({ root, size: 100, index, leaf, path });
        spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));

        expect(isProven).to.equal(false);
      }),
    );
  });

  it('given numbers that are no sizes and hashes of other lengths, then nothing is proven', () => {
    const [leaf] = leavesOf(1);
    const root = leaf ?? expect.fail('no leaf');
    const proof = { root, size: 1, index: 0, leaf: root, path: [] };

    expect(verifyInclusion(proof)).to.equal(true);
    for (const size of [0, -1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(verifyInclusion({ ...proof, size }), String(size)).to.equal(false);
    }
    expect(verifyInclusion({ ...proof, index: -1 })).to.equal(false);
    expect(verifyInclusion({ ...proof, size: 2, path: [new Uint8Array(31)] })).to.equal(false);
    expect(verifyInclusion({ ...proof, leaf: new Uint8Array(), root: new Uint8Array() })).to.equal(
      false,
    );
  });

  it('given sizes above 2^32, when verified, then arithmetic does not wrap', () => {
    const [first, second] = leavesOf(2);
    const [leaf, sibling] = [first ?? expect.fail('no leaf'), second ?? expect.fail('no leaf')];
    const size = 2 ** 40 + 1;
    const proof = { root: nodeHash(sibling, leaf), size, index: size - 1, leaf, path: [sibling] };

    expect(verifyInclusion(proof)).to.equal(true);
    expect(verifyInclusion({ ...proof, index: 0 })).to.equal(false);
  });

  it('given an inner node, when offered as a leaf, then its prefix tells (spec D-22)', () => {
    const leaves = leavesOf(2);
    const [left, right] = leaves;
    const forged = leafHash(Uint8Array.from([...(left ?? []), ...(right ?? [])]));

    expect(toHex(forged)).to.not.equal(toHex(merkleRoot(leaves)));
  });

  it('given an index outside the tree, when a proof is made, then it is our bug', () => {
    expect(() => inclusionProof(leavesOf(3), 3)).to.throw(AssertionError);
    expect(() => inclusionProof([], 0)).to.throw(AssertionError);
    expect(() => consistencyProof(leavesOf(3), 0)).to.throw(AssertionError);
    expect(() => consistencyProof(leavesOf(3), 4)).to.throw(AssertionError);
  });
});
