/**
 * A page of a list out of the tree alone, for versions that the index of records no longer serves:
 * what was removed since has left it. The whole place is read, because the tree has another order.
 */
import type { RecordKey, RecordPlace } from '@daybook/core';
import { compareBytes, treeKeyOf, treePrefixOf } from '@daybook/core';
import type { Child } from '../tree/child.ts';
import type { RangeParts } from '../tree/ranges.ts';
import { recordsIn } from '../tree/ranges.ts';
import { readValue } from '../tree/values.ts';
import { recordIndexKey } from './key-space.ts';
import type { StoredRecord } from './state-store.ts';

interface Found extends StoredRecord {
  readonly indexKey: Uint8Array;
}

/** @throws StateError STATE_DAMAGED */
export function listFromTree(
  tree: Child,
  place: RecordPlace,
  { after, limit }: { readonly after?: RecordKey | undefined; readonly limit: number },
  { nodes, values }: RangeParts,
): readonly StoredRecord[] {
  const prefix = treePrefixOf(place);
  const start = after && recordIndexKey(after);
  let found: Found[] = [];
  for (const { treeKey, ref } of recordsIn(tree, { from: prefix, to: prefix }, nodes)) {
    const { key, value } = readValue(values, ref);
    if (value === undefined || compareBytes(treeKeyOf(key), treeKey) !== 0) {
      throw values.damage(ref, 'a value of another record than its leaf');
    }
    const indexKey = recordIndexKey(key);
    if (start !== undefined && compareBytes(indexKey, start) <= 0) continue;
    found.push({ indexKey, key, value });
    if (found.length >= 2 * limit + SLACK) found = firstOf(found, limit);
  }
  nodes.trim();
  return firstOf(found, limit).map(({ key, value }) => ({ key, value }));
}

/** Records above the limit that are sorted away together. */
const SLACK = 1000;

function firstOf(found: readonly Found[], limit: number): Found[] {
  return found.toSorted((a, b) => compareBytes(a.indexKey, b.indexKey)).slice(0, limit);
}
