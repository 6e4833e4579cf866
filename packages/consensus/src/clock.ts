/**
 * The own wall clock against those of the other validators (protocol §14). STATUS clocks are
 * carried forward by the monotonic clock, so a step of the own wall clock shows at once.
 */
import type { Instant } from './event.ts';
import { STATUS_FRESH_MS } from './limits.ts';
import type { State } from './state.ts';

/**
 * Own clock minus the median of the peers' clocks, in ms.
 * @param needed  how many peers must have been heard lately; with fewer, liars could set the median
 * @returns       undefined while too few are known
 */
export function clockOffset(state: State, now: Instant, needed: number): number | undefined {
  const offsets: number[] = [];
  for (const view of state.peers) {
    if (view === undefined) continue;
    const age = now.monoMs - view.atMonoMs;
    if (age <= STATUS_FRESH_MS) offsets.push(now.wallMs - (view.status.wallMs + age));
  }
  if (offsets.length === 0 || offsets.length < needed) return undefined;
  offsets.sort((a, b) => a - b);
  const upper = offsets[offsets.length >> 1] ?? 0;
  const lower = offsets[(offsets.length - 1) >> 1] ?? 0;
  // Of two middles the one nearer to the own clock: half of an even number may be liars.
  return Math.abs(lower) < Math.abs(upper) ? lower : upper;
}
