/** When nobody works, in SQL: the calendar of a rule of audit. */
import type { Days, Hours } from './measures.ts';

interface Calendar {
  readonly weekend: readonly number[];
  readonly holidays: readonly Days[];
  /** On which people work although the week says otherwise. */
  readonly workdays: readonly Days[];
}

/** Whether nobody works on a day. */
export function isOff(day: string, { weekend, holidays, workdays }: Calendar): string {
  const within = (spans: readonly Days[]): readonly string[] =>
    spans.map(({ start, end }) => `${day} BETWEEN DATE '${start}' AND DATE '${end}'`);
  const ofWeek = weekend.map((number) => `EXTRACT(ISODOW FROM ${day}) = ${number}`);
  return `(${anyOf([...ofWeek, ...within(holidays)])} AND NOT ${anyOf(within(workdays))})`;
}

/** Whether a time of day is none of work. */
export function isOutside(time: string, hours: Hours | undefined): string {
  if (hours === undefined) return 'FALSE';
  return `(${time} < TIME '${hours.start}:00' OR ${time} >= TIME '${hours.end}:00')`;
}

const anyOf = (conditions: readonly string[]): string =>
  `(${['FALSE', ...conditions].join(' OR ')})`;
