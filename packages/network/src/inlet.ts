/**
 * The receiving end of one channel of one peer. It holds the peer to its rate and hands frames on
 * one by one; while the next one has to wait (for tokens, or for a listener that is still at work)
 * it asks the transport to stop reading, so that the sender feels it and nothing piles up here.
 */
import { assert } from '@daybook/core';
import type { Clock } from './network.ts';
import type { ChannelRow } from './protocols.ts';
import type { TokenBucket } from './token-bucket.ts';
import { createTokenBucket } from './token-bucket.ts';

/**
 * What a peer may still send on a channel. It outlives the stream: a peer that opens one stream
 * after the other would else have a full burst, and a listener to itself, with each of them.
 */
export interface Allowance {
  readonly bucket: TokenBucket;
  /** What a listener still does with an earlier frame; never rejects. */
  work: Promise<void> | undefined;
}

/** @param now  monotonic milliseconds */
export function createAllowance(row: ChannelRow, now: number): Allowance {
  return { bucket: createTokenBucket(row, now), work: undefined };
}

export interface InletPorts {
  readonly clock: Clock;
  /** Takes one frame; must neither throw nor reject. A promise holds the next frame back. */
  deliver(frame: Uint8Array): void | Promise<void>;
  /** A frame was over the rate of a channel that drops. */
  drop(frame: Uint8Array): void;
  /** Stop reading; called at most once before `resume`. */
  pause(): void;
  resume(): void;
}

export interface Inlet {
  /** Takes what the transport has read; after `pause` only what it had read already. */
  offer(frames: readonly Uint8Array[]): void;
  /** Nothing is delivered after this, and no timer is left. */
  close(): void;
}

/** Frames in the order in which they came. */
function createPile(): {
  first(): Uint8Array | undefined;
  removeFirst(): void;
  add(frames: readonly Uint8Array[]): void;
} {
  /** From `next` on; a chunk may hold 100,000, so what was taken is not cut off one by one. */
  let frames: Uint8Array[] = [];
  let next = 0;
  return {
    first: () => frames[next],
    removeFirst() {
      next += 1;
      if (next >= frames.length) {
        frames = [];
        next = 0;
      }
    },
    add(more) {
      for (const frame of more) {
        frames.push(frame);
      }
    },
  };
}

/** The allowance's next frame waits until this is done; it does not reject by contract. */
function occupy(allowance: Allowance, work: Promise<void>): Promise<void> {
  const end = (): void => {
    allowance.work = undefined;
  };
  allowance.work = work.then(end, end);
  return allowance.work;
}

/** @param allowance  shared with the peer's other streams of this channel */
export function createInlet(
  row: ChannelRow,
  ports: InletPorts,
  allowance = createAllowance(row, ports.clock.now()),
): Inlet {
  assert(row.bytesBurst >= row.frameBytesMax, 'the largest frame fits into the burst');
  const { bucket } = allowance;
  let waiting = createPile();
  let closed = false;
  let paused = false;
  /** Something will call `drain` again: a timer or a promise. */
  let held = false;
  let cancelTimer: (() => void) | undefined;

  function holdUntil(waitMs: number): void {
    held = true;
    cancelTimer = ports.clock.schedule(waitMs, release);
  }

  function release(): void {
    held = false;
    cancelTimer = undefined;
    drain();
  }

  function holdFor(work: Promise<void>): void {
    held = true;
    work.then(release, release);
  }

  /** Delivers the frame if the rate allows it. @returns false if it has to wait */
  function pass(frame: Uint8Array): boolean {
    if (allowance.work !== undefined) {
      holdFor(allowance.work);
      return false;
    }
    const now = ports.clock.now();
    if (!bucket.take(frame.length, now)) {
      if (row.overRate === 'drop') {
        ports.drop(frame);
        return true;
      }
      holdUntil(Math.max(1, bucket.waitMs(frame.length, now)));
      return false;
    }
    const work = ports.deliver(frame);
    if (work !== undefined) {
      holdFor(occupy(allowance, work));
    }
    return true;
  }

  function drain(): void {
    for (let frame = waiting.first(); frame !== undefined; frame = waiting.first()) {
      if (closed || held || !pass(frame)) {
        break;
      }
      waiting.removeFirst();
    }
    settle();
  }

  /** Reading goes on while nothing waits, so at most one chunk of the transport waits here. */
  function settle(): void {
    const full = waiting.first() !== undefined;
    if (closed || full === paused) {
      return;
    }
    paused = full;
    if (full) {
      ports.pause();
    } else {
      ports.resume();
    }
  }

  return {
    offer(frames) {
      if (closed || frames.length === 0) {
        return;
      }
      waiting.add(frames);
      if (held) {
        settle();
      } else {
        drain();
      }
    },
    close() {
      closed = true;
      waiting = createPile();
      cancelTimer?.();
    },
  };
}
