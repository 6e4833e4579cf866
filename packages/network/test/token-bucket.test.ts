/**
 * The rate of a peer: bursts pass, the mean does not exceed the rate.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { createTokenBucket } from '../src/token-bucket.ts';

const rate = { rate: 10, burst: 20, bytesRate: 1000, bytesBurst: 2000 };

describe('network: token bucket', () => {
  it('given a burst at once, then exactly that many frames pass', () => {
    const bucket = createTokenBucket(rate, 0);

    const passed = Array.from({ length: 30 }, () => bucket.take(1, 0)).filter(Boolean);

    expect(passed).to.have.length(20);
  });

  it('given large frames, then bytes are the limit', () => {
    const bucket = createTokenBucket(rate, 0);

    expect(bucket.take(1500, 0)).to.equal(true);
    expect(bucket.take(501, 0)).to.equal(false);
    expect(bucket.take(500, 0)).to.equal(true);
    expect(bucket.take(500, 499)).to.equal(false);
    expect(bucket.take(499, 499)).to.equal(true);
  });

  it('given any arrivals, then never more than burst plus rate times time pass', () => {
    const arrivals = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 400 })));
    fc.assert(
      fc.property(arrivals, (steps) => {
        const bucket = createTokenBucket(rate, 0);
        let now = 0;
        let frames = 0;
        let bytes = 0;
        for (const [pause, size] of steps) {
          now += pause;
          const waitMs = bucket.waitMs(size, now);
          const passed = bucket.take(size, now);
          frames += passed ? 1 : 0;
          bytes += passed ? size : 0;
          expect(passed).to.equal(waitMs === 0);
        }
        expect(frames).to.be.at.most(20 + (now / 1000) * 10 + 1e-6);
        expect(bytes).to.be.at.most(2000 + now + 1e-6);
      }),
    );
  });

  it('given a wait, when it is over, then the frame passes', () => {
    const bucket = createTokenBucket(rate, 0);
    while (bucket.take(90, 0)) {
      // Empty it.
    }

    const waitMs = bucket.waitMs(400, 0);

    expect(bucket.take(400, waitMs)).to.equal(true);
  });

  it('given a clock that steps back, then nothing is gained', () => {
    const bucket = createTokenBucket(rate, 1000);
    for (let count = 0; count < 20; count += 1) {
      bucket.take(0, 1000);
    }

    expect(bucket.take(0, 0)).to.equal(false);
  });
});
