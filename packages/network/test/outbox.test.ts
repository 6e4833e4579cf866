/**
 * The queue to one peer (spec N-11): bounded in frames and bytes, oldest first out and first lost.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { createOutbox } from '../src/outbox.ts';

const limits = { queueFramesMax: 5, queueBytesMax: 100 };

describe('network: outbox', () => {
  it('given any pushes and shifts, then it behaves as a bounded list (spec N-11)', () => {
    const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(undefined)), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const budget = { usedBytes: 0, bytesMax: 1000 };
        const outbox = createOutbox(limits, budget);
        const model: Uint8Array[] = [];
        for (const frame of list) {
          if (frame === undefined) {
            expect(outbox.shift()).to.equal(model.shift());
            continue;
          }
          const before = model.length;
          model.push(frame);
          const bytes = (): number => model.reduce((sum, one) => sum + one.length, 0);
          while (model.length > 5 || bytes() > 100) {
            model.shift();
          }
          expect(outbox.push(frame)).to.equal(before + 1 - model.length);
          expect([outbox.count, outbox.size]).to.deep.equal([model.length, bytes()]);
          expect(budget.usedBytes).to.equal(bytes());
        }
        expect(outbox.clear()).to.equal(model.length);
        expect(budget.usedBytes).to.equal(0);
      }),
    );
  });

  it('given a spent budget of the node, then new frames are refused and old ones stay', () => {
    const budget = { usedBytes: 0, bytesMax: 50 };
    const first = createOutbox(limits, budget);
    const second = createOutbox(limits, budget);

    expect(first.push(new Uint8Array(40))).to.equal(0);
    expect(second.push(new Uint8Array(11))).to.equal(undefined);
    expect(second.push(new Uint8Array(10))).to.equal(0);
    first.shift();

    expect(second.push(new Uint8Array(40))).to.equal(0);
  });

  it('given a long queue, then it is emptied in order', () => {
    const outbox = createOutbox(
      { queueFramesMax: 1000, queueBytesMax: 10_000 },
      { usedBytes: 0, bytesMax: 10_000 },
    );
    for (let index = 0; index < 1000; index += 1) {
      outbox.push(Uint8Array.of(index % 256));
    }

    for (let index = 0; index < 1000; index += 1) {
      expect(outbox.shift()?.[0], `frame ${index}`).to.equal(index % 256);
    }
    expect(outbox.shift()).to.equal(undefined);
  });

  it('given a frame larger than the whole queue, then it is our own bug', () => {
    const outbox = createOutbox(limits, { usedBytes: 0, bytesMax: 1000 });

    expect(() => outbox.push(new Uint8Array(101))).to.throw('fits');
  });
});
