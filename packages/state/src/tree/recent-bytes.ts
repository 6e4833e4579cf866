/**
 * Byte strings that were used lately, within a bound. Two generations: what was not used during one
 * of them is forgotten with it. No entry is ever moved but by its use, so a lookup costs one map.
 */

/** What an entry takes beside its bytes: key, array, and its place in the map. */
const ENTRY_BYTES = 200;

/** @typeParam V  byte strings, or what counts its bytes as they do */
export class RecentBytes<K, V extends { readonly length: number } = Uint8Array> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngBytes = 0;
  #oldBytes = 0;
  readonly #generationBytes: number;

  /** @param bytesMax  of both generations together */
  constructor(bytesMax: number) {
    this.#generationBytes = bytesMax / 2;
  }

  isEmpty(): boolean {
    return this.#young.size + this.#old.size === 0;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.put(key, old);
    return old;
  }

  /** @param bytes  stay as they are from now on */
  put(key: K, bytes: V): void {
    this.#young.set(key, bytes);
    this.#youngBytes += bytes.length + ENTRY_BYTES;
    if (this.#youngBytes < this.#generationBytes) return;
    this.#old = this.#young;
    this.#oldBytes = this.#youngBytes;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** @returns whether it was there */
  delete(key: K): boolean {
    const wasYoung = this.#young.delete(key);
    return this.#old.delete(key) || wasYoung;
  }

  /** What is there; an entry used in both generations twice. */
  *values(): Generator<V> {
    yield* this.#young.values();
    yield* this.#old.values();
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
  }

  /** Memory that it takes at most: an entry that was deleted counts until its generation goes. */
  bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }
}
