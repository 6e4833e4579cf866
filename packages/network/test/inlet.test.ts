/**
 * The receiving end (spec N-10): what is over the rate is dropped or waits, by the channel, and a
 * listener at work stops the reading.
 */
import { expect } from 'chai';
import type { Inlet } from '../src/inlet.ts';
import { createInlet } from '../src/inlet.ts';
import type { ChannelRow } from '../src/protocols.ts';
import { CHANNELS } from '../src/protocols.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { manualClock } from './support/manual-clock.ts';
import { gate, turn } from './support/wait.ts';

const row: ChannelRow = {
  ...CHANNELS.sync,
  frameBytesMax: 100,
  rate: 10,
  burst: 2,
  bytesRate: 1000,
  bytesBurst: 1000,
};

interface Bench {
  readonly inlet: Inlet;
  readonly clock: ManualClock;
  /** Delivered frames by their first byte, drops as `drop`, and `pause` and `resume`. */
  readonly log: (number | string)[];
}

function bench(overRate: 'drop' | 'wait', work?: () => Promise<void> | undefined): Bench {
  const clock = manualClock();
  const log: (number | string)[] = [];
  const inlet = createInlet(
    { ...row, overRate },
    {
      clock,
      deliver: (frame) => {
        log.push(frame[0] ?? -1);
        return work?.();
      },
      drop: () => log.push('drop'),
      pause: () => log.push('pause'),
      resume: () => log.push('resume'),
    },
  );
  return { inlet, clock, log };
}

const frames = (...values: readonly number[]): Uint8Array[] =>
  values.map((value) => Uint8Array.of(value));

describe('network: inlet', () => {
  it('given a dropping channel, then what is over the rate is dropped, the rest passes', () => {
    const { inlet, clock, log } = bench('drop');

    inlet.offer(frames(1, 2, 3, 4));
    clock.advance(100);
    inlet.offer(frames(5));

    expect(log).to.deep.equal([1, 2, 'drop', 'drop', 5]);
    expect(clock.pending).to.equal(0);
  });

  it('given a waiting channel, then reading stops and every frame passes at its rate', () => {
    const { inlet, clock, log } = bench('wait');

    inlet.offer(frames(1, 2, 3, 4));
    expect(log).to.deep.equal([1, 2, 'pause']);
    clock.advance(100);
    expect(log).to.deep.equal([1, 2, 'pause', 3]);
    clock.advance(100);

    expect(log).to.deep.equal([1, 2, 'pause', 3, 4, 'resume']);
    expect(clock.pending).to.equal(0);
  });

  it('given a listener at work, then one chunk may wait and then reading stops', async () => {
    const first = gate();
    let calls = 0;
    const { inlet, log } = bench('drop', () => {
      calls += 1;
      return calls === 1 ? first.opened : undefined;
    });

    inlet.offer(frames(1));
    expect(log).to.deep.equal([1]);
    inlet.offer(frames(2));
    expect(log).to.deep.equal([1, 'pause']);
    first.open();
    await turn();

    expect(log).to.deep.equal([1, 'pause', 2, 'resume']);
  });

  it('given it is closed, then nothing more is delivered and no timer is left', async () => {
    const work = gate();
    const { inlet, clock, log } = bench('wait', () => work.opened);
    inlet.offer(frames(1, 2));
    const waiting = bench('wait');
    waiting.inlet.offer(frames(1, 2, 3));
    expect(waiting.clock.pending).to.equal(1);

    inlet.close();
    waiting.inlet.close();
    work.open();
    await turn();
    inlet.offer(frames(3));

    expect(log).to.deep.equal([1, 'pause']);
    expect(clock.pending + waiting.clock.pending).to.equal(0);
  });
});
