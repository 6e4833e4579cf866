/** The bytes of a file in an array that grows by doubling. */
export class Bytes {
  #buffer = new Uint8Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Not a copy. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  read(at: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.#size - at));
    if (count > 0) into.set(this.#buffer.subarray(at, at + count));
    return count;
  }

  write(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#size) this.resize(at + bytes.length);
    this.#buffer.set(bytes, at);
  }

  resize(size: number): void {
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length, 256));
      larger.set(this.view());
      this.#buffer = larger;
    }
    if (size < this.#size) this.#buffer.fill(0, size, this.#size);
    this.#size = size;
  }

  copyFrom(other: Bytes): void {
    this.resize(0);
    this.write(0, other.view());
  }
}
