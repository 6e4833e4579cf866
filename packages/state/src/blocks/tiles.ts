/**
 * The history tree as files for any web server, laid out as C2SP tlog-tiles 1.0: the leaves are
 * block hashes in order of heights, so that the tree of the first `h` blocks has the root that the
 * header of height `h` commits to as `historyRoot`. Who trusts one header proves any older block
 * from a handful of these files.
 *
 *   tile/<level>/<index>[.p/<width>]   up to 256 hashes of 32 bytes
 *   tile/entries/<index>[.p/<width>]   up to 256 block hashes, each after its length as u16
 */
import type { Hash } from '@daybook/core';
import { assert, concatBytes, createWriter, leafHash, merkleRoot } from '@daybook/core';

/** Hashes in a full tile; each stands for as many of the level below. */
export const TILE_WIDTH = 256;

export interface Tile {
  /** Relative to the folder of the log, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** `1234067` is written `x001/x234/067`. */
function indexPath(index: number): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/');
}

function tilePath(level: string, index: number, width: number): string {
  const full = `tile/${level}/${indexPath(index)}`;
  return width === TILE_WIDTH ? full : `${full}.p/${width}`;
}

function* rows<T>(items: readonly T[]): Generator<readonly [index: number, row: readonly T[]]> {
  for (let at = 0; at < items.length; at += TILE_WIDTH) {
    yield [at / TILE_WIDTH, items.slice(at, at + TILE_WIDTH)];
  }
}

function entryBundle(hashes: readonly Hash[]): Uint8Array {
  const writer = createWriter();
  for (const hash of hashes) {
    writer.u16(hash.length);
    writer.raw(hash);
  }
  return writer.finish();
}

/** All tiles of the tree over these block hashes, those of heights 0, 1, 2, … */
export function* tilesOf(blockHashes: readonly Hash[]): Generator<Tile> {
  for (const [index, row] of rows(blockHashes)) {
    yield { path: tilePath('entries', index, row.length), bytes: entryBundle(row) };
  }
  let level = 0;
  for (let hashes = blockHashes.map(leafHash); hashes.length > 0; level++) {
    assert(level < 7, 'seven levels hold every height there can be');
    const above: Hash[] = [];
    for (const [index, row] of rows(hashes)) {
      yield { path: tilePath(String(level), index, row.length), bytes: concatBytes(...row) };
      // Only complete subtrees have a place in the level above.
      if (row.length === TILE_WIDTH) above.push(merkleRoot(row));
    }
    hashes = above;
  }
}
