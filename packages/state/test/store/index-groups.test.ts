import { compareBytes, crc32c } from '@daybook/core';
import { expect } from 'chai';
import { IndexGroups, isWhole } from '../../src/store/index-groups.ts';
import { recordIndexKey, recordRange } from '../../src/store/key-space.ts';
import { writeU32 } from '../../src/tree/numbers.ts';

const SET = 0x0002_0001;

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(8);
  writeU32(key, 0, number);
  return recordIndexKey({ set: SET, key });
}

/** Adds keys one by one, and looks each third up so that groups are numbered between. */
function grown(keys: readonly Uint8Array[]): IndexGroups {
  const groups = new IndexGroups(recordRange({ set: SET }));
  for (const [index, key] of keys.entries()) {
    groups.add(key, crc32c(key));
    if (index % 3 === 0) groups.at(key);
  }
  return groups;
}

describe('state: groups of the index', () => {
  const orders: Readonly<Record<string, readonly number[]>> = {
    'behind each other': Array.from({ length: 3000 }, (_, index) => index),
    'with ever other beginnings': Array.from({ length: 3000 }, (_, index) => index * 999_983),
    'half of them before others': Array.from({ length: 3000 }, (_, index) =>
      index % 2 === 0 ? 2_000_000 + index : (index * 7919) % 1_999_993,
    ),
  };
  for (const [order, numbers] of Object.entries(orders)) {
    it(`given keys ${order}, each group holds those of its range`, () => {
      const keys = numbers.map(keyOf);
      const groups = grown(keys);
      const sorted = keys.toSorted(compareBytes);

      const { to: end } = recordRange({ set: SET });
      let seen = 0;
      for (let next = recordRange({ set: SET }).from; compareBytes(next, end) < 0; ) {
        const group = groups.at(next);
        const held = sorted.filter(
          (key) => compareBytes(key, group.from) >= 0 && compareBytes(key, group.to) < 0,
        );
        expect(
          isWhole(group, held),
          `group from ${Buffer.from(group.from).toString('hex')}`,
        ).to.equal(true);
        seen += held.length;
        next = group.to;
      }
      expect(seen).to.equal(keys.length);
    });
  }

  it('given a key that goes, its group is whole without it and not with it', () => {
    const keys = Array.from({ length: 600 }, (_, index) => keyOf(index));
    const groups = grown(keys);
    const gone = keyOf(300);

    groups.delete(gone);

    const group = groups.at(gone);
    const held = keys.filter(
      (key) => compareBytes(key, group.from) >= 0 && compareBytes(key, group.to) < 0,
    );
    expect(isWhole(group, held)).to.equal(false);
    expect(
      isWhole(
        group,
        held.filter((key) => compareBytes(key, gone) !== 0),
      ),
    ).to.equal(true);
  });
});
