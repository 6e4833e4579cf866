/** A set of what was seen lately: bounded, and nobody has to clean it up. */

export interface RecentSet {
  has(key: string): boolean;
  add(key: string): void;
}

class GenerationSet implements RecentSet {
  readonly #generationMax: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(generationMax: number) {
    this.#generationMax = generationMax;
  }

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  add(key: string): void {
    this.#young.add(key);
    if (this.#young.size < this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}

/**
 * A set that forgets its older half instead of growing.
 * @param generationMax  keys that are remembered for certain; at most twice as many are held
 */
export function createRecentSet(generationMax: number): RecentSet {
  return new GenerationSet(generationMax);
}
