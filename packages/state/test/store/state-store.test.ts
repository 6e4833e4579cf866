/** The state store against a model: any blocks, old versions, proofs, lists and histories. */
import type { StateProof } from '@daybook/core';
import {
  decodeStateProof,
  encodeStateProof,
  toHex,
  treeKeyOf,
  verifyStateProof,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { StateStore } from '../../src/index.ts';
import { StateError } from '../../src/index.ts';
import type { ModelState } from './model.ts';
import { keyOf, nameOf, write } from './model.ts';
import { expectRanges, expectSubtrees } from './whole.ts';
import {
  blocksArbitrary,
  commitAll,
  createWorld,
  expectLists,
  expectState,
  open,
  RETAINED,
  statesOf,
  toWrites,
} from './world.ts';

function claimOf(root: Uint8Array, id: number, proof: StateProof): string {
  const decoded = decodeStateProof(encodeStateProof(proof));
  if (!decoded.ok) return decoded.reason.code;
  const verified = verifyStateProof(root as typeof ZERO_HASH, treeKeyOf(keyOf(id)), decoded.value);
  if (!verified.ok) return verified.reason.code;
  return verified.value.kind;
}

function expectProofs(store: StateStore, state: ModelState, height: number): void {
  for (const id of [0, 3, 7, 11, 399]) {
    const { proof, root } = store.prove(keyOf(id), height);
    const expected = state.has(nameOf(keyOf(id))) ? 'present' : 'absent';
    expect(claimOf(root, id, proof), `proof of ${id} at ${height}`).to.equal(expected);
  }
}

describe('state: store', () => {
  it('given nothing, the store has no height, no records, and no root', async () => {
    const store = await open(createWorld());

    expect(store.appliedHeight()).to.equal(undefined);
    expect(store.view().get(keyOf(1))).to.equal(undefined);
    expect(store.rootAt(0)).to.equal(undefined);
    expect(store.stage({ height: 0, writes: [] }).root).to.deep.equal(ZERO_HASH);
  });

  it('spec S-5, S-12: given any blocks, roots, values, proofs, lists and old versions are those of the model', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, async (picks) => {
        const blocks = picks.map((block, height) => toWrites(height, block));
        const states = statesOf(blocks);
        const store = await open(createWorld());
        await commitAll(store, blocks);

        const newest = blocks.length - 1;
        for (let height = Math.max(0, newest - RETAINED + 1); height <= newest; height++) {
          const state = states[height] ?? new Map();
          expectState(store, state, height);
          expectProofs(store, state, height);
          expectRanges(store, state, height, 1 + (height % 40));
          expectSubtrees(store, height);
          await expectLists(store, state, height);
        }
        await store.close();
      }),
      { numRuns: 60 },
    );
  });

  it('spec S-4: given the same records by any way, the root is the same', async () => {
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, fc.array(fc.nat(400)), async (picks, removed) => {
        const blocks = picks.map((block) => block.map(([id]) => write(id, `value ${id}`)));
        const extra = removed.map((id) => write(id, 'passing'));
        const all = blocks.flat();
        const keep = new Set(all.map(({ recordKey }) => nameOf(recordKey)));
        const gone = extra.filter(({ recordKey }) => !keep.has(nameOf(recordKey)));
        const first = await open(createWorld());
        const second = await open(createWorld());

        await commitAll(first, [all]);
        await commitAll(second, [
          gone,
          ...blocks.toReversed(),
          gone.map((one) => ({ ...one, value: undefined })),
        ]);

        const heights = [first.appliedHeight() ?? 0, second.appliedHeight() ?? 0] as const;
        expect(second.rootAt(heights[1])).to.deep.equal(first.rootAt(heights[0]));
      }),
      { numRuns: 60 },
    );
  });

  it('given a height outside the window, reading it is refused by name', async () => {
    const store = await open(createWorld());
    await commitAll(
      store,
      Array.from({ length: 10 }, (_, at) => [write(at, `v${at}`)]),
    );
    const old = store.view(5);
    await commitAll(store, [[write(1, 'x')], [write(1, 'y')]]);

    for (const act of [() => store.view(0), () => store.view(12), () => old.get(keyOf(1))]) {
      expect(act).to.throw(StateError).with.property('code', 'STATE_VERSION_PRUNED');
    }
  });

  it('given pages, a list goes through a partition in key order and leaves none out', async () => {
    const store = await open(createWorld());
    const ids = Array.from({ length: 120 }, (_, id) => id);
    await commitAll(store, [ids.map((id) => write(id, `v${id}`)), [write(2, undefined)]]);

    const partition = keyOf(2).partition ?? new Uint8Array();
    const found: string[] = [];
    let after: { after?: ReturnType<typeof keyOf> } = {};
    while (true) {
      const page = await store.list({ set: 3, partition }, { limit: 3, ...after });
      found.push(...page.map(({ key }) => toHex(key.key)));
      const last = page.at(-1);
      if (last === undefined) break;
      after = { after: last.key };
    }
    const expected = ids
      .map(keyOf)
      .filter((key) => key.partition?.[1] === partition[1] && key.set === 3);
    const keys = expected.map(({ key }) => toHex(key)).filter((key) => key !== toHex(keyOf(2).key));
    expect(found).to.deep.equal(keys.toSorted());
  });

  it('given a record removed and created again, lists show it for ever', async () => {
    const store = await open(createWorld());
    await commitAll(store, [
      [write(1, 'first'), write(4, 'first'), write(7, 'first')],
      [write(1, undefined), write(4, undefined), write(7, undefined)],
      [write(1, 'second'), write(7, 'second')],
      ...Array.from({ length: 100 }, () => []),
      [write(7, undefined)],
      ...Array.from({ length: 150 }, () => []),
    ]);

    const listed = await store.list({ set: keyOf(1).set }, { limit: 10 });
    expect(listed.map(({ key }) => key)).to.deep.equal([keyOf(1)]);
    await commitAll(store, [[write(7, 'third')], ...Array.from({ length: 220 }, () => [])]);
    const later = await store.list({ set: keyOf(1).set }, { limit: 10 });
    expect(later.map(({ key }) => key)).to.deep.equal([keyOf(1), keyOf(7)]);
  });
});
