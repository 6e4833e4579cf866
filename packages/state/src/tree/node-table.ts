/**
 * The cached inner nodes by place. A block of 2,000 keys looks up, removes and adds some thousands,
 * most of them far from each other in memory, where a `Map` touches more of it for each and is
 * copied as a whole every few blocks (see ADR 25). Open addressing with linear probing;
 * what is removed leaves no mark behind, so the table never has to be cleaned.
 */
import type { InnerNode } from './nodes.ts';
import type { Ref } from './record-form.ts';

const CAPACITY_MIN = 64;
const GOLDEN = 0x9e37_79b1;
const TWO_POW_32 = 0x1_0000_0000;

export class NodeTable {
  /** Places, 0 where nothing is; at least half of them. */
  #places = new Float64Array(CAPACITY_MIN);
  #nodes = emptyList(CAPACITY_MIN);
  #shift = 32 - Math.log2(CAPACITY_MIN);
  #count = 0;
  #hand = 0;

  get size(): number {
    return this.#count;
  }

  get(ref: Ref): InnerNode | undefined {
    return this.#nodes[this.#indexOf(ref)];
  }

  set(ref: Ref, node: InnerNode): void {
    let index = this.#indexOf(ref);
    if (this.#places[index] === 0) {
      if (2 * this.#count >= this.#places.length) {
        this.#grow();
        index = this.#indexOf(ref);
      }
      this.#count += 1;
      this.#places[index] = ref;
    }
    this.#nodes[index] = node;
  }

  /** Removes and returns the node at a place. */
  take(ref: Ref): InnerNode | undefined {
    const index = this.#indexOf(ref);
    const node = this.#nodes[index];
    if (node !== undefined) this.#removeAt(index);
    return node;
  }

  /**
   * Removes and returns a node that nobody used since the hand passed it last: the clock algorithm.
   * A removal may bring a node behind the hand that was before it, which costs that one nothing but
   * its turn.
   */
  takeUnused(): InnerNode | undefined {
    while (this.#count > 0) {
      this.#hand = (this.#hand + 1) & (this.#places.length - 1);
      const node = this.#nodes[this.#hand];
      if (node === undefined) continue;
      if (!node.wasUsed) {
        this.#removeAt(this.#hand);
        return node;
      }
      node.wasUsed = false;
    }
    return undefined;
  }

  /** Removes all and returns them. */
  takeAll(): readonly InnerNode[] {
    const all = this.#nodes.filter((node) => node !== undefined);
    this.#reset(CAPACITY_MIN);
    return all;
  }

  /** Where a place stands, or the free index where it would stand. */
  #indexOf(ref: Ref): number {
    const places = this.#places;
    const mask = places.length - 1;
    let index = this.#homeOf(ref);
    while (places[index] !== 0 && places[index] !== ref) index = (index + 1) & mask;
    return index;
  }

  /** Places grow with the log, and neighbours in it are used together: they are spread apart. */
  #homeOf(ref: Ref): number {
    const mixed = (ref | 0) ^ Math.imul(Math.floor(ref / TWO_POW_32), GOLDEN);
    return Math.imul(mixed, GOLDEN) >>> this.#shift;
  }

  /** Frees an index and closes the gap, so that all others are found from their homes. */
  #removeAt(index: number): void {
    const places = this.#places;
    const mask = places.length - 1;
    this.#count -= 1;
    let gap = index;
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const ref = places[at] ?? 0;
      if (ref === 0) break;
      const isReachable = ((at - this.#homeOf(ref)) & mask) < ((at - gap) & mask);
      if (isReachable) continue;
      places[gap] = ref;
      this.#nodes[gap] = this.#nodes[at];
      gap = at;
    }
    places[gap] = 0;
    this.#nodes[gap] = undefined;
  }

  #grow(): void {
    const places = this.#places;
    const nodes = this.#nodes;
    this.#reset(2 * places.length);
    for (const [old, ref] of places.entries()) {
      if (ref === 0) continue;
      const index = this.#indexOf(ref);
      this.#places[index] = ref;
      this.#nodes[index] = nodes[old];
      this.#count += 1;
    }
  }

  #reset(capacity: number): void {
    this.#places = new Float64Array(capacity);
    this.#nodes = emptyList(capacity);
    this.#shift = 32 - Math.log2(capacity);
    this.#count = 0;
    this.#hand = 0;
  }
}

function emptyList(size: number): (InnerNode | undefined)[] {
  return Array.from({ length: size }, () => undefined);
}
