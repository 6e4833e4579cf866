/**
 * What waits to be written to one peer on one channel: a bounded first-in-first-out queue that
 * drops its oldest frame when it is full, because on every channel newer news replaces older.
 */
import { assert } from '@daybook/core';

/** Bytes that all outboxes of a node hold together; shared by reference. */
export interface Budget {
  usedBytes: number;
  readonly bytesMax: number;
}

export interface Outbox {
  /** Frames waiting. */
  readonly count: number;
  /** Bytes waiting. */
  readonly size: number;
  /**
   * Appends a frame.
   * @returns how many old frames were dropped for it, or undefined if it was itself refused
   *   because the node's whole budget is used up
   */
  push(frame: Uint8Array): number | undefined;
  /** Takes the oldest frame out. */
  shift(): Uint8Array | undefined;
  /** Throws everything away. @returns how many frames that were */
  clear(): number;
}

/** @param limits  the channel's row; @param budget  shared by all outboxes of a node */
export function createOutbox(
  limits: { readonly queueFramesMax: number; readonly queueBytesMax: number },
  budget: Budget,
): Outbox {
  return new Queue(limits.queueFramesMax, limits.queueBytesMax, budget);
}

class Queue implements Outbox {
  readonly #framesMax: number;
  readonly #bytesMax: number;
  readonly #budget: Budget;
  /** Frames from `#head` on; the part before it is cut off when it is half of the array. */
  #frames: Uint8Array[] = [];
  #head = 0;
  #size = 0;

  constructor(framesMax: number, bytesMax: number, budget: Budget) {
    assert(framesMax >= 1 && bytesMax >= 1, 'an outbox holds something');
    this.#framesMax = framesMax;
    this.#bytesMax = bytesMax;
    this.#budget = budget;
  }

  get count(): number {
    return this.#frames.length - this.#head;
  }

  get size(): number {
    return this.#size;
  }

  push(frame: Uint8Array): number | undefined {
    assert(frame.length <= this.#bytesMax, 'a frame fits into an empty outbox');
    let dropped = 0;
    while (this.count >= this.#framesMax || this.#size + frame.length > this.#bytesMax) {
      this.shift();
      dropped += 1;
    }
    if (this.#budget.usedBytes + frame.length > this.#budget.bytesMax) {
      return undefined;
    }
    this.#frames.push(frame);
    this.#size += frame.length;
    this.#budget.usedBytes += frame.length;
    return dropped;
  }

  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) {
      return undefined;
    }
    this.#head += 1;
    this.#size -= frame.length;
    this.#budget.usedBytes -= frame.length;
    if (this.#head > 64 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#frames.length) {
      this.#frames = [];
      this.#head = 0;
    }
    return frame;
  }

  clear(): number {
    const { count } = this;
    this.#budget.usedBytes -= this.#size;
    this.#frames = [];
    this.#head = 0;
    this.#size = 0;
    return count;
  }
}
