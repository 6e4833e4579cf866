/**
 * Final blocks that sync appends, grouped: each group is one record, written at once and synced once,
 * so that a crash leaves all of its blocks or none.
 */
import type { FinalBlock } from './block-log.ts';
import { encodeCandidate, encodeFinalisation } from './block-record.ts';

/** Far below what a record may hold. */
const GROUP_BYTES_MAX = 16 * 1024 * 1024;

/** A block of a range with its records: body, and what made it final. */
export interface RangeEntry {
  readonly block: FinalBlock;
  readonly records: readonly [candidate: Uint8Array, final: Uint8Array];
}

/** Splits a range so that each part fits comfortably into one record. */
export function* groupsOf(blocks: readonly FinalBlock[]): Generator<readonly RangeEntry[]> {
  let group: RangeEntry[] = [];
  let size = 0;
  for (const block of blocks) {
    const records = [encodeCandidate(block), encodeFinalisation(block)] as const;
    const added = records[0].length + records[1].length;
    if (size > 0 && size + added > GROUP_BYTES_MAX) {
      yield group;
      group = [];
      size = 0;
    }
    group.push({ block, records });
    size += added;
  }
  yield group;
}
