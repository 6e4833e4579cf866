/**
 * Civil dates as publishers write them: a date has no time and no zone. Patterns are data of a
 * mapping, in the letters of Unicode TR35 (`dd/MM/yyyy`, `EEEE, MMMM d, yyyy`).
 */

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const CENTURY = 2000;

/** What each token of a pattern matches but months in words, and which part of the date it is. */
const TOKENS: Readonly<Record<string, readonly [part: string, match: string]>> = {
  yyyy: ['year', '[0-9]{4}'],
  yy: ['year', '[0-9]{2}'],
  MM: ['month', '[0-9]{2}'],
  M: ['month', '[0-9]{1,2}'],
  dd: ['day', '[0-9]{2}'],
  d: ['day', '[0-9]{1,2}'],
  EEEE: ['weekday', WEEKDAYS.join('|')],
  EEE: ['weekday', WEEKDAYS.map((name) => name.slice(0, 3)).join('|')],
};
/** A day or month that need not be padded. */
const SINGLE = /(?<![dM])([dM])(?![dM])/g;
const TOKEN = /yyyy|yy|MMMM|MMM|MM|M|dd|d|EEEE|EEE/g;

/** A pattern made ready for many dates. */
export interface DatePattern {
  readonly form: RegExp;
  /** Months in words that the pattern knows, in lower case. */
  readonly months: ReadonlyMap<string, number>;
}

/** What dates of a publisher may be besides full English ones. */
export interface DateStyle {
  /** Short names of the twelve months in another language, tried besides the English ones. */
  readonly monthNames?: readonly string[] | undefined;
  /** Whether a pattern may leave out the day, or day and month. */
  readonly reduced?: boolean;
}

/**
 * @returns undefined if the pattern does not name year, month and day once each
 */
export function compileDatePattern(
  pattern: string,
  { monthNames = [], reduced = false }: DateStyle = {},
): DatePattern | undefined {
  const months = monthsOf(pattern, monthNames);
  const parts: string[] = [];
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(TOKEN, (token) => {
    const inWords: readonly [string, string] = ['month', [...months.keys()].join('|')];
    const [part, match] = TOKENS[token] ?? inWords;
    parts.push(part);
    return `(?<${part}>${match})`;
  });
  const needed = reduced ? NEEDED_REDUCED.get(parts.includes('day')) : NEEDED;
  const once = needed?.every((part) => parts.includes(part)) === true;
  return once && new Set(parts).size === parts.length
    ? { form: new RegExp(`^${source}$`, 'i'), months }
    : undefined;
}

const NEEDED = ['year', 'month', 'day'];
/** A day is a day of a month; without one, a year is enough. */
const NEEDED_REDUCED = new Map([
  [true, NEEDED],
  [false, ['year']],
]);

function monthsOf(pattern: string, names: readonly string[]): ReadonlyMap<string, number> {
  const english = pattern.includes('MMMM') ? MONTHS : MONTHS.map((name) => name.slice(0, 3));
  const all = [english, names.map((name) => name.toLowerCase())];
  return new Map(all.flatMap((list) => list.map((name, index) => [name, index + 1] as const)));
}

/**
 * The date as `YYYY-MM-DD`, by the first pattern that fits and gives a day that exists; a weekday
 * that is written must be the right one. A reduced pattern gives `YYYY-MM` or `YYYY`.
 */
export function parseDate(text: string, patterns: readonly DatePattern[]): string | undefined {
  for (const { form, months } of patterns) {
    const groups = form.exec(text)?.groups;
    const date = groups === undefined ? undefined : dateOf(groups, months);
    if (date !== undefined) {
      return date;
    }
  }
  return undefined;
}

/**
 * The date as the patterns write it: only texts that read back as it is, in the order of the
 * patterns. A pattern that takes a day or a month of one digit or two gives both.
 * @param date  `YYYY-MM-DD`, `YYYY-MM` or `YYYY`
 */
export function writeDates(
  date: string,
  patterns: readonly string[],
  style: DateStyle = {},
): readonly string[] {
  const compiled = patterns.flatMap((pattern) => compileDatePattern(pattern, style) ?? []);
  return patterns
    .flatMap((pattern) => [pattern, pattern.replace(SINGLE, '$1$1')])
    .map((pattern) => textOf(date, pattern, style))
    .filter((text) => parseDate(text, compiled) === date);
}

function textOf(date: string, pattern: string, { monthNames = [] }: DateStyle): string {
  const [year = '', month = '01', day = '01'] = date.split('-');
  const [at, weekday] = [Number(month) - 1, weekdayOf(Number(year), Number(month), Number(day))];
  const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
  const [monthName = '', dayName = ''] = [MONTHS[at], WEEKDAYS[weekday]].map((word = '') =>
    capital(word),
  );
  const texts: Readonly<Record<string, string>> = {
    yyyy: year,
    yy: year.slice(2),
    MMMM: monthName,
    MMM: monthNames[at] ?? monthName.slice(0, 3),
    MM: month,
    M: String(Number(month)),
    dd: day,
    d: String(Number(day)),
    EEEE: dayName,
    EEE: dayName.slice(0, 3),
  };
  return pattern.replace(TOKEN, (token) => texts[token] ?? token);
}

function dateOf(
  { year = '', month, day, weekday }: Readonly<Record<string, string | undefined>>,
  months: ReadonlyMap<string, number>,
): string | undefined {
  const yearNumber = year.length === 2 ? CENTURY + Number(year) : Number(year);
  const monthNumber = month === undefined ? 1 : numberOfMonth(month, months);
  const dayNumber = Number(day ?? 1);
  if (dayNumber < 1 || dayNumber > daysInMonth(yearNumber, monthNumber)) {
    return undefined;
  }
  if (weekday !== undefined) {
    const name = WEEKDAYS[weekdayOf(yearNumber, monthNumber, dayNumber)];
    if (!name?.startsWith(weekday.toLowerCase())) {
      return undefined;
    }
  }
  const full = isoDate(yearNumber, monthNumber, dayNumber);
  return day === undefined ? full.slice(0, month === undefined ? 4 : 7) : full;
}

function numberOfMonth(text: string, months: ReadonlyMap<string, number>): number {
  return /^[0-9]/.test(text) ? Number(text) : (months.get(text.toLowerCase()) ?? 0);
}

/** 0 for a month that does not exist. */
function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}

/** 0 is Sunday (Sakamoto's method for the Gregorian calendar). */
function weekdayOf(year: number, month: number, day: number): number {
  const shift = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4][month - 1] ?? 0;
  const y = month < 3 ? year - 1 : year;
  return (y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + shift + day) % 7;
}

function isoDate(year: number, month: number, day: number): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** First and last day of a fiscal year, both included. */
export interface FiscalYear {
  /** `2019` for a year that is a calendar year, else `2019-20`. */
  readonly name: string;
  readonly start: string;
  readonly end: string;
}

/**
 * The fiscal year of a date.
 * @param date  `YYYY-MM-DD`
 * @param start first day of every fiscal year as `MM-DD`, not after the 28th
 */
export function fiscalYearOf(date: string, start: string): FiscalYear {
  const [month = 1, day = 1] = start.split('-').map(Number);
  const year = Number(date.slice(0, 4)) - (date.slice(5) < start ? 1 : 0);
  const lastMonth = day > 1 ? month : ((month + 10) % 12) + 1;
  const endYear = start === '01-01' ? year : year + 1;
  const lastDay = day > 1 ? day - 1 : daysInMonth(endYear, lastMonth);
  return {
    name: endYear === year ? `${year}` : `${year}-${String(endYear % 100).padStart(2, '0')}`,
    start: isoDate(year, month, day),
    end: isoDate(endYear, lastMonth, lastDay),
  };
}
