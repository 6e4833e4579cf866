/**
 * How long to wait before trying again: doubling, capped, and spread so that two nodes which failed
 * together do not try together for ever.
 */
const FIRST_MS = 100;

/**
 * Part of how long a cluster needs after its lines are back (protocol §20): a dial that hangs ends
 * after 5 s, then comes this pause, and the next second's STATUS brings the rounds together.
 */
const LAST_MS = 2000;

/**
 * @param failures  tries that failed in a row before this one, from 0
 * @param random    uniform in [0, 1)
 * @returns         milliseconds, between half and all of min(100 · 2^failures, 2000)
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  return Math.ceil(full * (0.5 + random / 2));
}
