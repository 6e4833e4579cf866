/** Time: what a fresh proposal may claim, whose clock is wrong, when a quarantine ends. */
import { DEFAULT_PARAMETERS } from '@daybook/core';
import { expect } from 'chai';
import { clockOffset } from '../src/clock.ts';
import { endsQuarantine, quarantineStartMs } from '../src/index.ts';
import { timeliness } from '../src/timeliness.ts';
import { startedMachine, statusOf, WALL_MS } from './harness/machine.ts';

const clocks = { receivedWallMs: 100_000, wallMs: 100_000, parentMs: 50_000 };
const judge = (timestampMs: number, round = 0, changed = {}): string => {
  return timeliness(timestampMs, round, { ...clocks, ...changed }, DEFAULT_PARAMETERS);
};

describe('consensus: timeliness', () => {
  it('spec C-28: given a time within PRECISION and MSG_DELAY, then it is timely', () => {
    expect(judge(101_000)).to.equal('timely');
    expect(judge(101_001)).to.equal('early');
    expect(judge(89_000)).to.equal('timely');
    expect(judge(88_999)).to.equal('late');
  });

  it('spec C-28 M-8: given a higher round, then older proposals are timely, up to 60', () => {
    expect(judge(84_000, 1)).to.equal('timely');
    expect(judge(83_999, 1)).to.equal('late');
    const late = { receivedWallMs: 1_000_000, wallMs: 1_000_000 };
    expect(judge(1_000_000 - 311_000, 60, late)).to.equal('timely');
    expect(judge(1_000_000 - 311_001, 61, late)).to.equal('late');
  });

  it('spec C-28: given clocks set back behind the parent, then one ms after it is timely', () => {
    expect(judge(200_001, 0, { parentMs: 200_000 })).to.equal('timely');
    expect(judge(200_002, 0, { parentMs: 200_000 })).to.equal('early');
  });

  it('spec R4: given an early proposal, when the clock moves on, then it becomes timely', () => {
    expect(judge(103_000, 0, { wallMs: 102_000 })).to.equal('timely');
  });
});

describe('consensus: clocks of others', () => {
  const now = { monoMs: 10_000, wallMs: WALL_MS };
  const withStatuses = (offsets: readonly number[], atMonoMs = 10_000) => {
    const { machine } = startedMachine();
    machine.monoMs = atMonoMs;
    for (const [place, offset] of offsets.entries()) {
      const validator = place < 2 ? place : place + 1;
      const status = statusOf({ wallMs: WALL_MS + offset });
      machine.feed({ type: 'status', peer: `p${validator}`, validator, status });
    }
    return machine.state;
  };

  it('spec C-31: given three peers, then one liar does not move the median', () => {
    expect(clockOffset(withStatuses([-10, 20, 900_000]), now, 2)).to.equal(-20);
    expect(clockOffset(withStatuses([-10, 20, -900_000]), now, 2)).to.equal(10);
  });

  it('spec C-31: given two peers of which one lies, then the nearer clock counts', () => {
    expect(clockOffset(withStatuses([30, 900_000]), now, 2)).to.equal(-30);
    expect(clockOffset(withStatuses([-900_000, -30]), now, 2)).to.equal(30);
  });

  it('given fewer peers than needed, or old news, then nothing is said', () => {
    expect(clockOffset(withStatuses([5]), now, 2)).to.equal(undefined);
    const later = { monoMs: 50_000, wallMs: WALL_MS };
    expect(clockOffset(withStatuses([5, 5, 5]), later, 2)).to.equal(undefined);
  });

  it('spec C-31: given an own clock that steps, then old STATUSes show it at once', () => {
    const stepped = { monoMs: 12_000, wallMs: WALL_MS + 2000 + 5000 };

    expect(clockOffset(withStatuses([0, 0, 0]), stepped, 2)).to.equal(5000);
  });

  it('spec §12: a quarantine starts at the latest of own clock, head, and median', () => {
    expect(quarantineStartMs(withStatuses([700, 700, 700]), now, 5)).to.equal(WALL_MS + 700);
    expect(quarantineStartMs(withStatuses([-700, -700, -700]), now, 5)).to.equal(WALL_MS);
    expect(quarantineStartMs(withStatuses([0, 0, 0]), now, WALL_MS + 9)).to.equal(WALL_MS + 9);
    expect(quarantineStartMs(withStatuses([0, 0]), now, 5), 'two of a quorum').to.equal(undefined);
  });

  it('spec §12: a quarantine ends with a block beyond PRECISION and MSG_DELAY(0)', () => {
    expect(endsQuarantine(1000, 12_000, DEFAULT_PARAMETERS)).to.equal(false);
    expect(endsQuarantine(1000, 12_001, DEFAULT_PARAMETERS)).to.equal(true);
  });
});
