import { expect } from 'chai';
import { placeText, readPlace, stepOverBlock, stepOverEvent } from '../../src/feed/place.ts';

const cursor = (height: number, tx: number, index: number) => ({ height, tx, index });

describe('client: place in the feed', () => {
  it('given a cursor or a height, then it reads and shows as the same text', () => {
    for (const text of ['0', '17', '5.0.3']) {
      const place = readPlace(text);
      expect(place && placeText(place)).to.equal(text);
    }
    for (const text of ['', '-1', '1.2', '1.2.3.4', 'a', '1.x.2', '99999999999999999']) {
      expect(readPlace(text), text).to.equal(undefined);
    }
  });

  it('given the next block, one before and one too far, then take, drop and gap', () => {
    const place = { height: 4 };

    expect(stepOverBlock(place, 5).kind).to.equal('take');
    expect(stepOverBlock(place, 4).kind).to.equal('drop');
    expect(stepOverBlock(place, 6).kind).to.equal('gap');
  });

  it('given events in order, then each is taken once', () => {
    const within = cursor(5, 2, 1);
    const place = { height: 4, within };

    expect(stepOverEvent(place, cursor(5, 2, 2), true).kind).to.equal('take');
    expect(stepOverEvent(place, cursor(5, 3, 0), true).kind).to.equal('take');
    expect(stepOverEvent(place, cursor(5, 2, 1), true).kind).to.equal('drop');
    expect(stepOverEvent(place, cursor(5, 1, 9), true).kind).to.equal('drop');
    expect(stepOverEvent(place, cursor(4, 9, 9), true).kind).to.equal('drop');
    expect(stepOverEvent(place, cursor(6, 0, 0), true).kind).to.equal('gap');
  });

  it('given a hole within a transaction, then it is a gap, unless events are filtered', () => {
    const place = { height: 4, within: cursor(5, 2, 1) };

    expect(stepOverEvent(place, cursor(5, 2, 3), true).kind).to.equal('gap');
    expect(stepOverEvent(place, cursor(5, 3, 1), true).kind).to.equal('gap');
    expect(stepOverEvent(place, cursor(5, 2, 3), false).kind).to.equal('take');
  });
});
