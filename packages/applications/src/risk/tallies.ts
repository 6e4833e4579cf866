/**
 * Periods of running counts: a window of days is made of whole months and of the days before and
 * after them, so that a judgement reads few records however much was paid.
 */
import { addDays } from '@daybook/contracts';

const DAYS_OF_LONGEST_MONTH = 31;

/**
 * @param from  first day, `2026-01-31`
 * @param to    last day, not before the first
 * @returns     periods that together are the window, none twice: `2026-02` and `2026-01-31`, ascending
 */
export function periodsBetween(from: string, to: string): readonly string[] {
  const periods: string[] = [];
  for (let day = from; day <= to; ) {
    const end = endOfMonth(day);
    const isWhole = day.endsWith('-01') && end <= to;
    periods.push(isWhole ? day.slice(0, 7) : day);
    day = addDays(isWhole ? end : day, 1);
  }
  return periods;
}

function endOfMonth(day: string): string {
  const next = addDays(`${day.slice(0, 7)}-01`, DAYS_OF_LONGEST_MONTH);
  return addDays(`${next.slice(0, 7)}-01`, -1);
}
