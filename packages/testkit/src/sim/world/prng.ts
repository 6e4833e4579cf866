/**
 * The only randomness of the simulator: sfc32 over integers, forked by name into a tree, so that
 * what one part draws does not shift what another part draws. No floats but the one fraction that
 * the node's port asks for.
 */
import { assert, sha256 } from '@daybook/core';

export interface Prng {
  /** Uniform in 0 to 2^32 - 1. */
  u32(): number;
  /** Uniform in 0 to count - 1. */
  below(count: number): number;
  /** Uniform integer from min to max, both included. */
  between(min: number, max: number): number;
  /** True in so many of a thousand draws. */
  chance(permille: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** A new array in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** Uniform in [0, 1), for the port of the node. */
  fraction(): number;
  /** Bytes, for nonces. */
  bytes(count: number): Uint8Array;
  /** An independent generator; the same name gives the same one. */
  fork(name: string): Prng;
}

class Sfc32 implements Prng {
  readonly #path: string;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(path: string) {
    this.#path = path;
    const seed = new DataView(sha256(new TextEncoder().encode(path)).buffer);
    this.#a = seed.getInt32(0);
    this.#b = seed.getInt32(4);
    this.#c = seed.getInt32(8);
    for (let round = 0; round < 8; round++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  below(count: number): number {
    assert(count >= 1 && count <= 2 ** 32, 'a draw is among at least one');
    // The bias is below count / 2^32, far from anything a test could notice.
    return this.u32() % count;
  }

  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(permille: number): boolean {
    return this.below(1000) < permille;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    assert(item !== undefined, 'an index within the list');
    return item;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const left = [...items];
    const shuffled: T[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.below(left.length), 1));
    return shuffled;
  }

  fraction(): number {
    return this.u32() / 2 ** 32;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  fork(name: string): Prng {
    return new Sfc32(`${this.#path}/${name}`);
  }
}

/** The root of the tree of one seed. */
export function createPrng(seed: number): Prng {
  return new Sfc32(`daybook simulator ${seed}`);
}
