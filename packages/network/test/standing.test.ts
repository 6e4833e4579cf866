/**
 * Bans: earned, timed, forgotten.
 */
import { expect } from 'chai';
import { BAN_MS, createStanding } from '../src/standing.ts';

describe('network: standing', () => {
  it('given two malformed messages within seconds, then the second bans, for a while', () => {
    const standing = createStanding();

    expect(standing.offend('p', 'malformed', 0)).to.equal(false);
    expect(standing.offend('p', 'malformed', 2000)).to.equal(true);

    expect(standing.isBanned('p', 2000 + BAN_MS - 1)).to.equal(true);
    expect(standing.isBanned('p', 2000 + BAN_MS)).to.equal(false);
    expect(standing.isBanned('q', 2000)).to.equal(false);
  });

  it('given the same offences far apart, then they are forgiven', () => {
    const standing = createStanding();

    for (let now = 0; now < 600_000; now += 15_000) {
      expect(standing.offend('p', 'malformed', now), String(now)).to.equal(false);
    }
  });

  it('given a flood (spec N-10), then it takes a hundred frames to ban', () => {
    const standing = createStanding();
    let count = 1;

    while (!standing.offend('p', 'flood', 0)) {
      count += 1;
    }

    expect(count).to.equal(100);
  });

  it('given more offences during a ban, then it is not counted twice', () => {
    const standing = createStanding();
    standing.offend('p', 'lie', 0);
    standing.offend('p', 'lie', 0);

    const again = Array.from({ length: 500 }, () => standing.offend('p', 'flood', 1));

    expect(again).to.not.include(true);
  });

  it('given a peer that left the table, then it is forgotten', () => {
    const standing = createStanding();
    standing.offend('p', 'lie', 0);
    standing.offend('p', 'lie', 0);

    standing.retain((peerId) => peerId !== 'p');

    expect(standing.isBanned('p', 1)).to.equal(false);
  });
});
