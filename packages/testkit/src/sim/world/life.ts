/**
 * One life of a simulated process, from its start to its crash. Whatever reaches it (timers,
 * messages, disk answers) goes through `enter`: nothing happens after death, and while the process
 * is paused (SIGSTOP) everything waits and then comes in its order.
 */
import type { Timeline } from './timeline.ts';

export interface Life {
  isAlive(): boolean;
  isPaused(): boolean;
  /** Lets a task happen to the process: now, after a pause, or never. */
  enter(task: () => void): void;
  pause(): void;
  resume(): void;
  end(): void;
}

export function createLife(timeline: Timeline): Life {
  let alive = true;
  let paused = false;
  let waiting: (() => void)[] = [];
  const enter = (task: () => void): void => {
    if (!alive) return;
    if (paused) waiting.push(task);
    else task();
  };
  return {
    isAlive: () => alive,
    isPaused: () => paused,
    enter,
    pause: () => {
      paused = true;
    },
    resume: () => {
      if (!paused) return;
      paused = false;
      const due = waiting;
      waiting = [];
      for (const task of due) timeline.at(timeline.now(), () => enter(task));
    },
    end: () => {
      alive = false;
      waiting = [];
    },
  };
}
