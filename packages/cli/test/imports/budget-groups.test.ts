/** Budget calls that travel together. */
import { encodeCanonical, LIMITS } from '@daybook/core';
import type { PlannedCall } from '@daybook/formats';
import { expect } from 'chai';
import { groupNeighbours } from '../../src/imports/budget-groups.ts';

const planned = (name: string, { details = '', organisation = 'works' } = {}): PlannedCall => ({
  target: { record: 'allocation', fund: 'f', name, key: { fund: 'f', allocation: name } },
  call: { contract: 'treasury', action: 'allocate', args: { allocation: name, details } },
  signers: [{ organisation, role: 'treasury.budgeter' }],
});
const namesOf = (calls: readonly PlannedCall[]): readonly (readonly string[])[] =>
  groupNeighbours(calls).map((group) => group.map(({ target }) => target.name));

describe('cli: budget calls that travel together', () => {
  it('given the same signers, then neighbours go together, at most fifty', () => {
    const calls = Array.from({ length: 101 }, (_, index) => planned(`a${index}`));

    expect(groupNeighbours(calls).map(({ length }) => length)).to.deep.equal([50, 50, 1]);
  });

  it('given other signers between, then the order stays', () => {
    const calls = [planned('a'), planned('b', { organisation: 'roads' }), planned('c')];

    expect(namesOf(calls)).to.deep.equal([['a'], ['b'], ['c']]);
  });

  it('given details of the greatest length, then no transaction is larger than may be', () => {
    const details = 'x'.repeat(32_768);
    const calls = ['a', 'b', 'c', 'd', 'e'].map((name) => planned(name, { details }));

    const sizes = groupNeighbours(calls).map((group) =>
      group.reduce((sum, { call }) => sum + encodeCanonical(call.args).length, 0),
    );
    expect(sizes.every((size) => size + 1024 < LIMITS.transactionBytesMax)).to.equal(true);
    expect(namesOf(calls).flat()).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
  });
});
