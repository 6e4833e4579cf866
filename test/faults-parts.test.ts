/** Parts of a fault: together they play every place, and each place is the same in every part. */
import { expect } from 'chai';
import type { Part } from './faults/fault.ts';
import { placesOf } from './faults/fault.ts';
import { createRandom } from './faults/random.ts';

const tell = (): void => undefined;
const PLACES = { short: 4, long: 9 } as const;

const places = (part?: Part, short = false): readonly number[] =>
  placesOf({ places: PLACES }, { short, random: createRandom(1), tell, ...(part && { part }) });

describe('parts of a fault', () => {
  it('given no part, then all places of the form are played, and none where a fault has none', () => {
    expect(places()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(places(undefined, true)).to.deep.equal([1, 2, 3, 4]);
    expect(placesOf({}, { short: true, random: createRandom(1), tell })).to.deep.equal([]);
  });

  it('given parts one after the other, then they are the whole, and end where it ends', () => {
    const parts = [places({ from: 1, to: 4 }), places({ from: 5, to: 12 })];

    expect(parts.flat()).to.deep.equal(places());
  });

  it('given a place, then what is chosen there does not depend on what was chosen before', () => {
    const [whole, part] = [createRandom(7), createRandom(7)];
    for (let chosen = 0; chosen < 5; chosen += 1) whole.fraction();

    expect(whole.fork('kill 6').fraction()).to.equal(part.fork('kill 6').fraction());
    expect(part.fork('kill 6').fraction()).to.not.equal(part.fork('kill 7').fraction());
    expect(part.fork('kill 6').fraction()).to.not.equal(createRandom(8).fork('kill 6').fraction());
  });
});
