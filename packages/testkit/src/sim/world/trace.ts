/**
 * What happened, as a hash over all of it and as the newest events in words. Two runs of one seed
 * give the same hash, or something in the process is not decided by the seed (I32).
 */

export interface Trace {
  /** Notes an event: numbers go into the hash, words only into the log. */
  note(numbers: readonly number[], words: () => string): void;
  /** Notes what only a printed log shows: no part of the hash, so that printing changes nothing. */
  remark(words: string): void;
  /** Hex of the hash over everything noted. */
  hash(): string;
  /** The newest events, oldest first. */
  recent(): readonly string[];
  count(): number;
}

const RECENT_MAX = 200;

export interface TraceOptions {
  /** Virtual time, put before every line. */
  readonly now: () => number;
  /** Takes every line as it comes: the full log of a replay. */
  readonly print?: ((line: string) => void) | undefined;
}

export function createTrace({ now, print }: TraceOptions): Trace {
  let a = 0x9e3779b9 | 0;
  let b = 0x85ebca6b | 0;
  let count = 0;
  const recent: { readonly atMs: number; readonly words: () => string }[] = [];
  const mix = (value: number): void => {
    a = Math.imul(a ^ value, 0x01000193);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b + (value ^ a), 0x5bd1e995);
    b ^= b >>> 15;
  };
  const line = (atMs: number, words: string): string => `${String(atMs).padStart(8)} ms  ${words}`;
  return {
    note: (numbers, words) => {
      const atMs = now();
      mix(atMs | 0);
      for (const value of numbers) mix(value | 0);
      count += 1;
      if (print !== undefined) print(line(atMs, words()));
      recent.push({ atMs, words });
      if (recent.length > 2 * RECENT_MAX) recent.splice(0, RECENT_MAX);
    },
    remark: (words) => print?.(line(now(), words)),
    hash: () => [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join(''),
    recent: () => recent.slice(-RECENT_MAX).map(({ atMs, words }) => line(atMs, words())),
    count: () => count,
  };
}
