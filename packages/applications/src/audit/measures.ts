/**
 * What a rule of continuous audit may be told in its text, such as `days=7;weekend=5,6`: numbers,
 * days on which nobody works, hours of work. It stands on the chain with the rule, so that every
 * run, on any machine and in any year, judges by the same calendar.
 */
import { isCivilDate } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';

/** One measure: what holds without it, and how it is written. */
export interface Measure<T> {
  readonly default: T;
  /** For people, as in `0..366`. */
  readonly expected: string;
  /** Undefined for a text that is none. */
  readonly read: (written: string) => T | undefined;
}

export type Measures = Readonly<Record<string, Measure<unknown>>>;

/** The values of measures by name. */
export type ValuesOf<M extends Measures> = {
  readonly [K in keyof M]: M[K] extends Measure<infer T> ? T : never;
};

/** First and last day, both included. */
export interface Days {
  readonly start: string;
  readonly end: string;
}

/** Times of day, `HH:MM`; work ends before `end`. */
export interface Hours {
  readonly start: string;
  readonly end: string;
}

export interface MeasureFault {
  readonly expected: string;
  readonly found: string;
}

const FOUND_SHOWN_MAX = 80;
const ZONE_HOURS_MAX = 14;

export function wholeNumber(usual: number, min: number, max: number): Measure<number> {
  return {
    default: usual,
    expected: `${min}..${max}`,
    read: (written) => {
      const value = /^[0-9]{1,16}$/.test(written) ? Number(written) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** One of some words, of which the first holds without it. */
export function choice<const T extends string>(usual: T, ...others: readonly T[]): Measure<T> {
  const words = [usual, ...others];
  return {
    default: usual,
    expected: words.join('|'),
    read: (written) => words.find((word) => word === written),
  };
}

/** Days of the week, ISO 8601: 1 is Monday. */
export function weekdays(usual: readonly number[]): Measure<readonly number[]> {
  return {
    default: usual,
    expected: 'none or some of 1..7, such as 6,7',
    read: (written) => {
      if (written === 'none') return [];
      const days = written.split(',');
      return days.every((day) => /^[1-7]$/.test(day)) ? days.map(Number) : undefined;
    },
  };
}

export const dayList: Measure<readonly Days[]> = {
  default: [],
  expected: 'days, such as 2026-12-25,2026-10-01..2026-10-07',
  read: (written) => {
    const all = written.split(',').map((part): Days => {
      const [start = '', end = start, ...more] = part.split('..');
      return { start, end: more.length === 0 ? end : '' };
    });
    const isGood = ({ start, end }: Days): boolean =>
      isCivilDate(start) && isCivilDate(end) && start <= end;
    return all.every(isGood) ? all : undefined;
  },
};

export const workingHours: Measure<Hours | undefined> = {
  default: undefined,
  expected: 'HH:MM-HH:MM, such as 08:00-18:00',
  read: (written) => {
    const [start = '', end = '', ...more] = written.split('-');
    const isTime = (text: string): boolean => /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/.test(text);
    return isTime(start) && isTime(end) && start < end && more.length === 0
      ? { start, end }
      : undefined;
  },
};

/** Minutes east of UTC. */
export const zoneMinutes: Measure<number> = {
  default: 0,
  expected: '+HH:MM or -HH:MM from UTC, such as +08:00',
  read: (written) => {
    const [, sign, hours, minutes] = /^([+-])([01][0-9]):([0-5][0-9])$/.exec(written) ?? [];
    if (sign === undefined || Number(hours) > ZONE_HOURS_MAX) return undefined;
    const size = Number(hours) * 60 + Number(minutes);
    return sign === '-' ? -size : size;
  },
};

/**
 * The values that a rule's text gives, defaults for the rest.
 * @param written  `days=7;floor=500000`, `-` or nothing for what holds without
 */
export function readMeasures<M extends Measures>(
  measures: M,
  written: string,
): Result<ValuesOf<M>, MeasureFault> {
  const values = new Map(Object.entries(measures).map(([name, one]) => [name, one.default]));
  const parts = written.split(/[;\s]+/).filter((part) => part !== '' && part !== '-');
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = part.slice(0, Math.max(at, 0));
    const measure = Object.hasOwn(measures, name) ? measures[name] : undefined;
    const value = measure?.read(part.slice(at + 1));
    if (value === undefined) {
      return fail({ expected: expectedOf(measures), found: part.slice(0, FOUND_SHOWN_MAX) });
    }
    values.set(name, value);
  }
  // Every measure of the table has its value, read by the measure itself.
  return ok(Object.fromEntries(values) as ValuesOf<M>);
}

function expectedOf(measures: Measures): string {
  const known = Object.entries(measures).map(([name, { expected }]) => `${name}=${expected}`);
  return known.length === 0 ? 'no measures' : `some of ${known.join('; ')}`;
}
