/** What holds for a stored version as a whole: its ranges are complete, its tree adds up. */
import type { Hash, TreePlace } from '@daybook/core';
import {
  compareBytes,
  decodeRangeProof,
  encodeRangeProof,
  keyBefore,
  nodeLabel,
  placeOfSlot,
  ROOT_PLACE,
  slotsRoot,
  treeKeyOf,
  treePairHash,
  treePrefixOf,
  treeRootOf,
  valueHashOf,
  verifyRangeProof,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import type { StateStore } from '../../src/index.ts';
import type { ModelState } from './model.ts';
import { nameOf, recordsOf } from './model.ts';

/** Every set, page by page: each page is proven, the pages stand side by side, nothing is missing. */
export function expectRanges(
  store: StateStore,
  state: ModelState,
  height: number,
  limit: number,
): void {
  for (const place of [{ set: 1 }, { set: 3 }, { set: 3, partition: Uint8Array.of(0x61, 2) }]) {
    const expected = recordsOf(state, place.set, place.partition).map(({ key }) => nameOf(key));
    const found: string[] = [];
    let from: Uint8Array | undefined = treePrefixOf(place);
    while (from !== undefined) {
      const page = store.proveRange(place, { from, limit, bytesMax: 1000, height });
      expect(page.range.from).to.deep.equal(from);
      const leaves = page.records.map(({ key, value }) => ({
        treeKey: treeKeyOf(key),
        valueHash: valueHashOf(value),
      }));
      const decoded = decodeRangeProof(encodeRangeProof(page.proof));
      if (!decoded.ok) throw new Error(decoded.reason.code);
      const verdict = verifyRangeProof(page.root, page.range, leaves, decoded.value);
      expect(verdict, `set ${place.set} at ${height}`).to.deep.equal({
        ok: true,
        value: undefined,
      });
      found.push(...page.records.map(({ key }) => nameOf(key)));
      from = page.next;
      expect(page.range.to).to.deep.equal(
        from === undefined ? treePrefixOf(place) : keyBefore(from),
      );
    }
    expect(found, `set ${place.set}`).to.have.members(expected);
  }
}

/** The tree from the root down: hashes of the parts add up to those of the parts above. */
export function expectSubtrees(store: StateStore, height: number): void {
  const hashAt = (place: TreePlace): Hash => {
    const { part } = store.subtree(place, height);
    if (part.kind === 'empty') return ZERO_HASH;
    if (part.kind === 'bucket') {
      const leaves = part.records.map(({ key, valueHash }) => ({
        treeKey: treeKeyOf(key),
        valueHash,
      }));
      return treeRootOf(leaves.toSorted((a, b) => compareBytes(a.treeKey, b.treeKey)));
    }
    for (const [slot, hash] of part.slots.entries()) {
      expect(hashAt(placeOfSlot(part, slot))).to.deep.equal(hash);
    }
    return treePairHash(slotsRoot(part.slots), nodeLabel(part.depth, part.prefix));
  };
  expect(hashAt(ROOT_PLACE)).to.deep.equal(store.rootAt(height));
}
