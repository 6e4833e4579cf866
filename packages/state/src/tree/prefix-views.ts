/**
 * Views of the beginning of one array, made once for each length: a hash or a checksum takes a view,
 * and a new one for each record would be the most garbage that a block makes (measured).
 */
export class PrefixViews {
  readonly bytes: Uint8Array;
  readonly #views: (Uint8Array | undefined)[];

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    // A callback for each place would be a third of what it costs to open a store.
    this.#views = new Array<Uint8Array | undefined>(size + 1).fill(undefined);
  }

  /** The first `length` bytes, at most all. */
  to(length: number): Uint8Array {
    const known = this.#views[length];
    if (known !== undefined) return known;
    const view = this.bytes.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}
