/** Choices of the fault tests, all from one seed, so that a failing run can be repeated. */

export interface Random {
  /** At least 0, less than 1. */
  fraction(): number;
  /** An integer of at least `from`, less than `to`. */
  integer(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
  /** Choices of their own for what has this name: the same ones, whatever was chosen before. */
  fork(name: string): Random;
}

/** Mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (from: number, to: number): number => from + Math.floor(fraction() * (to - from));
  return {
    fraction,
    integer,
    pick: (items) => {
      const item = items[integer(0, items.length)];
      if (item === undefined) throw new Error('there is something to pick from');
      return item;
    },
    fork: (name) => createRandom(seedOf(`${seed} ${name}`)),
  };
}

/** FNV-1a. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
