/** A clock that stands still until it is told to go on. */
import type { Clock } from '../../src/clock.ts';

export interface ManualClock extends Clock {
  /** Goes on, running what becomes due in order of time. */
  advance(ms: number): void;
}

export function createManualClock(wallMs = 1_750_000_000_000): ManualClock {
  let now = 0;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  return {
    now: () => now,
    wall: () => wallMs + now,
    schedule: (delayMs, task) => {
      const timer = { at: now + delayMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    soon: (task) => {
      timers.push({ at: now, task });
    },
    advance: (ms) => {
      const end = now + ms;
      const due = () => timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      for (let next = due(); next !== undefined; next = due()) {
        const timer = next;
        timers = timers.filter((other) => other !== timer);
        now = timer.at;
        timer.task();
      }
      now = end;
    },
  };
}
