/**
 * Civil dates and instants by integer arithmetic, because contract code must not depend on a
 * platform's clock or zones. Proleptic Gregorian calendar, years 0001 to 9999, UTC.
 */

import { assert } from '@daybook/core';

const DAY_MS = 86_400_000;
const DAYS_TO_EPOCH = 719_468;
const DAYS_PER_ERA = 146_097;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Milliseconds per unit of a fraction of one, two and three digits. */
const FRACTION_SCALES = [100, 10, 1] as const;
/** Last instant of the year 9999. */
export const INSTANT_MAX_MS = 253_402_300_799_999;

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Whether the text is a date of the calendar, `YYYY-MM-DD`. */
export function isCivilDate(text: string): boolean {
  return parseCivilDate(text) !== undefined;
}

/** Civil date in UTC of an instant from 1970 on. */
export function civilDateOf(timestampMs: number): string {
  return formatDate(civilFromDays(Math.floor(timestampMs / DAY_MS)));
}

/** Days from 1970-01-01 to a civil date; undefined for a text that is none. */
export function daysOf(text: string): number | undefined {
  const date = parseCivilDate(text);
  return date === undefined ? undefined : daysFromCivil(date);
}

/** Days from one civil date to another; negative if the other is earlier. */
export function daysBetween(from: string, to: string): number {
  const [start, end] = [daysOf(from), daysOf(to)];
  assert(start !== undefined && end !== undefined, 'days are counted between civil dates');
  return end - start;
}

/** The civil date so many days after another. */
export function addDays(date: string, count: number): string {
  const days = daysOf(date);
  assert(days !== undefined, 'days are added to a civil date');
  return formatDate(civilFromDays(days + count));
}

/** RFC 3339 text in UTC with milliseconds, for instants from 1970 to 9999. */
export function instantText(timestampMs: number): string {
  const time = timestampMs % DAY_MS;
  const hours = pad(Math.floor(time / 3_600_000), 2);
  const minutes = pad(Math.floor(time / 60_000) % 60, 2);
  const seconds = pad(Math.floor(time / 1000) % 60, 2);
  return `${civilDateOf(timestampMs)}T${hours}:${minutes}:${seconds}.${pad(time % 1000, 3)}Z`;
}

/** Milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss[.f{1,3}]Z`; undefined for any other text. */
export function parseInstant(text: string): number | undefined {
  if (text.length < 20 || text.length > 24 || text[10] !== 'T' || !text.endsWith('Z')) {
    return undefined;
  }
  const days = daysOf(text.slice(0, 10));
  const time = parseTime(text.slice(11, 19));
  const fraction = parseFraction(text.slice(19, -1));
  if (days === undefined || time === undefined || fraction === undefined || days < 0) {
    return undefined;
  }
  return days * DAY_MS + time + fraction;
}

function parseTime(text: string): number | undefined {
  if (text[2] !== ':' || text[5] !== ':') return undefined;
  const hours = digits(text, 0, 2);
  const minutes = digits(text, 3, 5);
  const seconds = digits(text, 6, 8);
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return (hours * 3600 + minutes * 60 + seconds) * 1000;
}

function parseFraction(text: string): number | undefined {
  if (text === '') return 0;
  if (text[0] !== '.' || text.length < 2) return undefined;
  const value = digits(text, 1, text.length);
  const scale = FRACTION_SCALES[text.length - 2] ?? 0;
  return value === undefined ? undefined : value * scale;
}

function parseCivilDate(text: string): CivilDate | undefined {
  if (text.length !== 10 || text[4] !== '-' || text[7] !== '-') return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (year < 1 || month < 1 || month > 12 || day < 1) return undefined;
  return day <= daysInMonth(year, month) ? { year, month, day } : undefined;
}

function digits(text: string, start: number, end: number): number | undefined {
  let value = 0;
  for (let index = start; index < end; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

// Both conversions: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"; a year begins
// in March there, so that the leap day is its last.
function daysFromCivil({ year, month, day }: CivilDate): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * DAYS_PER_ERA + yearOfEra * 365 + leaps + dayOfYear - DAYS_TO_EPOCH;
}

function civilFromDays(days: number): CivilDate {
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const leaps =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day };
}

function formatDate({ year, month, day }: CivilDate): string {
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
