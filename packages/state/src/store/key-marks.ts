/**
 * A bit for each tree key of many, which other keys may share: of most keys it is known without a
 * search that they are not among them.
 */

export class KeyMarks {
  readonly #bits: Uint8Array;

  /**
   * @param count  of bits, a power of two from 8 to 2^24: eight times the keys and one in nine of
   *   the others is taken for one of them
   * @param below  marks of as many bits that these begin with
   */
  constructor(count: number, below?: KeyMarks) {
    this.#bits = below === undefined ? new Uint8Array(count / 8) : below.#bits.slice();
  }

  add(treeKey: Uint8Array): void {
    const bit = this.#bitOf(treeKey);
    this.#bits[bit >> 3] = (this.#bits[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  /** False for keys that were not added. */
  mayHave(treeKey: Uint8Array): boolean {
    const bit = this.#bitOf(treeKey);
    return ((this.#bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  clear(): void {
    this.#bits.fill(0);
  }

  // A tree key ends with a hash.
  #bitOf(treeKey: Uint8Array): number {
    const { length } = treeKey;
    const end = ((treeKey[length - 2] ?? 0) << 8) | (treeKey[length - 1] ?? 0);
    return (((treeKey[length - 3] ?? 0) << 16) | end) & (8 * this.#bits.length - 1);
  }
}
