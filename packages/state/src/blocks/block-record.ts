/**
 * Bytes of the block log. Segment: a 16-byte header, then records. Record: payload length u32, type
 * u8, payload, crc32c u32 over type and payload with the length as seed. Types: a candidate body,
 * what made a candidate final, and a group of such records that is there whole or not at all.
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
  isPlanted,
} from '@daybook/core';
import type { Candidate, Finalisation, LoggedTransaction } from './block-log.ts';

export const RECORD_CANDIDATE = 1;
export const RECORD_FINAL = 2;
export const RECORD_GROUP = 3;
/** Added to the type of a record inside a group, so that one of a torn group stands for nothing. */
const IN_GROUP = 0x80;

/** Length and type before a payload. */
export const RECORD_HEAD = 4 + 1;
/** Length, type and checksum around a payload. */
export const RECORD_OVERHEAD = RECORD_HEAD + 4;
/** A block and everything its execution gave stay well below. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

const RESULTS_MAX = 20_000;
const CERTIFICATE_BYTES_MAX = 64 * 1024;

/** A record as bytes ready to be appended. */
function frameRecord(type: number, payload: Uint8Array): Uint8Array {
  assert(payload.length <= PAYLOAD_BYTES_MAX, 'a record is written only if it can be read back');
  const bytes = new Uint8Array(RECORD_OVERHEAD + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length);
  bytes[4] = type;
  bytes.set(payload, 5);
  view.setUint32(5 + payload.length, checksumOf(bytes, payload.length));
  return bytes;
}

function checksumOf(bytes: Uint8Array, length: number): number {
  return crc32c(bytes.subarray(4, 5 + length), length);
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
    return frameRecord((record[4] ?? 0) | IN_GROUP, record.subarray(RECORD_HEAD, -4));
  });
  return { bytes: frameRecord(RECORD_GROUP, concatBytes(...inner)), offsets };
}

/** What a record is, inside a group or not. */
export function kindOf({ type }: Pick<FramedRecord, 'type'>): number {
  return type & ~IN_GROUP;
}

/** The whole record at an offset of a segment's bytes, or undefined. */
export function recordAt(bytes: Uint8Array, offset: number): FramedRecord | undefined {
  if (bytes.length - offset < RECORD_OVERHEAD) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset);
  const length = view.getUint32(0);
  const size = RECORD_OVERHEAD + length;
  if (length > PAYLOAD_BYTES_MAX || size > bytes.length - offset) return undefined;
  const record = bytes.subarray(offset, offset + size);
  const isWhole = view.getUint32(5 + length) === checksumOf(record, length);
  if (!isWhole && !isPlanted('checksum-unchecked')) return undefined;
  return { type: record[4] ?? 0, payload: record.subarray(5, 5 + length), size };
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
