/**
 * The versions of one record, newest first: a walk along the value log. Of a record that was removed
 * the way starts at its newest removal, which the database remembers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Height, RecordKey } from '@daybook/core';
import { createWriter, decodeBinary } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { Ref } from '../tree/record-form.ts';
import type { RecordLog } from '../tree/record-log.ts';
import type { Space } from '../tree/space.ts';
import { describeRecord, isSameRecord, readValue } from '../tree/values.ts';
import type { HistoryOptions, RecordVersion } from './state-store.ts';

/** A removal of a record: where the value log says so. */
export interface Removal {
  readonly height: Height;
  readonly ref: Ref;
}

/** Removals remembered of one record: more than a rollback can undo is not needed. */
const REMOVALS_MAX = 4;
/** Versions looked at in one turn of the event loop: some milliseconds. */
const STEPS_PER_TURN = 200;

/** The list after one more removal, newest first; an entry of the same height is replaced. */
export function addRemoval(removals: readonly Removal[], added: Removal): readonly Removal[] {
  const older = removals.filter(({ height }) => height < added.height);
  return [added, ...older].slice(0, REMOVALS_MAX);
}

export function encodeRemovals(removals: readonly Removal[]): Uint8Array {
  const writer = createWriter();
  for (const { height, ref } of removals) {
    writer.u64(height);
    writer.u64(ref);
  }
  return writer.finish();
}

/** Removals up to a height; later ones were rolled back. */
export function decodeRemovals(
  path: string,
  bytes: Uint8Array | undefined,
  newest: Height,
): readonly Removal[] {
  if (bytes === undefined) return [];
  const decoded = decodeBinary(bytes, 'removals', (reader) =>
    Array.from({ length: bytes.length / 16 }, () => ({ height: reader.u64(), ref: reader.u64() })),
  );
  if (decoded.ok) return decoded.value.filter(({ height }) => height <= newest);
  throw new StateError({ code: 'STATE_DAMAGED', path, offset: 0, fact: 'malformed removals' });
}

/**
 * Versions from a place on, newest first, as far as they are kept. The way to old versions leads
 * over all newer ones, maybe millions; others get their turn meanwhile.
 * @throws StateError STATE_DAMAGED
 */
export async function walkHistory(
  { values, space }: { readonly values: RecordLog; readonly space: Space },
  start: Ref,
  key: RecordKey,
  { limit, before }: HistoryOptions,
): Promise<readonly RecordVersion[]> {
  const versions: RecordVersion[] = [];
  let left = STEPS_PER_TURN;
  for (let ref = start; ref !== 0 && versions.length < limit; left -= 1) {
    if (left === 0) {
      await nextTurn();
      left = STEPS_PER_TURN;
    }
    if (!space.has(values.segmentOf(ref))) break;
    const { height, value, previous, key: found } = readValue(values, ref);
    if (!isSameRecord(found, key)) {
      throw values.damage(ref, `a value of another record than ${describeRecord(key)}`);
    }
    if (before === undefined || height < before) versions.push({ height, value });
    ref = previous;
  }
  return versions;
}
