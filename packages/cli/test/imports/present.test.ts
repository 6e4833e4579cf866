/** Which lines of an import wait on the ledger for somebody's release or approval. */
import { encodeCanonical } from '@daybook/core';
import { expect } from 'chai';
import type { PendingCall } from '../../src/imports/present.ts';
import { readHeld } from '../../src/imports/present.ts';

const argsOf = (number: string) => ({
  fund: 'roads',
  source: { publisher: 'works', dataset: 'spend', number, occurrence: 1 },
});

async function* pendingOf(
  ...calls: readonly Partial<PendingCall>[]
): AsyncGenerator<PendingCall, void, void> {
  for (const call of calls) {
    const args = encodeCanonical(argsOf('1'));
    yield {
      ...{ call: 'aa', contract: 'treasury', status: 'held', isExpired: false, args },
      ...call,
    };
  }
}

describe('imports: lines that wait on the ledger', () => {
  for (const status of ['held', 'waiting']) {
    it(`given a line ${status}, then it is found by its identity, and no other line is`, async () => {
      const heldAs = await readHeld(pendingOf({ status }));

      expect(heldAs(argsOf('1'))).to.equal(`call aa, ${status} since an earlier run`);
      expect(heldAs(argsOf('2'))).to.equal(undefined);
    });

    it(`given a line ${status} whose time is over, then it waits no more`, async () => {
      const heldAs = await readHeld(pendingOf({ status, isExpired: true }));

      expect(heldAs(argsOf('1'))).to.equal(undefined);
    });

    it(`given a line ${status} whose time is over and the same handed in anew, then the new call is named`, async () => {
      const heldAs = await readHeld(pendingOf({ status, call: 'bb' }, { status, isExpired: true }));

      expect(heldAs(argsOf('1'))).to.contain('call bb');
    });
  }

  it('given a call that took effect, was withdrawn or is of another contract, then it waits for nobody', async () => {
    const over = ['done', 'withdrawn', 'refused'].map((status) => ({ status }));

    const heldAs = await readHeld(pendingOf(...over, { contract: 'risk' }));

    expect(heldAs(argsOf('1'))).to.equal(undefined);
  });
});
