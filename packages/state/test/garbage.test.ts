import { getHeapSpaceStatistics } from 'node:v8';
import { expect } from 'chai';
import { createYoungCollector } from '../src/index.ts';

/** Bytes of the young generation that are used, and its size. */
function young(): { readonly used: number; readonly size: number } {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (space === undefined) throw new Error('V8 has no new space');
  const { space_used_size: used, space_available_size: available } = space;
  return { used, size: used + available };
}

/** Makes garbage until this part of the young generation is used. */
function litter(part: number): void {
  for (let last: unknown; young().used < part * young().size; ) {
    for (let index = 0; index < 100; index++) last = { index, last: typeof last };
  }
}

describe('state: young garbage', () => {
  const collect = createYoungCollector();

  it('given much of it, when collected, then the young generation is nearly empty', () => {
    litter(0.6);
    const before = young();

    collect();

    expect(young().used).to.be.below(before.used / 2);
  });

  it('given little of it, when collected, then it is left for later', () => {
    litter(0.6);
    collect();
    const before = young();

    collect();

    expect(before.used).to.be.below(0.4 * before.size);
    expect(young().used).to.be.at.least(before.used);
  });
});
