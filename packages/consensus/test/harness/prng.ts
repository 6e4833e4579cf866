/** Seeded randomness without floats: the same seed gives the same run, for ever (mulberry32). */

export interface Prng {
  /** An integer in [0, below). */
  below(below: number): number;
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  /** True in `percent` of 100 draws. */
  percent(percent: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    percent: (percent) => below(100) < percent,
    pick: (list) => {
      const item = list[below(list.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
  };
}
