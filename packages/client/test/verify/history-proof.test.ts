/** Checkpoints of one history or of two: what proves a fork, and what only looks like it. */
import type { CheckpointFork, Hash, TreeHead } from '@daybook/core';
import {
  checkpointOriginOf,
  consistencyProof,
  createSigner,
  encodeCheckpointFork,
  encodeNote,
  encodeTreeHead,
  encodeUtf8,
  inclusionProof,
  leafHash,
  merkleRoot,
  sha256,
  signNote,
} from '@daybook/core';
import { expect } from 'chai';
import { verifyBlockInTree, verifyCheckpointFork, verifyExtension } from '../../src/index.ts';
import { FOUNDERS, OTHER_HASH, START_MS, seedOf, testGenesis } from '../fixtures/chain.ts';

const genesis = testGenesis();
const origin = checkpointOriginOf(genesis.chain);
const trust = { chain: genesis.chain, nowMs: START_MS };

/** Just enough: a fourth line could be bent without harm. */
const QUORUM = FOUNDERS.slice(0, 3);

/** Two histories that part at height 5. */
const blocksOf = (name: string, count: number): Hash[] =>
  Array.from({ length: count }, (_, height) =>
    sha256(encodeUtf8(height < 5 ? `${height}` : `${name} ${height}`)),
  );
const treeOf = (name: string, size: number): TreeHead => {
  const root = merkleRoot(blocksOf(name, size).map(leafHash));
  return { origin, size, root };
};
const noteOf = (head: TreeHead, names: readonly string[] = FOUNDERS): Uint8Array => {
  const text = encodeTreeHead(head);
  const signatures = names.map((name) => signNote(text, origin, createSigner(seedOf(name))));
  return encodeUtf8(encodeNote({ text, signatures }));
};
const sideOf = (head: TreeHead, names?: readonly string[]) => ({
  note: noteOf(head, names),
  changes: [],
});
const beginningOf = (name: string, smaller: number, size: number) => {
  const leaves = blocksOf(name, size).map(leafHash);
  return { root: treeOf(name, smaller).root, path: consistencyProof(leaves, smaller) };
};
const outcomeOf = (proof: Omit<CheckpointFork, 'genesis'>): string =>
  verifyCheckpointFork(encodeCheckpointFork({ genesis: genesis.bytes, ...proof }), trust).outcome;

describe('client: checkpoints of one history', () => {
  it('spec L-13: given two sizes, then the path shows that the history grew, and no other does', () => {
    const { path } = beginningOf('a', 7, 12);

    expect(verifyExtension(treeOf('a', 7), treeOf('a', 12), path)).to.equal(true);
    expect(verifyExtension(treeOf('b', 7), treeOf('a', 12), path)).to.equal(false);
    expect(verifyExtension(treeOf('a', 12), treeOf('a', 7), path)).to.equal(false);
    expect(verifyExtension(treeOf('a', 7), treeOf('a', 12), path.slice(1))).to.equal(false);
  });

  it('spec D-22: given a block and its path, then it stands in the tree at its height only', () => {
    const hashes = blocksOf('a', 12);
    const path = inclusionProof(hashes.map(leafHash), 6);
    const block = (height: number, at = height) => ({
      height,
      blockHash: hashes[at] ?? OTHER_HASH,
    });

    expect(verifyBlockInTree(block(6), treeOf('a', 12), path)).to.equal(true);
    expect(verifyBlockInTree(block(7, 6), treeOf('a', 12), path)).to.equal(false);
    expect(verifyBlockInTree(block(6, 7), treeOf('a', 12), path)).to.equal(false);
  });
});

describe('client: proof of a witness (spec L-15)', () => {
  it('given two trees of one size, or a larger one that begins differently, then the fork is proven', () => {
    const first = sideOf(treeOf('a', 8));
    const equal = encodeCheckpointFork({
      genesis: genesis.bytes,
      first,
      second: sideOf(treeOf('b', 8), FOUNDERS.slice(1)),
    });
    const larger = { first, second: sideOf(treeOf('b', 12)), beginning: beginningOf('b', 8, 12) };

    const verdict = verifyCheckpointFork(equal, trust);
    expect(verdict.outcome).to.equal('valid');
    if (verdict.outcome === 'invalid') return;
    expect(verdict.facts.trees.map(({ size }) => size)).to.deep.equal([8, 8]);
    expect(verdict.facts.signedBoth).to.have.length(3);
    expect(outcomeOf(larger)).to.equal('valid');
  });

  it('given what is no fork, then each is refused', () => {
    const [small, same, large] = [treeOf('a', 4), treeOf('a', 8), treeOf('b', 12)].map((head) =>
      sideOf(head),
    );
    if (small === undefined || same === undefined || large === undefined) {
      return expect.fail('there are three sides');
    }
    const quorumless = sideOf(treeOf('b', 8), FOUNDERS.slice(0, 2));
    const beginning = beginningOf('b', 8, 12);
    const refused: Readonly<Record<string, Omit<CheckpointFork, 'genesis'>>> = {
      'the same tree twice': { first: same, second: same },
      'a common beginning': { first: small, second: large, beginning: beginningOf('b', 4, 12) },
      'two sizes without a path': { first: same, second: large },
      'the larger tree first': { first: large, second: same, beginning },
      'too few signatures': { first: same, second: quorumless },
      'a path that does not hold': {
        first: same,
        second: large,
        beginning: { ...beginning, root: OTHER_HASH },
      },
      'a note that is none': { first: { note: encodeUtf8('text'), changes: [] }, second: large },
    };

    for (const [title, proof] of Object.entries(refused)) {
      expect(outcomeOf(proof), title).to.equal('invalid');
    }
  });

  it('given no trusted chain, another one, or any byte changed, then it is not valid', () => {
    const bytes = encodeCheckpointFork({
      genesis: genesis.bytes,
      first: sideOf(treeOf('a', 8), QUORUM),
      second: sideOf(treeOf('b', 8), QUORUM),
    });
    const untold = verifyCheckpointFork(bytes, { nowMs: START_MS });
    const foreign = verifyCheckpointFork(bytes, { chain: OTHER_HASH, nowMs: START_MS });

    expect(untold.outcome).to.equal('unknown');
    expect(foreign.outcome === 'invalid' && foreign.reason.code).to.equal('CLIENT_CHAIN_FOREIGN');
    for (let index = 0; index < bytes.length; index += 97) {
      const bent = Uint8Array.from(bytes);
      bent[index] = (bent[index] ?? 0) ^ 1;
      expect(verifyCheckpointFork(bent, trust).outcome, `byte ${index}`).to.equal('invalid');
    }
  });
});
