/** The replay window (protocol §4). */
import { asTransactionId, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { createReplayWindow } from '../../src/ledger/replay-window.ts';

const idOf = (seed: number) => asTransactionId(sha256(Uint8Array.of(seed)));

describe('node: replay window', () => {
  it('spec §4: given an included id, when its own validUntil has not passed, then it is remembered', () => {
    const window = createReplayWindow();
    window.add(idOf(1), { height: 5, validUntilMs: 50_000 });

    window.forgetExpired(49_999);

    expect(window.find(idOf(1))).to.deep.equal({ height: 5, validUntilMs: 50_000 });
    expect(window.find(idOf(2))).to.equal(undefined);
  });

  it('given ids whose time is over, when time goes on, then their memory is free', () => {
    const window = createReplayWindow();
    for (let seed = 0; seed < 200; seed++) {
      window.add(idOf(seed), { height: 1, validUntilMs: 1000 * seed });
    }

    window.forgetExpired(150_000);

    expect(window.size()).to.equal(50);
    expect(window.find(idOf(149))).to.equal(undefined);
    expect(window.find(idOf(150))?.height).to.equal(1);
  });
});
