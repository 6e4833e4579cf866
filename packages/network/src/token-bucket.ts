/**
 * A token bucket over frames and bytes: both must have room. Pure: time comes in.
 */
import { assert } from '@daybook/core';

/** Frames and bytes per second, and how much of each may come at once. */
export interface Rate {
  readonly rate: number;
  readonly burst: number;
  readonly bytesRate: number;
  readonly bytesBurst: number;
}

export interface TokenBucket {
  /** Takes one frame of `size` bytes out, or nothing if there is no room for it now. */
  take(size: number, now: number): boolean;
  /** Milliseconds until `take` could succeed, 0 if now; `size` is at most `bytesBurst`. */
  waitMs(size: number, now: number): number;
}

/** A full bucket. @param now  monotonic milliseconds */
export function createTokenBucket(rate: Rate, now: number): TokenBucket {
  assert(rate.rate > 0 && rate.burst >= 1, 'a bucket lets frames through');
  assert(rate.bytesRate > 0 && rate.bytesBurst >= 1, 'a bucket lets bytes through');
  let frames = rate.burst;
  let bytes = rate.bytesBurst;
  let filledAt = now;

  function fill(at: number): void {
    const seconds = Math.max(0, at - filledAt) / 1000;
    frames = Math.min(rate.burst, frames + seconds * rate.rate);
    bytes = Math.min(rate.bytesBurst, bytes + seconds * rate.bytesRate);
    filledAt = at;
  }

  return {
    take(size, at) {
      fill(at);
      if (frames < 1 || bytes < size) {
        return false;
      }
      frames -= 1;
      bytes -= size;
      return true;
    },
    waitMs(size, at) {
      assert(size <= rate.bytesBurst, 'a frame fits into the burst');
      fill(at);
      const forFrame = Math.max(0, 1 - frames) / rate.rate;
      const forBytes = Math.max(0, size - bytes) / rate.bytesRate;
      return Math.ceil(Math.max(forFrame, forBytes) * 1000);
    },
  };
}
