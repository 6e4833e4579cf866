/** States that are staged: several on one parent, long chains, and readers of them. */
import { expect } from 'chai';
import fc from 'fast-check';
import { StateError } from '../../src/index.ts';
import { applyWrites, keyOf, rootOf, write } from './model.ts';
import { commitAll, createWorld, expectState, open, toWrites, writesArbitrary } from './world.ts';

describe('state: staged states', () => {
  it('given several candidates on one parent, and children of candidates, each root is right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writesArbitrary, { minLength: 8, maxLength: 8 }), async (picks) => {
        const blocks = picks.map((block, at) => toWrites(at, block));
        const [base = [], a1 = [], a2 = [], a3 = [], b1 = [], b2 = [], c1 = [], c2 = []] = blocks;
        const store = await open(createWorld());
        const start = applyWrites(new Map(), base);
        await commitAll(store, [base]);

        // Two chains of candidates on one parent; the first is committed while the rest is staged.
        const first = store.stage({ height: 1, writes: a1 });
        const other = store.stage({ height: 1, writes: b1 });
        const second = store.stage({ height: 2, parent: first, writes: a2 });
        const rival = store.stage({ height: 2, parent: other, writes: b2 });
        const third = store.stage({ height: 3, parent: second, writes: a3 });
        const afterFirst = applyWrites(start, a1);
        const afterSecond = applyWrites(afterFirst, a2);
        const afterThird = applyWrites(afterSecond, a3);
        expect(first.root).to.deep.equal(rootOf(afterFirst));
        expect(rival.root).to.deep.equal(rootOf(applyWrites(applyWrites(start, b1), b2)));
        expect(third.root).to.deep.equal(rootOf(afterThird));
        await store.commit(first);
        expect(() => rival.reader.get(keyOf(1))).to.throw(StateError);
        const late = store.stage({ height: 3, parent: second, writes: c1 });
        expect(late.root).to.deep.equal(rootOf(applyWrites(afterSecond, c1)));
        await store.commit(second);
        await store.commit(third);
        await commitAll(store, [c2]);

        expectState(store, afterFirst, 1);
        expectState(store, afterSecond, 2);
        expectState(store, afterThird, 3);
        expectState(store, applyWrites(afterThird, c2), 4);
      }),
      { numRuns: 80 },
    );
  });

  it('given a long chain of candidates, when another is staged beside it, then the chain stays whole', async () => {
    const store = await open(createWorld());
    await commitAll(store, [[write(1, 'genesis')]]);
    const chain = [store.stage({ height: 1, writes: [write(2, 'fetched')] })];
    for (let height = 2; height <= 40; height++) {
      const parent = chain.at(-1);
      chain.push(
        store.stage({ height, writes: [write(height, 'fetched')], ...(parent && { parent }) }),
      );
      // A validator that catches up may be asked to propose at any moment.
      store.stage({ height: 1, writes: [write(3, `own ${height}`)] });
    }

    for (const staged of chain) await store.commit(staged);

    expect(store.appliedHeight()).to.equal(40);
    expect(store.view().get(keyOf(40))).to.not.equal(undefined);
    await store.close();
  });

  it('spec S-13: given a staged state, its reader sees it before, while and after it is committed', async () => {
    const store = await open(createWorld());
    await commitAll(store, [[write(1, 'old'), write(2, 'two')]]);
    const staged = store.stage({ height: 1, writes: [write(1, 'new'), write(2, undefined)] });

    const read = (): unknown[] => [staged.reader.get(keyOf(1)), staged.reader.get(keyOf(2))];
    const expected = [new TextEncoder().encode('new'), undefined];
    expect(read()).to.deep.equal(expected);
    expect(store.view().get(keyOf(1))).to.deep.equal(new TextEncoder().encode('old'));
    const committing = store.commit(staged);
    expect(read()).to.deep.equal(expected);
    await committing;
    expect(read()).to.deep.equal(expected);
    expect(store.view().get(keyOf(1))).to.deep.equal(expected[0]);
  });
});
