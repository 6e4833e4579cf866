/**
 * A clock that stands still until it is told to go on.
 */
import type { Clock } from '../../src/network.ts';

export interface ManualClock extends Clock {
  /** Goes on, running what becomes due in order of time. */
  advance(ms: number): void;
  /** Timers that wait. */
  readonly pending: number;
}

export function manualClock(): ManualClock {
  let now = 0;
  let order = 0;
  const timers = new Map<number, { at: number; task: () => void }>();

  function next(until: number): [number, { at: number; task: () => void }] | undefined {
    return [...timers]
      .filter(([, { at }]) => at <= until)
      .sort(([a, { at: x }], [b, { at: y }]) => x - y || a - b)[0];
  }

  return {
    now: () => now,
    schedule(delayMs, task) {
      order += 1;
      const id = order;
      timers.set(id, { at: now + delayMs, task });
      return () => {
        timers.delete(id);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (let due = next(end); due !== undefined; due = next(end)) {
        timers.delete(due[0]);
        now = due[1].at;
        due[1].task();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}
