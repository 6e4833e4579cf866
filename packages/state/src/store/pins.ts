/**
 * Who keeps a version beyond the retained window. Each owner pins and lets go for itself: the version
 * stays as long as anybody needs it. Stored as one byte with a bit for each owner.
 */
import type { Height } from '@daybook/core';

/** Numbers are never reused. */
const BITS = { snapshots: 1, tables: 2 } as const;

/** `snapshots`: nodes may join by it; `tables`: the read model is being made from it. */
export type PinOwner = keyof typeof BITS;

/** Heights with the bits of their owners. */
export class Pins {
  readonly #bits = new Map<Height, number>();

  /** As they were stored; a byte that is missing is of a release that knew snapshots only. */
  restore(height: Height, stored: Uint8Array): void {
    this.#bits.set(height, stored[0] ?? BITS.snapshots);
  }

  has(height: Height, owner?: PinOwner): boolean {
    const bits = this.#bits.get(height) ?? 0;
    return owner === undefined ? bits !== 0 : (bits & BITS[owner]) !== 0;
  }

  heights(owner?: PinOwner): readonly Height[] {
    return [...this.#bits.keys()].filter((height) => this.has(height, owner)).sort((a, b) => a - b);
  }

  /** What is to be stored when an owner pins a height. */
  with(height: Height, owner: PinOwner): Uint8Array {
    return Uint8Array.of((this.#bits.get(height) ?? 0) | BITS[owner]);
  }

  /** What is to be stored when an owner lets go; undefined when nobody is left. */
  without(height: Height, owner: PinOwner): Uint8Array | undefined {
    const bits = (this.#bits.get(height) ?? 0) & ~BITS[owner];
    return bits === 0 ? undefined : Uint8Array.of(bits);
  }

  set(height: Height, stored: Uint8Array | undefined): void {
    if (stored === undefined) this.#bits.delete(height);
    else this.restore(height, stored);
  }
}
