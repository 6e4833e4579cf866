/**
 * The records of a snapshot, range after range in the order of tree keys: each is proven against the
 * state root of the header before it is kept, so a lie costs one range and names who told it.
 */
import type { TreeRange } from '@daybook/core';
import {
  compareBytes,
  keyBefore,
  ok,
  treeKeyOf,
  valueHashOf,
  verifyRangeProof,
} from '@daybook/core';
import type { ImportedRecord, StateImport } from '@daybook/state';
import type { Snapshot } from './snapshot.ts';
import type { Sources, Verdict } from './sources.ts';
import { forged } from './sources.ts';
import { decodeRecords } from './wire.ts';
import { writtenAtOf } from './written-at.ts';

/** Records of one durable step: syncing costs more than a range. */
const STEP_RECORDS = 8000;
const STEP_BYTES = 16 * 1024 * 1024;

/** Records that were proven to be all of a range. */
interface ProvenRange {
  readonly records: readonly ImportedRecord[];
  readonly next: Uint8Array | undefined;
  readonly bytes: number;
}

/** @param from  tree key at which the range begins; empty for the first one */
export function judgeRange(
  bytes: Uint8Array,
  from: Uint8Array,
  { header }: Pick<Snapshot, 'header'>,
): Verdict<ProvenRange> {
  const served = decodeRecords(bytes);
  if (!served.ok) return forged(served.reason.code);
  const { next, proof } = served.value;
  const records = served.value.records.map(({ key, value }) => ({
    recordKey: key,
    treeKey: treeKeyOf(key),
    value,
    valueHash: valueHashOf(value),
    writtenAt: writtenAtOf(value) ?? header.height,
  }));
  const last = records.at(-1);
  const isForward = next === undefined || (last && compareBytes(last.treeKey, next) < 0);
  if (isForward !== true) return forged('a range that leads nowhere');
  const range: TreeRange = { from, to: next === undefined ? new Uint8Array() : keyBefore(next) };
  const verified = verifyRangeProof(header.stateRoot, range, records, proof);
  if (!verified.ok) return forged(verified.reason.code);
  return ok({ records, next, bytes: bytes.length });
}

/**
 * Fills an import with what is missing of a snapshot. The next range is under way while the one
 * before is written.
 * @returns whether all is there; false when no peer gave the next range
 */
export async function fetchRecords(
  snapshot: Pick<Snapshot, 'header'>,
  target: StateImport,
  parts: { readonly sources: Pick<Sources, 'ask'>; readonly onProgress: (count: number) => void },
): Promise<boolean> {
  const { sources, onProgress } = parts;
  const { height } = snapshot.header;
  const fetchFrom = (from: Uint8Array): Promise<ProvenRange | undefined> =>
    sources.ask({ kind: 'records', height, from }, (bytes) => judgeRange(bytes, from, snapshot));

  const { next: first } = target.progress();
  let coming = first && fetchFrom(first);
  let step: ImportedRecord[] = [];
  let stepBytes = 0;
  while (coming !== undefined) {
    const range = await coming;
    if (range === undefined) return false;
    const { next } = range;
    coming = next && fetchFrom(next);
    step.push(...range.records);
    stepBytes += range.bytes;
    onProgress(target.progress().records + step.length);
    const isFull = step.length >= STEP_RECORDS || stepBytes >= STEP_BYTES;
    if (!isFull && next !== undefined) continue;
    await target.add(step, next);
    step = [];
    stepBytes = 0;
  }
  return true;
}
