/** Payments of one amount: which are kept, and which are near a day. */
import { expect } from 'chai';
import type { Alike } from '../../src/risk/alike.ts';
import { ALIKE_MAX, nearestTo, withoutPayment, withPayment } from '../../src/risk/alike.ts';

const paid = (day: string, payment = day): Alike => ({ fund: 'f', payment, day });
const kept = (...days: readonly string[]): readonly Alike[] =>
  days.reduce<readonly Alike[]>((all, day) => withPayment(all, paid(day)), []);
const days = (all: readonly Alike[]) => all.map(({ day }) => day);

describe('payments of one amount', () => {
  it('given payments in any order of days, then the latest are kept, ascending', () => {
    const all = Array.from({ length: ALIKE_MAX + 2 }, (_, at) => `2026-01-${10 + at}`);

    expect(days(kept('2026-01-02', '2026-01-01', '2026-01-03'))).to.deep.equal([
      ...['2026-01-01', '2026-01-02', '2026-01-03'],
    ]);
    expect(days(kept(...all))).to.deep.equal(all.slice(2));
    expect(days(kept(...all.toReversed()))).to.deep.equal(all.slice(2));
  });

  it('given one of an amount that came back, then it alone is gone, whatever its day', () => {
    const two = withPayment(kept('2026-01-01'), paid('2026-01-01', 'other'));

    expect(withoutPayment(two, paid('2026-01-01', 'other'))).to.deep.equal(kept('2026-01-01'));
    expect(withoutPayment(two, { fund: 'g', payment: 'other' })).to.deep.equal(two);
  });

  it('given a day, then those fewer days before or after are near, the nearest first', () => {
    const all = kept('2026-01-01', '2026-01-08', '2026-01-10', '2026-01-12');

    expect(days(nearestTo(all, '2026-01-11', 4))).to.deep.equal([
      ...['2026-01-12', '2026-01-10', '2026-01-08'],
    ]);
    expect(nearestTo(all, '2026-01-11', 1)).to.deep.equal([]);
    expect(days(nearestTo(all, '2026-01-10', 1))).to.deep.equal(['2026-01-10']);
    const same = withPayment(all, paid('2026-01-12', 'later'));
    expect(nearestTo(same, '2026-01-12', 1).map(({ payment }) => payment)).to.deep.equal([
      'later',
      '2026-01-12',
    ]);
  });
});
