/** The order in which a block's writes reach the tree. */
import { compareBytes, treeLeafHash, valueHashOf } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StateWrite } from '../../src/index.ts';
import { prepareWrites } from '../../src/store/prepare-writes.ts';

const byteArbitrary = fc.constantFrom<number[]>(0, 1, 255);

describe('state: order of writes (spec S-13)', () => {
  it('given any writes, then they come in key order and of each key the last one', () => {
    const keyArbitrary = fc.array(byteArbitrary, { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(keyArbitrary, { maxLength: 200 }), fc.boolean(), (keys, isNear) => {
        const writes = keys.map((bytes, index): StateWrite => {
          const key = Uint8Array.from(isNear ? bytes.fill(7, 0, 9) : bytes);
          return { recordKey: { set: 1, key }, treeKey: key, value: Uint8Array.of(index) };
        });
        const last = new Map(writes.map((write) => [String(write.treeKey), write.value]));
        const expected = [
          ...new Map(writes.map((write) => [String(write.treeKey), write])).values(),
        ]
          .toSorted((a, b) => compareBytes(a.treeKey, b.treeKey))
          .map(({ treeKey }) => [String(treeKey), last.get(String(treeKey))]);

        const prepared = prepareWrites(writes);
        expect(prepared.map(({ treeKey, value }) => [String(treeKey), value])).to.deep.equal(
          expected,
        );
        for (const { treeKey, value, hashBytes, hashAt } of prepared) {
          const hash = hashBytes.subarray(hashAt, hashAt + 32);
          expect([...hash]).to.deep.equal([
            ...treeLeafHash(treeKey, valueHashOf(value ?? new Uint8Array())),
          ]);
        }
      }),
    );
  });
});
