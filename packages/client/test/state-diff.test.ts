/** Comparing two states, against the difference of two sets. */
import type { Hash, RecordKey, TreeLeaf, TreePlace } from '@daybook/core';
import {
  asHash,
  compareBytes,
  nibbleAt,
  placeToText,
  prefixOf,
  ROOT_PLACE,
  sha256,
  sharedNibbles,
  TREE_WIDTH,
  toHex,
  treeKeyOf,
  treeRootOf,
} from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { SubtreeReader } from '../src/index.ts';
import { createClient, diffStates } from '../src/index.ts';
import { createWorld, failureOf, json } from './fixtures/world.ts';

const HEIGHT = 7;

interface Kept {
  readonly key: RecordKey;
  readonly leaf: TreeLeaf;
}

function keptOf([id, salt]: readonly [number, number]): Kept {
  const key = { set: 1 + (id % 2), key: Uint8Array.of(id >> 8, id & 255) };
  return { key, leaf: { treeKey: treeKeyOf(key), valueHash: sha256(Uint8Array.of(id, salt)) } };
}

/** A node by the definition of the tree. @param asked  notes every question */
function readerOf(kept: readonly Kept[], asked: string[] = []): SubtreeReader {
  const sorted = kept.toSorted((a, b) => compareBytes(a.leaf.treeKey, b.leaf.treeKey));
  const stateRoot = treeRootOf(sorted.map(({ leaf }) => leaf));
  return async (place, height = HEIGHT) => {
    asked.push(placeToText(place));
    const below = sorted.filter(
      ({ leaf }) => sharedNibbles(leaf.treeKey, place.prefix) >= place.depth,
    );
    return { height, stateRoot, part: partOf(below) };
  };
}

function partOf(below: readonly Kept[]): Awaited<ReturnType<SubtreeReader>>['part'] {
  if (below.length <= TREE_WIDTH) {
    const records = below.map(({ key, leaf }) => ({ key, ...leaf }));
    return { kind: 'bucket', records };
  }
  const keys = below.map(({ leaf }) => leaf.treeKey);
  const first = keys[0] ?? new Uint8Array();
  const depth = sharedNibbles(first, keys.at(-1) ?? first);
  const place: TreePlace = { depth, prefix: prefixOf(first, depth) };
  const slots = Array.from({ length: TREE_WIDTH }, (_, slot) =>
    treeRootOf(
      below.map(({ leaf }) => leaf).filter(({ treeKey }) => nibbleAt(treeKey, depth) === slot),
    ),
  );
  return { kind: 'node', place, slots };
}

async function differences(left: readonly Kept[], right: readonly Kept[]): Promise<string[]> {
  const found: string[] = [];
  for await (const one of diffStates(readerOf(left), readerOf(right), HEIGHT)) {
    found.push(line(one.key, one.left, one.right));
  }
  return found;
}

function line(key: RecordKey, left: Hash | undefined, right: Hash | undefined): string {
  const show = (hash: Hash | undefined) => (hash === undefined ? '-' : toHex(hash));
  return `${toHex(treeKeyOf(key))} ${show(left)} ${show(right)}`;
}

/** By comparing all records of both. */
function expectedOf(left: readonly Kept[], right: readonly Kept[]): string[] {
  const names = (kept: readonly Kept[]) => new Map(kept.map((k) => [toHex(k.leaf.treeKey), k]));
  const [a, b] = [names(left), names(right)];
  return [...new Set([...a.keys(), ...b.keys()])].sort().flatMap((name) => {
    const [here, there] = [a.get(name), b.get(name)];
    const key = (here ?? there)?.key;
    const [x, y] = [here?.leaf.valueHash, there?.leaf.valueHash];
    const isSame = x !== undefined && y !== undefined && toHex(x) === toHex(y);
    return key === undefined || isSame ? [] : [line(key, x, y)];
  });
}

const stateArbitrary = fc
  .uniqueArray(fc.tuple(fc.nat(150), fc.nat(1)), { maxLength: 120, selector: ([id]) => id })
  .map((rows) => rows.map(keptOf));

describe('client: differences of two states', () => {
  it('given any two states, then exactly the records that differ are named, in order', async () => {
    await fc.assert(
      fc.asyncProperty(stateArbitrary, stateArbitrary, async (left, right) => {
        expect(await differences(left, right)).to.deep.equal(expectedOf(left, right));
      }),
      { numRuns: 200 },
    );
  });

  it('given one record of 5,000 that differs, then a few questions find it', async () => {
    const rows = Array.from({ length: 5000 }, (_, id): readonly [number, number] => [id, 0]);
    const asked: string[] = [];
    const left = readerOf(rows.map(keptOf), asked);
    const right = readerOf(rows.with(1234, [1234, 1]).map(keptOf));
    const found: RecordKey[] = [];

    for await (const { key } of diffStates(left, right, HEIGHT)) found.push(key);

    expect(found).to.deep.equal([keptOf([1234, 0]).key]);
    expect(asked.length).to.be.below(6);
  });

  it('given a node that answers with a place above the one asked for, then it is malformed', async () => {
    const root = { height: HEIGHT, stateRoot: '11'.repeat(32), kind: 'node', place: '00' };
    const slots = Array.from({ length: 16 }, () => toHex(asHash(new Uint8Array(32).fill(1))));
    const world = createWorld({ a: () => json({ ...root, slots }) });
    const client = createClient({ urls: ['http://a'] }, world);
    await client.subtree(ROOT_PLACE);

    const error = await failureOf(client.subtree({ prefix: Uint8Array.of(0, 0x10), depth: 3 }));

    expect(error.code).to.equal('CLIENT_ANSWER_MALFORMED');
  });
});
