/**
 * When pending calls expire: a book of days, so that the chain itself notes each evening what may no
 * longer take effect, without looking for it among all calls. Nothing depends on it: whoever
 * approves or releases a call is told by its own time.
 */
import { addDays, civilDateOf } from '../fields/calendar.ts';
import { field } from '../fields/field.ts';

const DAY_MS = 86_400_000;
/** Calls and days that one block looks at; the rest waits for the next block. */
const PASSED_MAX = 50;

const day = field.date({ en: 'Day', zh: '日期' });
const position = field.integer({ en: 'Position', zh: '位置' });

export const expiryRecords = {
  due: {
    number: 5,
    title: { en: 'Call that expires on a day', zh: '某日期满的调用' },
    key: { day, position },
    fields: { call: field.hash({ en: 'Pending call', zh: '待审批调用' }) },
  },
  clock: {
    number: 6,
    title: { en: 'Day looked at', zh: '已核日期' },
    key: {},
    fields: { day, position },
  },
} as const;

export const expirySums = {
  dueOn: {
    number: 101,
    title: { en: 'Calls that expire by day', zh: '每日期满调用数' },
    record: 'due',
    by: ['day'],
  },
} as const;

type Place = { readonly day: string; readonly position: number };

/** The books as the ledger's own code and the engine both see them. */
export interface ExpiryBooks {
  readonly timestampMs: number;
  readonly records: {
    readonly due: {
      get(key: Place): object | undefined;
      insert(row: Place & { readonly call: Uint8Array }): void;
    };
    readonly clock: { has(key: object): boolean; put(row: Place): void };
  };
  readonly sums: { readonly dueOn: { get(key: { day: string }): { readonly count: number } } };
}

/** When a call that may wait so many days expires. */
export function expiryAfter(timestampMs: number, days: number): number {
  return timestampMs + days * DAY_MS;
}

/** Puts a call into the book of the day on which it expires; with the first one the clock starts. */
export function awaitExpiry(
  { timestampMs, records, sums }: ExpiryBooks,
  call: Uint8Array,
  days: number,
): void {
  const due = civilDateOf(expiryAfter(timestampMs, days));
  records.due.insert({ day: due, position: sums.dueOn.get({ day: due }).count, call });
  if (!records.clock.has({})) records.clock.put({ day: civilDateOf(timestampMs), position: 0 });
}

/**
 * Goes through the calls of the days that are over, as far as one block may.
 * @param from  where the block before stopped
 * @param end   told of each call, in order
 * @returns     where this block stopped
 */
export function passDays(
  { timestampMs, records }: Pick<ExpiryBooks, 'timestampMs' | 'records'>,
  from: Place,
  end: (call: Uint8Array) => void,
): Place {
  const today = civilDateOf(timestampMs);
  let reached: Place = { day: from.day, position: from.position };
  for (let left = PASSED_MAX; left > 0 && reached.day < today; left -= 1) {
    const row = records.due.get(reached);
    if (row !== undefined && 'call' in row && row.call instanceof Uint8Array) {
      end(row.call);
      reached = { ...reached, position: reached.position + 1 };
    } else {
      reached = { day: addDays(reached.day, 1), position: 0 };
    }
  }
  return reached;
}
