/**
 * Time as the node's parts need it, in one port, so that the simulator can bring its own. Rounds,
 * pacing and timeouts use the monotonic clock; only proposals and their timeliness use the wall.
 */
import { performance } from 'node:perf_hooks';
import type { TimestampMs } from '@daybook/core';

export interface Clock {
  /** Milliseconds since some fixed moment, may be fractional; never goes back. */
  now(): number;
  /** Milliseconds since 1970; may jump. */
  wall(): TimestampMs;
  /** Runs `task` once after `delayMs`; the result cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
  /** Runs `task` when messages, timers and requests that are ready now have had their turn. */
  soon(task: () => void): void;
}

export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    schedule: (delayMs, task) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    soon: (task) => {
      setImmediate(task);
    },
  };
}
