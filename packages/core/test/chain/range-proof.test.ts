/** Completeness of ranges of the state tree (spec S-15), against the prover by definition. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { RangeProof, TreeLeaf, TreeRange } from '../../src/index.ts';
import {
  compareBytes,
  decodeRangeProof,
  encodeRangeProof,
  isInRange,
  LIMITS,
  sha256,
  treeRootOf,
  verifyRangeProof,
} from '../../src/index.ts';
import { proveRange } from '../fixtures/prover.ts';
import { keyArbitrary, keyOf, leavesOf } from '../fixtures/tree-keys.ts';

const setOf = (set: number): Uint8Array => Uint8Array.of(0, 0, 0, set);
const wholeSet = (set: number): TreeRange => ({ from: setOf(set), to: setOf(set) });
const within = (leaves: readonly TreeLeaf[], range: TreeRange): readonly TreeLeaf[] =>
  leaves.filter(({ treeKey }) => isInRange(treeKey, range));

/** `whole`, or the code of the failure. */
function judge(
  all: readonly TreeLeaf[],
  range: TreeRange,
  { shown, bytes }: { readonly shown: readonly TreeLeaf[]; readonly bytes: Uint8Array },
): string {
  const decoded = decodeRangeProof(bytes);
  if (!decoded.ok) return decoded.reason.code;
  const verified = verifyRangeProof(treeRootOf(all), range, shown, decoded.value);
  return verified.ok ? 'whole' : verified.reason.code;
}

const rangeArbitrary = fc.oneof(
  fc.integer({ min: 0, max: 4 }).map(wholeSet),
  keyArbitrary.map((key) => ({ from: key.slice(0, 20), to: key.slice(0, 20) })),
  fc.tuple(keyArbitrary, keyArbitrary, fc.nat(52), fc.nat(52)).map(([a, b, x, y]) => {
    const [low, high] = compareBytes(a, b) <= 0 ? [a, b] : [b, a];
    return { from: low.slice(0, x), to: high.slice(0, y) };
  }),
);
const leavesArbitrary = fc
  .uniqueArray(keyArbitrary, { maxLength: 120, selector: (key) => key.join() })
  .map(leavesOf);

describe('core: range proof', () => {
  it('spec S-15: given any records and any range, then exactly those in the range are whole', () => {
    fc.assert(
      fc.property(leavesArbitrary, rangeArbitrary, (leaves, range) => {
        const bytes = encodeRangeProof(proveRange(leaves, range));
        const shown = within(leaves, range);
        expect(judge(leaves, range, { shown, bytes })).to.equal('whole');
      }),
      { numRuns: 300 },
    );
  });

  it('spec S-15: given one record left out, added or changed, then nothing is proven', () => {
    fc.assert(
      fc.property(leavesArbitrary, rangeArbitrary, fc.nat(), (leaves, range, pick) => {
        const bytes = encodeRangeProof(proveRange(leaves, range));
        const shown = within(leaves, range);
        fc.pre(shown.length > 0);
        const at = pick % shown.length;
        const [chosen] = shown.slice(at, at + 1);
        if (chosen === undefined) return;
        const other = { ...chosen, valueHash: sha256(chosen.valueHash) };
        const key = chosen.treeKey.slice();
        key[key.length - 1] = (key.at(-1) ?? 0) ^ 1;
        const left = shown.toSpliced(at, 1);
        const added = leavesOf([...shown.map(({ treeKey }) => treeKey), key]);
        for (const wrong of [left, shown.with(at, other), added]) {
          expect(judge(leaves, range, { shown: wrong, bytes })).to.not.equal('whole');
        }
      }),
      { numRuns: 200 },
    );
  });

  it('spec S-15: given a proof of fewer records for the range of more, then it is refused', () => {
    const leaves = leavesOf(Array.from({ length: 60 }, (_, seed) => keyOf(1 + (seed % 3), seed)));
    const middle = leaves[30]?.treeKey ?? setOf(2);
    const part = { from: setOf(2), to: middle };
    const bytes = encodeRangeProof(proveRange(leaves, part));

    const verdict = judge(leaves, wholeSet(2), { shown: within(leaves, part), bytes });

    expect(verdict).to.equal('CORE_STATE_PROOF_MALFORMED');
  });

  it('spec S-15: given any byte of a proof changed, then it proves nothing or the same', () => {
    const leaves = leavesOf(Array.from({ length: 90 }, (_, seed) => keyOf(1 + (seed % 3), seed)));
    const range = wholeSet(2);
    const shown = within(leaves, range);
    const bytes = encodeRangeProof(proveRange(leaves, range));
    expect(shown).to.have.length(30);
    for (const [at, byte] of bytes.entries()) {
      for (const flip of [1, 0x80]) {
        const changed = bytes.with(at, byte ^ flip);
        expect(judge(leaves, range, { shown, bytes: changed }), `byte ${at}`).to.not.equal('whole');
      }
    }
  });

  it('given records out of order, or outside the range, then the proof is malformed', () => {
    const leaves = leavesOf(Array.from({ length: 40 }, (_, seed) => keyOf(1 + (seed % 2), seed)));
    const range = wholeSet(1);
    const shown = within(leaves, range);
    const bytes = encodeRangeProof(proveRange(leaves, range));
    for (const wrong of [shown.toReversed(), [...shown, ...shown.slice(-1)], leaves]) {
      expect(judge(leaves, range, { shown: wrong, bytes })).to.equal('CORE_STATE_PROOF_MALFORMED');
    }
  });

  for (const [what, proof] of [
    ['a subtree that may lie in the range is hidden', { kind: 'hash', hash: sha256(setOf(1)) }],
    ['a subtree without records', { kind: 'within' }],
    [
      'a node above its place',
      { kind: 'other-prefix', depth: 0, prefix: new Uint8Array(), slots: sha256(setOf(2)) },
    ],
    ['a bucket of nothing', { kind: 'bucket', before: [], after: [] }],
  ] as const satisfies readonly (readonly [string, RangeProof])[]) {
    it(`given ${what}, then nothing is proven`, () => {
      const leaves = leavesOf(Array.from({ length: 40 }, (_, seed) => keyOf(2, seed)));

      const verdict = judge(leaves, wholeSet(1), { shown: [], bytes: encodeRangeProof(proof) });

      expect(verdict).to.match(/^CORE_STATE_PROOF_/);
    });
  }

  it('given bytes of strangers, then decoding answers and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        decodeRangeProof(Uint8Array.of(1, ...noise));
      }),
      { numRuns: 500 },
    );
    const deep = new Uint8Array(LIMITS.rangeProofBytesMax).fill(2);
    deep.set([1, 5, 0]);
    expect(decodeRangeProof(deep).ok).to.equal(false);
    expect(decodeRangeProof(new Uint8Array(LIMITS.rangeProofBytesMax + 1)).ok).to.equal(false);
  });

  it('given a set of 4,000 among 12,000 records, then the proof has less than 2 KiB', () => {
    const keys = Array.from({ length: 12_000 }, (_, seed) => keyOf(1 + (seed % 3), seed));
    const leaves = leavesOf(keys);
    const range = wholeSet(2);
    const bytes = encodeRangeProof(proveRange(leaves, range));

    expect(judge(leaves, range, { shown: within(leaves, range), bytes })).to.equal('whole');
    expect(bytes.length).to.be.below(2048);
  });
});
