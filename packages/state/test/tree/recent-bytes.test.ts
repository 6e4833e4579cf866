import { expect } from 'chai';
import { RecentBytes } from '../../src/tree/recent-bytes.ts';

/** Ten entries of this size and their own weight fill one generation. */
const BYTES_MAX = 20 * (300 + 200);

function filled(count: number): RecentBytes<number> {
  const recent = new RecentBytes<number>(BYTES_MAX);
  for (let key = 0; key < count; key++) recent.put(key, new Uint8Array(300).fill(key));
  return recent;
}

describe('state: bytes used lately', () => {
  it('given bytes that were put, when asked for, then they are there until removed or cleared', () => {
    const recent = filled(3);

    expect(recent.get(1)?.[0]).to.equal(1);
    expect(recent.delete(1)).to.equal(true);
    expect(recent.delete(1)).to.equal(false);
    expect(recent.get(1)).to.equal(undefined);
    recent.clear();
    expect(recent.isEmpty()).to.equal(true);
  });

  it('given more than the bound, when put, then the oldest are forgotten and the newest stay', () => {
    const recent = filled(35);

    const held = Array.from({ length: 35 }, (_, key) => key).filter((key) => recent.get(key));

    expect(held.length).to.be.at.most(20);
    expect(held.at(-1)).to.equal(34);
    expect(held).not.to.include(0);
  });

  it('given an entry that is used all the time, when others come and go, then it stays', () => {
    const recent = filled(1);

    for (let key = 1; key < 200; key++) {
      recent.put(key, new Uint8Array(300));
      expect(recent.get(0), `after ${key}`).not.to.equal(undefined);
    }
  });
});
