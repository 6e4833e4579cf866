/** Block bodies in the driver's hands. */
import { decodeBlock, transactionHashOf } from '@daybook/core';
import { expect } from 'chai';
import type { HeldBody } from '../../src/driver/bodies.ts';
import { createBodies } from '../../src/driver/bodies.ts';
import { buildNext, freshDisks, makeGenesis, noteOf, openChain } from '../support/chain.ts';

const genesis = makeGenesis();
const notes = [1, 2, 3].map((number) => noteOf(genesis, number));

async function heldBody(): Promise<HeldBody> {
  const { ledger } = await openChain(genesis, freshDisks());
  const executed = buildNext(ledger, notes);
  const block = decodeBlock(executed.bytes);
  if (!block.ok) throw new Error(block.reason.code);
  return { block: block.value, hash: executed.hash, receivedWallMs: 1, executed };
}

describe('node: bodies', () => {
  it('given a held body, when transactions are asked for many times, then it is hashed once', async () => {
    const bodies = createBodies();
    bodies.hold(await heldBody());
    let hashed = 0;
    const hashOf = (bytes: Uint8Array) => {
      hashed += 1;
      return transactionHashOf(bytes);
    };

    const found = notes.map(({ hash }) => bodies.findTransaction(hash, hashOf));
    const unknown = bodies.findTransaction(noteOf(genesis, 4).hash, hashOf);

    expect(found).to.deep.equal(notes.map(({ bytes }) => bytes));
    expect(unknown).to.equal(undefined);
    expect(hashed).to.equal(notes.length);
  });

  it('given a body, when it is held again, then what was learned of it stays', async () => {
    const bodies = createBodies();
    const body = await heldBody();
    bodies.hold(body);
    bodies.update(body.hash, { stored: Promise.resolve() });

    const { executed: _executed, ...fresh } = body;
    bodies.hold(fresh);

    expect(bodies.get(body.hash)?.executed).to.equal(body.executed);
    expect(bodies.get(body.hash)?.stored).not.to.equal(undefined);
  });

  it('given bodies of a height, when the next one is entered or they are released, then they are gone', async () => {
    const bodies = createBodies();
    const body = await heldBody();
    bodies.hold(body);
    bodies.enterHeight(1);
    const during = bodies.get(body.hash);
    bodies.enterHeight(2);
    const after = bodies.get(body.hash);
    bodies.hold(body);
    bodies.release(body.hash);

    expect(during?.hash).to.equal(body.hash);
    expect([after, bodies.get(body.hash)]).to.deep.equal([undefined, undefined]);
  });

  it('given a body whose header names a height far ahead, when the next height is entered, then it is gone, too', async () => {
    const bodies = createBodies();
    const body = await heldBody();
    const header = { ...body.block.header, height: 1_000_000 };
    bodies.hold({ ...body, block: { ...body.block, header } });

    bodies.enterHeight(2);

    expect(bodies.count()).to.equal(0);
  });
});
