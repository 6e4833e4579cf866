/**
 * The clocks of one machine: a monotonic one that may run fast or slow, and a wall clock that may be
 * wrong and may jump. They outlive the process; timers belong to a life.
 */
import type { Clock } from '@daybook/node';
import type { Life } from './life.ts';
import type { Timeline } from './timeline.ts';

export interface MachineClock {
  /** Wall clock minus true time, in ms; a change is a step of the clock. */
  offsetMs: number;
  /** The port for one life of the process. */
  portFor(life: Life): Clock;
  wall(): number;
}

export interface MachineClockOptions {
  readonly timeline: Timeline;
  /** True time at virtual time 0, in ms since 1970. */
  readonly startMs: number;
  /** How fast the monotonic clock runs, in parts per million beyond true time. */
  readonly driftPpm: number;
}

export function createMachineClock(options: MachineClockOptions): MachineClock {
  const { timeline, startMs, driftPpm } = options;
  const mono = (): number => {
    const now = timeline.now();
    return now + Math.floor((now * driftPpm) / 1_000_000);
  };
  const machine: MachineClock = {
    offsetMs: 0,
    wall: () => startMs + mono() + machine.offsetMs,
    portFor: (life) => ({
      now: mono,
      wall: () => machine.wall(),
      schedule: (delayMs, task) => {
        const trueMs = Math.ceil((Math.max(0, delayMs) * 1_000_000) / (1_000_000 + driftPpm));
        // The rounding of the drift may hide one ms: late is allowed, early is not.
        const dueMs = timeline.now() + trueMs + (driftPpm === 0 ? 0 : 1);
        return timeline.at(dueMs, () => life.enter(task));
      },
      soon: (task) => {
        timeline.at(timeline.now(), () => life.enter(task));
      },
    }),
  };
  return machine;
}
