/**
 * Bytes of the block log. Segment: magic 16, its mark 8, crc32c u32 of both, then records. Record: the segment's mark 8,
 * payload length u32, type u8, payload, crc32c u32 over type and payload with the length as seed.
 * Types: a candidate body, what made a candidate final, and a group of such records that is there
 * whole or not at all; those inside a group have zeros for a mark.
 *
 * The mark is random, so that no transaction can hold what looks like a record of this segment: the
 * bytes of a torn record are searched for whole ones behind it.
 */
import type { Hash } from '@daybook/core';
import {
  asHash,
  assert,
  asTransactionId,
  concatBytes,
  crc32c,
  createWriter,
  decodeBinary,
  equalBytes,
  isPlanted,
} from '@daybook/core';
import type { Candidate, Finalisation, LoggedTransaction } from './block-log.ts';

export const RECORD_CANDIDATE = 1;
export const RECORD_FINAL = 2;
export const RECORD_GROUP = 3;
/** Added to the type of a record inside a group, so that one of a torn group stands for nothing. */
const IN_GROUP = 0x80;

/** What every record of a segment begins with. */
export const MARK_BYTES = 8;
const LENGTH_AT = MARK_BYTES;
const TYPE_AT = LENGTH_AT + 4;
/** Mark, length and type before a payload. */
export const RECORD_HEAD = TYPE_AT + 1;
/** Mark, length, type and checksum around a payload. */
export const RECORD_OVERHEAD = RECORD_HEAD + 4;
/** A block and everything its execution gave stay well below. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

const RESULTS_MAX = 20_000;
const CERTIFICATE_BYTES_MAX = 64 * 1024;

/** A record as bytes that lack their mark. */
function frameRecord(type: number, payload: Uint8Array): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'a record is written only if it can be read back');
  const bytes = new Uint8Array(RECORD_OVERHEAD + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(LENGTH_AT, payload.length);
  bytes[TYPE_AT] = type;
  bytes.set(payload, RECORD_HEAD);
  view.setUint32(RECORD_HEAD + payload.length, checksumOf(bytes, payload.length));
  return bytes;
}

function checksumOf(bytes: Uint8Array, length: number): number {
  return crc32c(bytes.subarray(TYPE_AT, RECORD_HEAD + length), length);
}

/** Makes a record one of a segment, in place. */
export function markRecord(record: Uint8Array, mark: Uint8Array): void {
  record.set(mark, 0);
}

/** Bytes of the record that begins like this; undefined when no record does. */
export function recordBytes(head: Uint8Array): number | undefined {
  if (head.length < RECORD_HEAD) return undefined;
  const length = new DataView(head.buffer, head.byteOffset).getUint32(LENGTH_AT);
  return length > PAYLOAD_BYTES_MAX ? undefined : RECORD_OVERHEAD + length;
}

export interface FramedRecord {
  readonly type: number;
  readonly payload: Uint8Array;
  /** Bytes with overhead. */
  readonly size: number;
}

/** A group of records, and where each of them begins in it. */
export function encodeGroup(records: readonly Uint8Array[]): {
  readonly bytes: Uint8Array;
  readonly offsets: readonly number[];
} {
  const offsets: number[] = [];
  let at = RECORD_HEAD;
  const inner = records.map((record) => {
    offsets.push(at);
    at += record.length;
    return frameRecord((record[TYPE_AT] ?? 0) | IN_GROUP, record.subarray(RECORD_HEAD, -4));
  });
  return { bytes: frameRecord(RECORD_GROUP, concatBytes(...inner)), offsets };
}

/** What a record is, inside a group or not. */
export function kindOf({ type }: Pick<FramedRecord, 'type'>): number {
  return type & ~IN_GROUP;
}

/**
 * The whole record at an offset of a segment's bytes, or undefined.
 * @param mark  of the segment; absent where an index or a group says that a record is there
 */
export function recordAt(
  bytes: Uint8Array,
  offset: number,
  mark?: Uint8Array,
): FramedRecord | undefined {
  const head = bytes.subarray(offset, offset + RECORD_HEAD);
  if (mark !== undefined && !equalBytes(head.subarray(0, MARK_BYTES), mark)) return undefined;
  const size = recordBytes(head);
  if (size === undefined || size > bytes.length - offset) return undefined;
  const record = bytes.subarray(offset, offset + size);
  const length = size - RECORD_OVERHEAD;
  const view = new DataView(record.buffer, record.byteOffset);
  const isWhole = view.getUint32(RECORD_HEAD + length) === checksumOf(record, length);
  if (!isWhole && !isPlanted('checksum-unchecked')) return undefined;
  const payload = record.subarray(RECORD_HEAD, RECORD_HEAD + length);
  return { type: record[TYPE_AT] ?? 0, payload, size };
}

/** height u64, hash 32, then the encoded block. */
export function encodeCandidate({ height, blockHash, bytes }: Candidate): Uint8Array {
  const writer = createWriter();
  writer.u64(height);
  writer.raw(blockHash);
  writer.raw(bytes);
  return frameRecord(RECORD_CANDIDATE, writer.finish());
}

/** Where the block's bytes begin in a candidate's payload. */
export const CANDIDATE_HEAD = 8 + 32;

export interface CandidateHead {
  readonly height: number;
  readonly blockHash: Hash;
}

/** Undefined when a payload with a good checksum has not the layout: it is of another version. */
export function readCandidateHead(payload: Uint8Array): CandidateHead | undefined {
  const read = decodeBinary(payload.subarray(0, CANDIDATE_HEAD), 'candidate', (reader) => ({
    height: reader.u64(),
    blockHash: asHash(reader.raw(32)),
  }));
  return read.ok ? read.value : undefined;
}

export function encodeFinalisation(finalisation: Finalisation): Uint8Array {
  const { height, blockHash, timestampMs, certificate, results, transactions } = finalisation;
  const writer = createWriter();
  writer.u64(height);
  writer.raw(blockHash);
  writer.u64(timestampMs);
  writer.sized(certificate);
  writer.u32(transactions.length);
  for (const { id, validUntilMs } of transactions) {
    writer.raw(id);
    writer.u64(validUntilMs);
  }
  writer.u32(results.length);
  for (const result of results) writer.sized(result);
  return frameRecord(RECORD_FINAL, writer.finish());
}

export function readFinalisation(payload: Uint8Array): Finalisation | undefined {
  const read = decodeBinary(payload, 'finalisation', (reader): Finalisation => {
    const height = reader.u64();
    const blockHash = asHash(reader.raw(32));
    const timestampMs = reader.u64();
    const certificate = reader.sized(CERTIFICATE_BYTES_MAX);
    const transactionCount = reader.u32();
    if (transactionCount > RESULTS_MAX) reader.refuse('has too many transactions');
    const transactions: LoggedTransaction[] = [];
    for (let index = 0; index < transactionCount; index++) {
      transactions.push({ id: asTransactionId(reader.raw(32)), validUntilMs: reader.u64() });
    }
    const resultCount = reader.u32();
    if (resultCount > RESULTS_MAX) reader.refuse('has too many results');
    const results: Uint8Array[] = [];
    for (let index = 0; index < resultCount; index++) {
      results.push(reader.sized(PAYLOAD_BYTES_MAX));
    }
    return { height, blockHash, timestampMs, certificate, results, transactions };
  });
  return read.ok ? read.value : undefined;
}
