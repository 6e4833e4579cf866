/**
 * Payments of one amount to one payee: the latest of them by their days, few enough to be read and
 * written with every payment. A payment of today is compared with those that can be nearest; of
 * imported lines, which come in any order of days, only one behind so many later ones escapes.
 */
import { daysBetween } from '@daybook/contracts';

/** What is kept of an amount and payee. */
export const ALIKE_MAX = 8;

export interface Alike {
  readonly fund: string;
  readonly payment: string;
  /** `2026-01-31` */
  readonly day: string;
}

/** @param kept  ascending by day; of one day the one booked later comes later */
export function withPayment(kept: readonly Alike[], one: Alike): readonly Alike[] {
  const at = kept.findLastIndex(({ day }) => day <= one.day) + 1;
  return kept.toSpliced(at, 0, one).slice(-ALIKE_MAX);
}

export function withoutPayment(
  kept: readonly Alike[],
  { fund, payment }: Pick<Alike, 'fund' | 'payment'>,
): readonly Alike[] {
  return kept.filter((other) => other.fund !== fund || other.payment !== payment);
}

/** Those fewer than so many days before or after a day, the nearest first; of equals the latest. */
export function nearestTo(kept: readonly Alike[], day: string, days: number): readonly Alike[] {
  const apart = (other: Alike): number => Math.abs(daysBetween(other.day, day));
  return kept
    .toReversed()
    .filter((other) => apart(other) < days)
    .sort((a, b) => apart(a) - apart(b));
}
