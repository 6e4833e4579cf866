/**
 * The history tree of this node (spec D-22), for proofs over old blocks: RFC 9162 over the block
 * hashes of the block log. Only roots of 256 leaves and more are kept, a fourth of a byte a block;
 * the rest is hashed when it is asked for. Nothing is built before the first question, and building
 * gives the event loop back every few milliseconds.
 */
import type { Hash, Height, LeafRange } from '@daybook/core';
import {
  assert,
  completeSubtrees,
  consistencyRanges,
  foldPeaks,
  inclusionRanges,
  leafHash,
  merkleRoot,
  nodeHash,
} from '@daybook/core';
import type { History } from '../api/ports.ts';

export interface HistoryTreeParts {
  /** Of a final block; undefined for one that this node does not keep. */
  readonly hashAt: (height: Height) => Hash | undefined;
  /** Runs a task when what is ready now has had its turn. */
  readonly soon: (task: () => void) => void;
}

const TILE_LEVEL = 8;
const TILE_WIDTH = 2 ** TILE_LEVEL;
/** About 5 ms of hashing. */
const TILES_IN_A_ROW = 8;

class Tree implements History {
  readonly #parts: HistoryTreeParts;
  /** Roots by level above the tiles, and index. */
  readonly #levels: Hash[][] = [[]];
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: HistoryTreeParts) {
    this.#parts = parts;
  }

  async root(size: number): Promise<Hash | undefined> {
    if (size === 0) return foldPeaks([]);
    const [root] = (await this.#rootsOf([{ start: 0, end: size }])) ?? [];
    return root;
  }

  inclusion(index: number, size: number): Promise<readonly Hash[] | undefined> {
    return this.#rootsOf(inclusionRanges(size, index));
  }

  consistency(smaller: number, size: number): Promise<readonly Hash[] | undefined> {
    return this.#rootsOf(consistencyRanges(smaller, size));
  }

  async #rootsOf(ranges: readonly LeafRange[]): Promise<readonly Hash[] | undefined> {
    const end = ranges.reduce((max, range) => Math.max(max, range.end), 0);
    const grown = this.#last.then(() => this.#growTo(Math.floor(end / TILE_WIDTH)));
    this.#last = grown;
    if (!(await grown)) return undefined;
    const roots = ranges.map((range) => this.#rootOf(range));
    return roots.every((root) => root !== undefined) ? roots : undefined;
  }

  #rootOf(range: LeafRange): Hash | undefined {
    const peaks = completeSubtrees(range).map(({ level, index }) =>
      level < TILE_LEVEL
        ? this.#hashed(index * 2 ** level, 2 ** level)
        : this.#levels[level - TILE_LEVEL]?.[index],
    );
    return peaks.every((peak) => peak !== undefined) ? foldPeaks(peaks) : undefined;
  }

  /** Root of `count` leaves from `start`, out of the block log. */
  #hashed(start: number, count: number): Hash | undefined {
    const leaves: Hash[] = [];
    for (let height = start; height < start + count; height += 1) {
      const hash = this.#parts.hashAt(height);
      if (hash === undefined) return undefined;
      leaves.push(leafHash(hash));
    }
    return merkleRoot(leaves);
  }

  /** @returns whether all these tiles are there now */
  async #growTo(count: number): Promise<boolean> {
    const [tiles] = this.#levels;
    assert(tiles !== undefined, 'there is a lowest level');
    while (tiles.length < count) {
      const tile = this.#hashed(tiles.length * TILE_WIDTH, TILE_WIDTH);
      if (tile === undefined) return false;
      this.#append(tile);
      if (tiles.length % TILES_IN_A_ROW === 0) {
        await new Promise<void>((resolve) => this.#parts.soon(resolve));
      }
    }
    return true;
  }

  /** Adds a tile, and every parent that it completes. */
  #append(tile: Hash): void {
    let root = tile;
    for (let level = 0; ; level += 1) {
      const roots = this.#levels[level] ?? [];
      this.#levels[level] = roots;
      roots.push(root);
      const left = roots.at(-2);
      if (roots.length % 2 === 1 || left === undefined) return;
      root = nodeHash(left, root);
    }
  }
}

export function createHistoryTree(parts: HistoryTreeParts): History {
  return new Tree(parts);
}
