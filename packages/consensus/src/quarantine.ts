/**
 * When a quarantine ends (protocol §12): everything signed before the loss of the vote log was at a
 * height whose block is not later than its start, give or take clocks and message delay. The driver
 * keeps the start, asks these functions, and tells the machine by a `quarantine` event.
 */
import type { ChainParameters, TimestampMs } from '@daybook/core';
import { messageDelayMs } from '@daybook/core';
import { clockOffset } from './clock.ts';
import type { Instant } from './event.ts';
import type { State } from './state.ts';

/**
 * The start: the latest of the own clock, the head's time, and the median clock of the validators.
 * @returns undefined until the clocks of a quorum are known, or of all others in a smaller set
 */
export function quarantineStartMs(
  state: State,
  now: Instant,
  headTimestampMs: TimestampMs,
): TimestampMs | undefined {
  const height = state.current;
  if (height === undefined) return undefined;
  const others = height.context.validators.length - 1;
  const offsetMs = clockOffset(state, now, Math.min(height.quorum.quorum, others));
  if (offsetMs === undefined && others > 0) return undefined;
  return Math.max(now.wallMs, headTimestampMs, now.wallMs - (offsetMs ?? 0));
}

/** Whether a decided header lies far enough behind the start: signing resumes above its height. */
export function endsQuarantine(
  startMs: TimestampMs,
  decidedTimestampMs: TimestampMs,
  parameters: ChainParameters,
): boolean {
  return decidedTimestampMs > startMs + parameters.precisionMs + messageDelayMs(parameters, 0);
}
