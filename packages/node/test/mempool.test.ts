/** The mempool: lanes, bounds, turns and expiry. */
import type { Transaction } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  generateNonce,
  generateSecretKey,
  LIMITS,
  publicKeyOf,
  signBody,
  toHex,
} from '@daybook/core';
import { expect } from 'chai';
import { createMempool } from '../src/mempool.ts';

const secret = generateSecretKey();
const signers = [{ publicKey: asPublicKey(publicKeyOf(secret)) }];
const chain = asHash(new Uint8Array(32));
const MIB = 1024 * 1024;

function transactionOf(validUntilMs: number, size = 10): Transaction {
  const args = { note: 'x'.repeat(size) };
  const calls = [{ contract: 'test', action: 'note', args }];
  const body = encodeBody({
    version: 1,
    chain,
    signers,
    nonce: generateNonce(),
    validUntilMs,
    calls,
  });
  const decoded = decodeTransaction(encodeTransaction(body, [signBody(body, secret)]));
  if (!decoded.ok) throw new Error(decoded.reason.code);
  return decoded.value;
}

const space = { bytesMax: MIB, countMax: 1000, timestampMs: 1000, validityMaxMs: 10_000 };

describe('node: mempool', () => {
  it('given transactions of two organisations, when a block is filled, then they take turns', () => {
    const pool = createMempool({ bytesMax: MIB });
    const first = [1, 2, 3].map(() => transactionOf(5000));
    const second = [1, 2].map(() => transactionOf(5000));
    for (const transaction of first) pool.add(transaction, 'a');
    for (const transaction of second) pool.add(transaction, 'b');

    const selected = pool.select(space).map(({ id }) => toHex(id));

    const expected = [first[0], second[0], first[1], second[1], first[2]].map(
      (t) => t && toHex(t.id),
    );
    expect(selected).to.deep.equal(expected);
    expect(pool.count()).to.equal(5);
  });

  it('spec X-8: given one organisation that floods, when its lane is full, then it is refused and another is not', () => {
    const pool = createMempool({ bytesMax: MIB });
    let refused: string | undefined;
    for (let count = 0; count < 100 && refused === undefined; count++) {
      const added = pool.add(transactionOf(5000, 30_000), 'noisy');
      if (!added.ok) refused = added.reason.code;
    }

    expect(refused).to.equal('NODE_QUOTA_EXCEEDED');
    expect(pool.bytes()).to.be.at.most(MIB / 2);
    expect(pool.add(transactionOf(5000, 30_000), 'quiet').ok).to.equal(true);
  });

  it('given a full pool, when one more comes, then it is refused and nothing is thrown out', () => {
    const pool = createMempool({ bytesMax: LIMITS.transactionBytesMax });
    pool.add(transactionOf(5000, 30_000), 'a');
    pool.add(transactionOf(5000, 30_000), 'b');
    const before = pool.count();

    const added = pool.add(transactionOf(5000, 30_000), 'c');

    expect(!added.ok && added.reason.code).to.equal('NODE_MEMPOOL_FULL');
    expect(pool.count()).to.equal(before);
  });

  it('given expired and too long valid ones, when a block is filled, then they are left out', () => {
    const pool = createMempool({ bytesMax: MIB });
    const good = transactionOf(5000);
    for (const transaction of [transactionOf(1000), good, transactionOf(11_001)]) {
      pool.add(transaction, 'a');
    }

    expect(pool.select(space)).to.deep.equal([good]);
    expect(pool.dropExpired(1000)).to.have.length(1);
    expect(pool.count()).to.equal(2);
  });

  it('given less space than one transaction, when a block is filled, then it stays within the space', () => {
    const pool = createMempool({ bytesMax: MIB });
    for (let count = 0; count < 10; count++) pool.add(transactionOf(5000, 500), 'a');
    const one = pool.select(space)[0]?.bytes.length ?? 0;

    expect(pool.select({ ...space, bytesMax: 3 * (one + 4) })).to.have.length(3);
    expect(pool.select({ ...space, bytesMax: one })).to.have.length(0);
  });

  it('given a removed transaction, then it is found by nothing and its bytes are free', () => {
    const pool = createMempool({ bytesMax: MIB });
    const transaction = transactionOf(5000);
    pool.add(transaction, 'a');
    pool.add(transaction, 'a');

    expect(pool.byHash(transaction.hash)).to.equal(transaction);
    pool.remove([transaction.id, transaction.id]);

    expect(pool.has(transaction.id)).to.equal(false);
    expect(pool.byHash(transaction.hash)).to.equal(undefined);
    expect([pool.count(), pool.bytes()]).to.deep.equal([0, 0]);
  });
});
