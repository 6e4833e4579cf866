import { addDays } from '@daybook/contracts';
import { expect } from 'chai';
import { periodsBetween } from '../../src/risk/tallies.ts';

describe('risk: periods of a window', () => {
  it('given one day, then that day; given a month, then the month', () => {
    expect(periodsBetween('2026-03-04', '2026-03-04')).to.deep.equal(['2026-03-04']);
    expect(periodsBetween('2028-02-01', '2028-02-29')).to.deep.equal(['2028-02']);
    expect(periodsBetween('2026-12-01', '2026-12-31')).to.deep.equal(['2026-12']);
  });

  it('given a window over months, then whole months stand between single days', () => {
    expect(periodsBetween('2026-01-30', '2026-04-02')).to.deep.equal([
      ...['2026-01-30', '2026-01-31', '2026-02', '2026-03', '2026-04-01', '2026-04-02'],
    ]);
  });

  it('given any window up to ten years, then each of its days is in one period', () => {
    for (const days of [1, 27, 28, 31, 59, 365, 366, 800]) {
      const to = '2026-11-23';
      const from = addDays(to, 1 - days);
      const periods = periodsBetween(from, to);
      for (let day = from; day <= to; day = addDays(day, 1)) {
        const holding = periods.filter((period) => day.startsWith(period));
        expect(holding, `${day} of ${days}`).to.have.length(1);
      }
      expect(periods.length, `${days}`).to.be.at.most(60 + days / 28);
    }
  });
});
