/**
 * The receiving end of one channel of one peer. It holds the peer to its rate and hands frames on
 * one by one; while the next one has to wait (for tokens, or for a listener that is still at work)
 * it asks the transport to stop reading, so that the sender feels it and nothing piles up here.
 */
import { assert } from '@daybook/core';
import type { Clock } from './network.ts';
import type { ChannelRow } from './protocols.ts';
import { createTokenBucket } from './token-bucket.ts';

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

export function createInlet(row: ChannelRow, ports: InletPorts): Inlet {
  assert(row.bytesBurst >= row.frameBytesMax, 'the largest frame fits into the burst');
  const bucket = createTokenBucket(row, ports.clock.now());
  let waiting: Uint8Array[] = [];
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

  /** Delivers the frame if the rate allows it. @returns false if it has to wait */
  function pass(frame: Uint8Array): boolean {
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
      held = true;
      // `deliver` does not reject by contract, so the second handler is the same as the first.
      work.then(release, release);
    }
    return true;
  }

  function drain(): void {
    let taken = 0;
    for (const frame of waiting) {
      if (closed || held || !pass(frame)) {
        break;
      }
      taken += 1;
    }
    waiting = waiting.slice(taken);
    settle();
  }

  /** Reading goes on while nothing waits, so at most one chunk of the transport waits here. */
  function settle(): void {
    const full = waiting.length > 0;
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
      waiting = waiting.length === 0 ? [...frames] : [...waiting, ...frames];
      if (held) {
        settle();
      } else {
        drain();
      }
    },
    close() {
      closed = true;
      waiting = [];
      cancelTimer?.();
    },
  };
}
