/** "Sometimes" counters: what a set of runs has really visited. A nightly run fails if one stays 0. */

export interface Coverage {
  add(name: string, amount?: number): void;
  counts(): ReadonlyMap<string, number>;
}

export function createCoverage(): Coverage {
  const counts = new Map<string, number>();
  return {
    add: (name, amount = 1) => counts.set(name, (counts.get(name) ?? 0) + amount),
    counts: () => counts,
  };
}
