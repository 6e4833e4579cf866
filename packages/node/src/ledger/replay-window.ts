/**
 * Which transactions were included and may not be included again (protocol §4): ids are remembered
 * until their own validUntil has passed in block time, whatever the validity parameter becomes.
 * Filled from the block log at start, so that it is complete before the first vote.
 */
import type { Height, TimestampMs, TransactionId } from '@daybook/core';
import { toHex } from '@daybook/core';

export interface Inclusion {
  readonly height: Height;
  readonly validUntilMs: TimestampMs;
}

export interface ReplayWindow {
  /** Where the id was included, if that is still remembered. */
  find(id: TransactionId): Inclusion | undefined;
  add(id: TransactionId, inclusion: Inclusion): void;
  /** Forgets ids that can no longer be valid in a block after `blockTimeMs`. */
  forgetExpired(blockTimeMs: TimestampMs): void;
  readonly size: () => number;
}

/** Ids are kept in buckets of this width, so that forgetting drops whole buckets. */
const BUCKET_MS = 10_000;

export function createReplayWindow(): ReplayWindow {
  const inclusions = new Map<string, Inclusion>();
  const buckets = new Map<number, string[]>();
  return {
    find: (id) => inclusions.get(toHex(id)),
    add: (id, inclusion) => {
      const key = toHex(id);
      const number = Math.floor(inclusion.validUntilMs / BUCKET_MS);
      const bucket = buckets.get(number);
      if (bucket === undefined) buckets.set(number, [key]);
      else bucket.push(key);
      inclusions.set(key, inclusion);
    },
    forgetExpired: (blockTimeMs) => {
      const first = Math.floor(blockTimeMs / BUCKET_MS);
      for (const [number, keys] of buckets) {
        if (number >= first) continue;
        for (const key of keys) inclusions.delete(key);
        buckets.delete(number);
      }
    },
    size: () => inclusions.size,
  };
}
