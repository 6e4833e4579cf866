/**
 * Bytes of the vote log. File: header, records, zeros up to what was allocated. Record: length u32,
 * sequence u64, type u8, payload, crc32c u32 over all before it. The checksum of the first record of
 * a write starts from the salt of the log, so that bytes inside a payload, which others may have
 * chosen, are no record; that of each further one from the checksum before it, so that no part of a
 * torn write is whole without what stands before.
 */
import type { BinaryReader, Hash, ValidatorId } from '@daybook/core';
import {
  asHash,
  asValidatorId,
  crc32c,
  createWriter,
  decodeBinary,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
} from '@daybook/core';
import type { FileIdentity } from '../disk/disk.ts';
import type { Lock, SignedVote, Step } from './vote-log.ts';

export type VoteRecord =
  | { readonly type: 'signed'; readonly vote: SignedVote }
  | { readonly type: 'lock'; readonly lock: Lock }
  | { readonly type: 'height'; readonly height: number };

/** A record as it stands in a file. */
export interface StoredRecord {
  readonly sequence: number;
  /** Complete bytes, checksum included. */
  readonly bytes: Uint8Array;
  readonly record: VoteRecord;
}

/** What the head of a file says. */
export interface VoteFileHeader {
  readonly chain: Hash;
  readonly validatorId: ValidatorId;
  /** Machine, inode and birth of the file when it was created: a copy has others. */
  readonly identity: FileIdentity;
  /** Random and known to nobody else: equal in both mirrors, and kept as long as the log. */
  readonly salt: Uint8Array;
}

/** A file with a readable header. */
export interface VoteFile {
  readonly header: VoteFileHeader;
  readonly bytes: Uint8Array;
  /** Where the first record stands. */
  readonly headSize: number;
  /** Offset behind the last byte that is not zero: what follows was only allocated. */
  readonly written: number;
}

const MAGIC = encodeUtf8('DBVOTES\n');
const FORMAT_VERSION = 2;
export const SALT_SIZE = 16;
const FIXED_BYTES = 4 + 8 + 1 + 4;
/** So many zeros at least stand behind the last record of a sound file: it never ends in one. */
export const SPARE_BYTES = 64;
const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
/** The two high bits of a record's type: its place in the write that put it there. */
const PLACE_SHIFT = 6;
const TYPE_MASK = (1 << PLACE_SHIFT) - 1;
/** Far more than a log ever holds; a greater one is no sequence of ours. */
const SEQUENCE_SPAN_MAX = 2 ** 40;
const IDENTITY_BYTES_MAX = 256;
/** Inode and, where the file system tells it, birth. */
const FILE_ON_DISK = /^([0-9]+)(?: ([0-9]+))?$/;

const STEP_CODES: Readonly<Record<Step, number>> = {
  'round-change': 0,
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
};
const STEPS = Object.keys(STEP_CODES) as readonly Step[];

function withChecksum(bytes: Uint8Array, seed: number): Uint8Array {
  const writer = createWriter();
  writer.raw(bytes);
  writer.u32(crc32c(bytes, seed));
  return writer.finish();
}

function checksumOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0);
}

function isIntact(bytes: Uint8Array, seed: number): boolean {
  return crc32c(bytes.subarray(0, bytes.length - 4), seed) === checksumOf(bytes);
}

// --- header --------------------------------------------------------------------------------

export function encodeVoteHeader(header: VoteFileHeader): Uint8Array {
  const { chain, validatorId, identity, salt } = header;
  const writer = createWriter();
  writer.raw(MAGIC);
  writer.u16(FORMAT_VERSION);
  writer.raw(chain);
  writer.raw(validatorId);
  const { machine, inode, born } = identity;
  writer.sized(encodeUtf8(machine));
  writer.sized(encodeUtf8(born === '' ? inode : `${inode} ${born}`));
  writer.raw(salt);
  const body = writer.finish();
  const sized = createWriter();
  sized.sized(body);
  return withChecksum(sized.finish(), 0);
}

function readIdentity(reader: BinaryReader): FileIdentity {
  const machine = readText(reader);
  const [, inode, born = ''] = FILE_ON_DISK.exec(readText(reader)) ?? [];
  return { machine, inode: inode ?? reader.refuse('names no file'), born };
}

function readText(reader: BinaryReader): string {
  const text = decodeUtf8(reader.sized(IDENTITY_BYTES_MAX));
  return text.ok ? text.value : reader.refuse('holds a name that is no text');
}

/** The head of a file; undefined when it is not readable. */
export function readVoteFile(bytes: Uint8Array): VoteFile | undefined {
  if (bytes.length < 8) return undefined;
  const size = 4 + new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) + 4;
  if (size > bytes.length || size > 4 * IDENTITY_BYTES_MAX) return undefined;
  const whole = bytes.subarray(0, size);
  if (!isIntact(whole, 0)) return undefined;
  const header = decodeBinary(whole.subarray(4, size - 4), 'vote log header', (reader) => {
    if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.refuse('is no vote log');
    if (reader.u16() !== FORMAT_VERSION) reader.refuse('has an unknown format');
    return {
      chain: asHash(reader.raw(32)),
      validatorId: asValidatorId(reader.raw(32)),
      identity: readIdentity(reader),
      salt: reader.raw(SALT_SIZE),
    };
  });
  if (!header.ok) return undefined;
  return { header: header.value, bytes, headSize: size, written: writtenEnd(bytes) };
}

// --- records -------------------------------------------------------------------------------

/** Type and payload of a record. */
export function encodeVotePayload(
  record: VoteRecord,
): readonly [type: number, payload: Uint8Array] {
  const writer = createWriter();
  switch (record.type) {
    case 'signed': {
      const { height, round, step, signBytes, signature, attachment } = record.vote;
      writer.u64(height);
      writer.u32(round);
      writer.u8(STEP_CODES[step]);
      writer.sized(signBytes);
      writer.sized(signature);
      writer.sized(attachment);
      return [1, writer.finish()];
    }
    case 'lock': {
      const { height, round, blockHash, certificate } = record.lock;
      writer.u64(height);
      writer.u32(round);
      writer.raw(blockHash);
      writer.sized(certificate);
      return [2, writer.finish()];
    }
    case 'height':
      writer.u64(record.height);
      return [3, writer.finish()];
  }
}

/** What a checksum starts from: the salt, and within a write the checksum before it, too. */
function seedOf(salt: Uint8Array, before: number | undefined): number {
  return before === undefined ? crc32c(salt) : (crc32c(salt) ^ before) >>> 0;
}

/** Records that one write puts into the log. */
export function encodeVoteRecords(
  records: readonly VoteRecord[],
  { sequence, salt }: { readonly sequence: number; readonly salt: Uint8Array },
): readonly StoredRecord[] {
  let before: number | undefined;
  return records.map((record, index) => {
    const [type, payload] = encodeVotePayload(record);
    const writer = createWriter();
    writer.u32(payload.length);
    writer.u64(sequence + index);
    writer.u8(type | (index << PLACE_SHIFT));
    writer.raw(payload);
    const bytes = withChecksum(writer.finish(), seedOf(salt, before));
    before = checksumOf(bytes);
    return { sequence: sequence + index, bytes, record };
  });
}

function readSigned(reader: BinaryReader): VoteRecord {
  const height = reader.u64();
  const round = reader.u32();
  const step = STEPS[reader.u8()] ?? reader.refuse('has an unknown step');
  const signBytes = reader.sized(PAYLOAD_BYTES_MAX);
  const signature = reader.sized(PAYLOAD_BYTES_MAX);
  const attachment = reader.sized(PAYLOAD_BYTES_MAX);
  return { type: 'signed', vote: { height, round, step, signBytes, signature, attachment } };
}

/** Reads what `encodeVotePayload` made. */
export function readVotePayload(reader: BinaryReader, type: number): VoteRecord {
  if (type === 1) return readSigned(reader);
  if (type === 2) {
    const height = reader.u64();
    const round = reader.u32();
    const blockHash = asHash(reader.raw(32));
    const certificate = reader.sized(PAYLOAD_BYTES_MAX);
    return { type: 'lock', lock: { height, round, blockHash, certificate } };
  }
  if (type !== 3) reader.refuse('has an unknown type');
  return { type: 'height', height: reader.u64() };
}

/** Where a record is looked for, and what its checksum starts from. */
export interface RecordPlace {
  readonly offset: number;
  readonly salt: Uint8Array;
  /** The record before it; absent at the beginning of a file. */
  readonly before?: StoredRecord | undefined;
}

/** The whole record at a place, or undefined. Its bytes are a view. */
export function readVoteRecord(bytes: Uint8Array, place: RecordPlace): StoredRecord | undefined {
  const { before } = place;
  return readAt(bytes, { ...place, before: before && checksumOf(before.bytes) });
}

interface Spot {
  readonly offset: number;
  readonly salt: Uint8Array;
  /** Checksum of the record before. */
  readonly before: number | undefined;
}

function readAt(bytes: Uint8Array, { offset, salt, before }: Spot): StoredRecord | undefined {
  if (bytes.length - offset < FIXED_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FIXED_BYTES);
  const length = view.getUint32(0);
  if (length > PAYLOAD_BYTES_MAX || length > bytes.length - offset - FIXED_BYTES) return undefined;
  const isFirst = view.getUint8(12) >> PLACE_SHIFT === 0;
  if (!isFirst && before === undefined) return undefined;
  const seed = seedOf(salt, isFirst ? undefined : before);
  const whole = bytes.subarray(offset, offset + FIXED_BYTES + length);
  if (!isIntact(whole, seed)) return undefined;
  const read = decodeBinary(whole.subarray(4, whole.length - 4), 'vote record', (reader) => {
    const sequence = reader.u64();
    const type = reader.u8();
    return { sequence, record: readVotePayload(reader, type & TYPE_MASK) };
  });
  return read.ok ? { ...read.value, bytes: whole } : undefined;
}

/**
 * Whether a file ends before what was written into it: no crash does that, since room is durable
 * before a record is written into it.
 * @param offset  behind the last whole record
 */
export function isCutShort({ bytes }: Pick<VoteFile, 'bytes'>, offset: number): boolean {
  const room = bytes.length - offset;
  if (room < SPARE_BYTES) return true;
  // The lengths of what is torn are true, or were never written; no payload is empty.
  const length = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);
  const isLength = length > 0 && length <= PAYLOAD_BYTES_MAX;
  return isLength && FIXED_BYTES + length + SPARE_BYTES > room;
}

/** The first sequence of the write that a record belongs to. */
function writeOf({ sequence, bytes }: StoredRecord): number {
  return sequence - ((bytes[12] ?? 0) >> PLACE_SHIFT);
}

/**
 * Whether a record of any later write stands whole behind an offset: then what is broken there is no
 * torn end. Looks at every byte, since lengths may be damaged, too. A record of the broken write
 * itself says nothing: the system keeps the parts of a write in any order.
 */
export function hasLaterWrite(
  { bytes, written, header: { salt } }: VoteFile,
  from: { readonly offset: number; readonly sequence: number },
): boolean {
  for (let offset = from.offset; offset < written; offset += 1) {
    // No record has an empty payload, and much of what is torn is zeros.
    if (isZeroWord(bytes, offset)) continue;
    const found = readAt(bytes, { offset, salt, before: checksumAt(bytes, offset - 4) });
    if (found === undefined || found.sequence >= SEQUENCE_SPAN_MAX) continue;
    const write = writeOf(found);
    if (write > from.sequence || found.sequence === from.sequence) return true;
  }
  return false;
}

function checksumAt(bytes: Uint8Array, offset: number): number | undefined {
  if (offset < 0) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);
}

function isZeroWord(bytes: Uint8Array, offset: number): boolean {
  for (let at = offset; at < offset + 4; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

const WORD_SIZE = 8;

/** Offset behind the last byte that is not zero; most of a young file is allocated and not written. */
function writtenEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = bytes.length;
  while (end >= WORD_SIZE && view.getUint32(end - 4) === 0 && view.getUint32(end - 8) === 0) {
    end -= WORD_SIZE;
  }
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}
