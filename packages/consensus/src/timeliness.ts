/**
 * `timely` of protocol §14, for fresh proposals: proposer-based timestamps, so that a decided time
 * was accepted by at least one correct clock. Never used for timers or pacing.
 */
import type { ChainParameters, Round, TimestampMs } from '@daybook/core';
import { isPlanted, messageDelayMs } from '@daybook/core';

/** What a timestamp is compared with. */
export interface Clocks {
  /** Local wall clock at the first complete reception. */
  readonly receivedWallMs: TimestampMs;
  /** Local wall clock now: an early proposal becomes timely as it moves on. */
  readonly wallMs: TimestampMs;
  readonly parentMs: TimestampMs;
}

/**
 * `early` may become timely, `late` stays late. One ms after the parent is never early: that keeps
 * the chain alive when clocks that ran ahead were set back.
 */
export function timeliness(
  timestampMs: TimestampMs,
  round: Round,
  clocks: Clocks,
  parameters: ChainParameters,
): 'early' | 'timely' | 'late' {
  if (isPlanted('timestamp-unchecked')) return 'timely';
  const { precisionMs } = parameters;
  const oldest = clocks.receivedWallMs - messageDelayMs(parameters, round) - precisionMs;
  if (timestampMs < oldest) return 'late';
  const newest = Math.max(clocks.wallMs, clocks.receivedWallMs) + precisionMs;
  if (timestampMs <= newest || timestampMs === clocks.parentMs + 1) return 'timely';
  return 'early';
}
