import { expect } from 'chai';
import fc from 'fast-check';
import { NodeTable } from '../../src/tree/node-table.ts';
import type { InnerNode } from '../../src/tree/nodes.ts';
import { InnerPool } from '../../src/tree/nodes.ts';

const pool = new InnerPool();
/** Places that crowd each other, and some beyond 2^32. */
const placeArbitrary = fc
  .tuple(fc.nat(60), fc.constantFrom(1, 1000, 2 ** 31, 2 ** 33 + 7))
  .map(([step, stride]) => 8 + step * stride);
const changeArbitrary = fc.tuple(fc.boolean(), placeArbitrary);

/** Puts nodes in and takes them out, in the table and in a map. */
function played(changes: readonly (readonly [isPut: boolean, place: number])[]) {
  const table = new NodeTable();
  const model = new Map<number, InnerNode>();
  for (const [isPut, place] of changes) {
    if (isPut) {
      const node = pool.take();
      table.set(place, node);
      model.set(place, node);
    } else {
      expect(table.take(place)).to.equal(model.get(place));
      model.delete(place);
    }
  }
  return { table, model };
}

/** Whether two lists are the same nodes in any order. */
function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  const others = new Set(b);
  return a.length === b.length && new Set(a).size === a.length && a.every((one) => others.has(one));
}

describe('state: table of cached nodes', () => {
  it('given any changes, it holds what a map would', () => {
    fc.assert(
      fc.property(
        fc.array(changeArbitrary, { maxLength: 300 }),
        placeArbitrary,
        (changes, other) => {
          const { table, model } = played(changes);

          expect(table.size).to.equal(model.size);
          for (const [place, node] of model) expect(table.get(place)).to.equal(node);
          expect(table.get(other)).to.equal(model.get(other));
          expect(areSame(table.takeAll(), [...model.values()])).to.equal(true);
          expect(table.size).to.equal(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('given some nodes in use, it gives up the others first and then all', () => {
    const table = new NodeTable();
    const nodes = Array.from({ length: 200 }, (_, index) => {
      const node = pool.take();
      node.wasUsed = index % 3 === 0;
      table.set(8 + 5 * index, node);
      return node;
    });
    const inUse = new Set(nodes.filter(({ wasUsed }) => wasUsed));

    const first = Array.from({ length: 100 }, () => table.takeUnused());
    const rest = Array.from({ length: 100 }, () => table.takeUnused());

    expect(areSame([...first, ...rest], nodes)).to.equal(true);
    expect(first.filter((node) => node !== undefined && inUse.has(node))).to.have.length.below(10);
    expect(table.takeUnused()).to.equal(undefined);
  });
});
