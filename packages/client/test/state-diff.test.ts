/** Comparing two states, against the difference of two sets. */
import type { Hash, RecordKey } from '@daybook/core';
import {
  asHash,
  nodeLabel,
  placeToText,
  ROOT_PLACE,
  slotsRoot,
  toHex,
  treeKeyOf,
  treePairHash,
} from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { ComparedState } from '../src/index.ts';
import { createClient, diffStates } from '../src/index.ts';
import type { Kept } from './fixtures/state-node.ts';
import { keptOf, partAt, rootOf, sortKept, stateNode } from './fixtures/state-node.ts';
import { createWorld, failureOf, json } from './fixtures/world.ts';

const HEIGHT = 7;

/** A node by the definition of the tree. @param asked  notes every question */
function stateOf(kept: readonly Kept[], asked: string[] = []): ComparedState {
  const sorted = sortKept(kept);
  const stateRoot = rootOf(sorted);
  return {
    stateRoot,
    subtree: async (place, height = HEIGHT) => {
      asked.push(placeToText(place));
      return { height, stateRoot, part: partAt(sorted, place) };
    },
  };
}

async function differences(left: readonly Kept[], right: readonly Kept[]): Promise<string[]> {
  const found: string[] = [];
  for await (const one of diffStates(stateOf(left), stateOf(right), HEIGHT)) {
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
    const left = stateOf(rows.map(keptOf), asked);
    const right = stateOf(rows.with(1234, [1234, 1]).map(keptOf));
    const found: RecordKey[] = [];

    for await (const { key } of diffStates(left, right, HEIGHT)) found.push(key);

    expect(found).to.deep.equal([keptOf([1234, 0]).key]);
    expect(asked.length).to.be.below(6);
  });

  it('given a node that answers with a place above the one asked for, then it is malformed', async () => {
    const hashes = Array.from({ length: 16 }, () => asHash(new Uint8Array(32).fill(1)));
    const stateRoot = treePairHash(slotsRoot(hashes), nodeLabel(2, Uint8Array.of(0)));
    const root = { height: HEIGHT, stateRoot: toHex(stateRoot), kind: 'node', place: '00' };
    const world = createWorld({ a: () => json({ ...root, slots: hashes.map(toHex) }) });
    const client = createClient({ urls: ['http://a'] }, world);
    await client.subtree(ROOT_PLACE);

    const error = await failureOf(client.subtree({ prefix: Uint8Array.of(0, 0x10), depth: 3 }));

    expect(error.code).to.equal('CLIENT_ANSWER_MALFORMED');
  });

  it('given a node that names a record set there cannot be, then it is malformed', async () => {
    for (const set of [-1, 2 ** 32]) {
      const records = [{ set, key: '01', valueHash: '00'.repeat(32) }];
      const answer = { height: HEIGHT, stateRoot: '00'.repeat(32), records };
      const client = createClient({ urls: ['http://a'] }, createWorld({ a: () => json(answer) }));

      const failure = await failureOf(client.subtree(ROOT_PLACE));

      expect(failure.code).to.equal('CLIENT_ANSWER_MALFORMED');
    }
  });

  it('given a node that shows other parts than those of its root, then it is named, whichever part it is', async () => {
    const rows = Array.from({ length: 400 }, (_, id): readonly [number, number] => [id, 0]);
    const kept = rows.with(123, [123, 1]).map(keptOf);
    const world = createWorld({
      // Its root tells of a record that differs; the parts below it are those of the other.
      a: (url) => json(stateNode(rows.map(keptOf), HEIGHT)(url)),
      b: (url) => json(stateNode(kept, HEIGHT, rows.map(keptOf))(url)),
    });
    const stateAt = async (url: string) => {
      const { subtree } = createClient({ urls: [url] }, world);
      return { subtree, stateRoot: (await subtree(ROOT_PLACE, HEIGHT)).stateRoot };
    };

    const differences = diffStates(await stateAt('http://a'), await stateAt('http://b'), HEIGHT);
    const error = await failureOf(differences.next());

    expect(error.failure).to.include({ code: 'CLIENT_STATE_UNPROVEN', url: 'http://b' });
    expect(error.message).to.contain('http://b').and.to.contain('after block 7');
  });

  it('given a root that is not what its parts hash to, then it is refused', async () => {
    const kept = [keptOf([1, 0])];
    const honest = stateNode(kept, HEIGHT);
    const lies = {
      'another root': (url: URL) => ({ ...honest(url), stateRoot: '11'.repeat(32) }),
      'no record': (url: URL) => ({ ...honest(url), records: [] }),
      'one record twice': (url: URL) => {
        const { records = [] } = honest(url);
        return { ...honest(url), records: [...records, ...records] };
      },
    };
    for (const [name, lie] of Object.entries(lies)) {
      const world = createWorld({ a: (url) => json(lie(url)) });

      const { code } = await failureOf(
        createClient({ urls: ['http://a'] }, world).subtree(ROOT_PLACE),
      );

      expect(code, name).to.equal('CLIENT_STATE_UNPROVEN');
    }
  });

  it('given a node that answers with the state of another height, then it is malformed', async () => {
    const world = createWorld({ a: (url) => json(stateNode([keptOf([1, 0])], HEIGHT)(url)) });
    const client = createClient({ urls: ['http://a'] }, world);

    const error = await failureOf(client.subtree(ROOT_PLACE, HEIGHT + 1));

    expect(error.code).to.equal('CLIENT_ANSWER_MALFORMED');
  });
});
