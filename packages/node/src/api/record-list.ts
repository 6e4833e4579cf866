/**
 * Lists of records: a page walks the record set, or one partition or key prefix of it, in key order
 * from a cursor, keeps what a query wants, and ends early when it has read its share.
 */
import type { ManifestRecord } from '@daybook/contracts';
import { decodeRecord, keyPrefixOf } from '@daybook/contracts';
import type { RecordKey, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { overdueAt } from './contract-view.ts';
import { encodeCursor, placeOf } from './cursor.ts';
import { API_LIMITS } from './limits.ts';
import type { Head, Records, StoredRecord } from './ports.ts';
import type { InputFault, Problem } from './problem.ts';
import { problemOf } from './problem.ts';
import { nextTurn } from './turns.ts';

/** Which records of a set a list wants. */
export interface Selection {
  /** Values of the leading key fields, JSON form, as far as they are given. */
  readonly leading: Readonly<Record<string, unknown>>;
  readonly where?: { readonly field: string; readonly is: readonly string[] };
  /** Only records past this deadline. */
  readonly overdue?: string;
  /** Only records not past this deadline. */
  readonly inTime?: string;
}

export interface PageRequest {
  readonly cursor: Uint8Array | undefined;
  readonly limit: number;
  readonly height: number | undefined;
}

export interface RecordPage {
  readonly head: Head;
  readonly records: readonly StoredRecord[];
  readonly next: string | undefined;
}

/** Records read at once; a page that filters reads several times. */
const CHUNK = 50;

/** Where a walk begins and what belongs to it. */
interface Walk {
  readonly within: { readonly set: number; readonly partition?: Uint8Array };
  readonly prefix: Uint8Array;
  /** The last record looked at. */
  after: RecordKey | undefined;
  readonly kept: StoredRecord[];
  scanned: number;
  /** Bytes of the values looked at. */
  bytes: number;
}

/** @returns the page, or what is wrong with selection, cursor or height */
export async function readRecordPage(
  spec: ManifestRecord,
  selection: Selection,
  request: PageRequest,
  records: Records,
): Promise<Result<RecordPage, Problem>> {
  const started = startWalk(spec, selection, request.cursor);
  if (!started.ok) return started;
  const walk = started.value;
  const { limit } = request;
  let state: Reading = { height: request.height };
  while (true) {
    const chunk = await readChunk(walk, state.height, records);
    if (!chunk.ok) return chunk;
    // Blocks may become final between two chunks: all of a page is of one state.
    const { head = chunk.value.head } = state;
    state = { head, height: state.height ?? head.height };
    const wanted = (record: StoredRecord): boolean =>
      isWanted(spec, record, selection, head.timestampMs);
    const walked = takeChunk(walk, chunk.value.records, { limit, wanted });
    if (walked === 'ended') return ok(page(head, walk.kept));
    if (walked === 'full') return ok(page(head, walk.kept, walk.after));
    await nextTurn();
  }
}

/** The state that a page shows: the newest until the first chunk says which that is. */
interface Reading {
  readonly head?: Head;
  readonly height: number | undefined;
}

/** Takes what is wanted of a chunk: 'ended' after the last record, 'full' after a page's share. */
function takeChunk(
  walk: Walk,
  found: readonly StoredRecord[],
  { limit, wanted }: { readonly limit: number; readonly wanted: (r: StoredRecord) => boolean },
): 'ended' | 'full' | 'more' {
  for (const record of found) {
    if (!startsWith(record.key.key, walk.prefix)) return 'ended';
    walk.scanned += 1;
    walk.after = record.key;
    walk.bytes += record.value.length;
    if (!wanted(record)) continue;
    walk.kept.push(record);
    if (walk.kept.length === limit) return 'full';
  }
  if (found.length < CHUNK) return 'ended';
  const enough = walk.scanned >= API_LIMITS.scanCountMax || walk.bytes >= API_LIMITS.pageBytesMax;
  return enough ? 'full' : 'more';
}

function page(head: Head, records: readonly StoredRecord[], last?: RecordKey): RecordPage {
  const next = last === undefined ? undefined : encodeCursor([last.partition ?? null, last.key]);
  return { head, records, next };
}

async function readChunk(
  walk: Walk,
  height: number | undefined,
  records: Records,
): Promise<Result<{ readonly head: Head; readonly records: readonly StoredRecord[] }, Problem>> {
  const { within, after } = walk;
  const chunk = await records.list(within, {
    limit: CHUNK,
    ...(after !== undefined && { after }),
    ...(height !== undefined && { height }),
  });
  return chunk.ok ? chunk : fail(problemOf(chunk.reason));
}

function startWalk(
  spec: ManifestRecord,
  { leading }: Selection,
  cursor: Uint8Array | undefined,
): Result<Walk, Problem> {
  const gap = gapFault(spec, leading);
  if (gap !== undefined) return fail({ code: 'NODE_INPUT_INVALID', errors: [gap] });
  const prefix = keyPrefixOf(spec, leading);
  if (!prefix.ok) {
    const errors = prefix.reason.map(({ pointer, expected, found }) => ({
      parameter: pointer.slice(1),
      expected,
      found,
    }));
    return fail({ code: 'NODE_INPUT_INVALID', errors });
  }
  const within = withinOf(spec, leading);
  const start = cursor === undefined ? startKey(within, prefix.value.prefix) : keyAt(spec, cursor);
  if (cursor !== undefined && start === undefined) return fail({ code: 'NODE_CURSOR_INVALID' });
  return ok({
    within,
    prefix: prefix.value.prefix,
    after: start,
    kept: [],
    scanned: 0,
    bytes: 0,
  });
}

/** Leading fields are given without a gap, and either no part of a partition or all of it. */
function gapFault(
  spec: ManifestRecord,
  leading: Readonly<Record<string, unknown>>,
): InputFault | undefined {
  const names = Object.keys(spec.key);
  const given = names.filter((name) => leading[name] !== undefined).length;
  if (given === 0) return undefined;
  const needed = Math.max(given, spec.partition);
  const missing = names.slice(0, needed).find((name) => leading[name] === undefined);
  if (missing === undefined) return undefined;
  const expected = 'a value, because a later or neighbouring key field is given';
  return { parameter: missing, expected, found: 'nothing' };
}

function withinOf(
  spec: ManifestRecord,
  leading: Readonly<Record<string, unknown>>,
): Walk['within'] {
  const names = Object.keys(spec.key).slice(0, spec.partition);
  if (names.length === 0 || names.some((name) => leading[name] === undefined)) {
    return { set: spec.set };
  }
  const values = Object.fromEntries(names.map((name) => [name, leading[name]]));
  const partition = keyPrefixOf(spec, values);
  return partition.ok ? { set: spec.set, partition: partition.value.prefix } : { set: spec.set };
}

/** No key equals a mere prefix, so the walk after the prefix begins with the first key under it. */
function startKey({ set, partition }: Walk['within'], prefix: Uint8Array): RecordKey | undefined {
  if (prefix.length === 0) return undefined;
  return partition === undefined ? { set, key: prefix } : { set, partition, key: prefix };
}

function keyAt({ set }: ManifestRecord, cursor: Uint8Array): RecordKey | undefined {
  const place = placeOf(cursor);
  if (!Array.isArray(place) || place.length !== 2) return undefined;
  const [partition, key] = place as readonly unknown[];
  if (!(key instanceof Uint8Array)) return undefined;
  if (partition === null) return { set, key };
  return partition instanceof Uint8Array ? { set, partition, key } : undefined;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, index) => bytes[index] === byte);
}

function isWanted(
  spec: ManifestRecord,
  { value }: StoredRecord,
  { where, overdue, inTime }: Selection,
  timeMs: number,
): boolean {
  if (where === undefined && overdue === undefined && inTime === undefined) return true;
  const fields = decodeRecord(spec, value)?.fields;
  if (fields === undefined) return false;
  if (where !== undefined && !where.is.includes(String(fields[where.field]))) return false;
  const passed = overdueAt(spec, fields, timeMs) ?? [];
  if (inTime !== undefined && passed.includes(inTime)) return false;
  return overdue === undefined || passed.includes(overdue);
}
