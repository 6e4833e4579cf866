/**
 * Virtual time: a queue of tasks by due time, equal times in the order they were scheduled. Between
 * two tasks every promise that can go on goes on, so that the order of everything in the process
 * follows from the order of the tasks.
 *
 * DEV DOCS: Node drains all microtasks between two ticks of `process.nextTick`. A tick queued by a
 * microtask therefore runs when nothing is left to do, without a turn of the event loop, which
 * would cost ten times as much. Nothing in the simulated path uses ticks or the event loop itself.
 */
import { assert } from '@daybook/core';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  task: (() => void) | undefined;
}

export interface Timeline {
  /** Virtual milliseconds since the start of the run. */
  now(): number;
  /** Runs `task` once at this time or now, whichever is later; the result cancels it. */
  at(atMs: number, task: () => void): () => void;
  /**
   * Runs what is due until a time, or until `stop` says so.
   * @throws what a task throws
   */
  run(untilMs: number, stop?: () => boolean): Promise<void>;
  /** Tasks run since the start. */
  tasks(): number;
}

class HeapTimeline implements Timeline {
  #nowMs = 0;
  #order = 0;
  #tasks = 0;
  readonly #heap: Entry[] = [];

  now(): number {
    return this.#nowMs;
  }

  tasks(): number {
    return this.#tasks;
  }

  at(atMs: number, task: () => void): () => void {
    assert(Number.isFinite(atMs), 'a time is a number');
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, task };
    this.#push(entry);
    return () => {
      entry.task = undefined;
    };
  }

  run(untilMs: number, stop: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const tick = (): void => {
        const entry = stop() ? undefined : this.#takeDue(untilMs);
        if (entry === undefined) {
          if (!stop()) this.#nowMs = Math.max(this.#nowMs, untilMs);
          resolve();
          return;
        }
        this.#nowMs = entry.atMs;
        this.#tasks += 1;
        try {
          entry.task?.();
        } catch (error) {
          reject(error);
          return;
        }
        queueMicrotask(next);
      };
      const next = (): void => process.nextTick(tick);
      next();
    });
  }

  #takeDue(untilMs: number): Entry | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.atMs > untilMs) return undefined;
      this.#pop();
      if (first.task !== undefined) return first;
    }
    return undefined;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = heap[childIndex];
      const right = heap[childIndex + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        childIndex += 1;
        child = right;
      }
      if (child === undefined || !isBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** At time 0 with nothing to do. */
export function createTimeline(): Timeline {
  return new HeapTimeline();
}
