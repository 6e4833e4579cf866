import type { Hash } from '@daybook/core';
import {
  assert,
  blockHash,
  createSigner,
  decodeBodyEntry,
  encodeHeader,
  encodeResult,
  inclusionProof,
  leafHash,
  merkleRoot,
  refOf,
  transactionLeaf,
  trustGenesis,
} from '@daybook/core';
import { expect } from 'chai';
import type { MerklePath, TransactionProof } from '../../src/index.ts';
import { compareFinal, signAs, verifyAncestor, verifyTransactionProof } from '../../src/index.ts';
import type { TestChain } from '../fixtures/chain.ts';
import { createTestChain, OTHER_HASH, START_MS, seedOf } from '../fixtures/chain.ts';

function chainWithGifts(): TestChain {
  const chain = createTestChain();
  const wires = ['north', 'south', 'west'].map((box) => {
    const amount = { minor: 5n, currency: 'GBP' };
    const args = { box, publisher: 'giver', amount };
    const calls = [{ contract: 'boxes', action: 'give', args }];
    const plan = { chain: chain.genesis.chain, calls, validUntilMs: START_MS + 60_000 };
    return signAs([{ signer: createSigner(seedOf('giver')) }], plan).bytes;
  });
  chain.append(wires);
  chain.append([]);
  chain.append([]);
  return chain;
}

function pathOf(leaves: readonly Hash[], index: number): MerklePath {
  const leaf = leaves[index];
  assert(leaf !== undefined, 'there is such a leaf');
  const path = inclusionProof(leaves, index);
  return { root: merkleRoot(leaves), size: leaves.length, index, leaf, path };
}

/** What the node's API serves for one transaction of a block. */
function proofOf(chain: TestChain, height: number, index: number): TransactionProof {
  const { header, certificate, body, results } = chain.block(height);
  const leaves = body.map((wire) => {
    const entry = decodeBodyEntry(wire);
    assert(entry.ok, 'the body of the fixture decodes');
    return transactionLeaf(refOf(entry.value));
  });
  const resultLeaves = results.map((result) => leafHash(encodeResult(result)));
  const result = results[index];
  const transactionBytes = body[index];
  assert(result !== undefined && transactionBytes !== undefined, 'there is such a transaction');
  return {
    headerBytes: encodeHeader(header),
    certificateBytes: certificate,
    transactionBytes,
    resultBytes: encodeResult(result),
    transaction: pathOf(leaves, index),
    result: pathOf(resultLeaves, index),
  };
}

describe('client: transaction proof', () => {
  const chain = chainWithGifts();
  const trusted = trustGenesis(chain.genesis);

  it('given the paths of a transaction and its result, then both are proven', () => {
    const proven = verifyTransactionProof(proofOf(chain, 1, 1), trusted);

    expect(proven.ok && proven.value.result.code).to.equal(0);
    expect(proven.ok && proven.value.transaction.body.calls[0]?.args.box).to.equal('south');
    expect(proven.ok && proven.value.block.header.height).to.equal(1);
  });

  it('given any part of another transaction, then it is refused', () => {
    const good = proofOf(chain, 1, 1);
    const other = proofOf(chain, 1, 2);
    const bent: readonly TransactionProof[] = [
      { ...good, transactionBytes: other.transactionBytes },
      { ...good, resultBytes: other.resultBytes },
      { ...good, transaction: other.transaction },
      { ...good, result: other.result },
      { ...good, result: other.result, resultBytes: other.resultBytes },
      { ...good, headerBytes: encodeHeader(chain.block(2).header) },
      { ...good, certificateBytes: chain.block(2).certificate },
    ];

    for (const [index, proof] of bent.entries()) {
      expect(verifyTransactionProof(proof, trusted).ok, `case ${index}`).to.equal(false);
    }
  });
});

describe('client: headers against each other', () => {
  const chain = chainWithGifts();
  const trusted = trustGenesis(chain.genesis);
  const certified = (height: number) => {
    const { header, certificate } = chain.block(height);
    return { header: encodeHeader(header), certificate };
  };

  it('given an old header, then it is proven through the history root of a recent one (spec L-7)', () => {
    const recent = chain.block(3).header;
    const leaves = [0, 1, 2].map((height) => leafHash(blockHash(chain.block(height).header)));
    const path = inclusionProof(leaves, 1);
    const header = encodeHeader(chain.block(1).header);

    const proven = verifyAncestor({ header, path }, recent);
    const other = verifyAncestor({ header: encodeHeader(chain.block(2).header), path }, recent);
    const later = verifyAncestor({ header: encodeHeader(recent), path }, recent);

    expect(proven.ok && proven.value.height).to.equal(1);
    expect(other.ok).to.equal(false);
    expect(later.ok).to.equal(false);
  });

  it('given two final blocks of one height that differ, then it is a fork (spec L-5)', () => {
    const header = { ...chain.block(2).header, txRoot: OTHER_HASH };
    const names = ['bb', 'cc', 'dd'];
    const certificate = chain.seal(header, names, chain.setAt(2));
    const forged = { header: encodeHeader(header), certificate };

    const fork = compareFinal(certified(2), forged, trusted);
    const same = compareFinal(certified(2), certified(2), trusted);
    const apart = compareFinal(certified(2), certified(3), trusted);

    expect(fork.ok && fork.value.verdict).to.equal('fork');
    expect(same.ok && same.value.verdict).to.equal('same');
    expect(apart.ok && apart.value.verdict).to.equal('other-heights');
  });
});
