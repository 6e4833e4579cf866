/**
 * Bytes of the vote log. File: header, then records. Record: length u32, sequence u64, type u8,
 * payload, crc32c u32 over all before it. A reader can find the next whole record after damage,
 * which tells a torn tail from a hole.
 */
import type { BinaryReader, Hash, ValidatorId } from '@daybook/core';
import {
  asHash,
  asValidatorId,
  concatBytes,
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
  /** Machine and inode the file was created on: a copy has others. */
  readonly identity: FileIdentity;
}

/** What a file holds, damage included. */
export interface VoteFileContent {
  readonly header: VoteFileHeader;
  readonly records: readonly StoredRecord[];
  /** Offset behind the last whole record. */
  readonly end: number;
  /** Bytes that belong to no whole record lie before `end`. */
  readonly hasHole: boolean;
  /** The first whole record stands where the first one was written. */
  readonly hasBeginning: boolean;
}

const MAGIC = encodeUtf8('DBVOTES\n');
const FORMAT_VERSION = 1;
const FIXED_BYTES = 4 + 8 + 1 + 4;
const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
const IDENTITY_BYTES_MAX = 256;

const STEP_CODES: Readonly<Record<Step, number>> = {
  'round-change': 0,
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
};
const STEPS = Object.keys(STEP_CODES) as readonly Step[];

function withChecksum(bytes: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.raw(bytes);
  writer.u32(crc32c(bytes));
  return writer.finish();
}

function isIntact(bytes: Uint8Array): boolean {
  const body = bytes.subarray(0, bytes.length - 4);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + body.length, 4).getUint32(0);
  return crc32c(body) === stored;
}

// --- header --------------------------------------------------------------------------------

export function encodeVoteHeader({ chain, validatorId, identity }: VoteFileHeader): Uint8Array {
  const writer = createWriter();
  writer.raw(MAGIC);
  writer.u16(FORMAT_VERSION);
  writer.raw(chain);
  writer.raw(validatorId);
  writer.sized(encodeUtf8(identity.machine));
  writer.sized(encodeUtf8(identity.inode));
  const body = writer.finish();
  const sized = createWriter();
  sized.sized(body);
  return withChecksum(sized.finish());
}

function readText(reader: BinaryReader): string {
  const text = decodeUtf8(reader.sized(IDENTITY_BYTES_MAX));
  return text.ok ? text.value : reader.refuse('holds a name that is no text');
}

function readHeader(bytes: Uint8Array): { header: VoteFileHeader; size: number } | undefined {
  if (bytes.length < 8) return undefined;
  const size = 4 + new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) + 4;
  if (size > bytes.length || size > 4 * IDENTITY_BYTES_MAX) return undefined;
  const whole = bytes.subarray(0, size);
  if (!isIntact(whole)) return undefined;
  const header = decodeBinary(whole.subarray(4, size - 4), 'vote log header', (reader) => {
    if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.refuse('is no vote log');
    if (reader.u16() !== FORMAT_VERSION) reader.refuse('has an unknown format');
    return {
      chain: asHash(reader.raw(32)),
      validatorId: asValidatorId(reader.raw(32)),
      identity: { machine: readText(reader), inode: readText(reader) },
    };
  });
  return header.ok ? { header: header.value, size } : undefined;
}

// --- records -------------------------------------------------------------------------------

function encodePayload(record: VoteRecord): readonly [type: number, payload: Uint8Array] {
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

export function encodeVoteRecord(sequence: number, record: VoteRecord): Uint8Array {
  const [type, payload] = encodePayload(record);
  const writer = createWriter();
  writer.u32(payload.length);
  writer.u64(sequence);
  writer.u8(type);
  writer.raw(payload);
  return withChecksum(writer.finish());
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

function readPayload(reader: BinaryReader, type: number): VoteRecord {
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

/** The whole record at an offset, or undefined. */
function recordAt(bytes: Uint8Array, offset: number): StoredRecord | undefined {
  if (bytes.length - offset < FIXED_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0);
  if (length > PAYLOAD_BYTES_MAX || length > bytes.length - offset - FIXED_BYTES) return undefined;
  const whole = bytes.subarray(offset, offset + FIXED_BYTES + length);
  if (!isIntact(whole)) return undefined;
  const read = decodeBinary(whole.subarray(4, whole.length - 4), 'vote record', (reader) => {
    const sequence = reader.u64();
    const type = reader.u8();
    return { sequence, record: readPayload(reader, type) };
  });
  return read.ok ? { ...read.value, bytes: concatBytes(whole) } : undefined;
}

/**
 * Reads a whole file. After damage it looks for the next whole record with a later sequence, byte by
 * byte: slow, and only then.
 * @returns undefined when the header is not readable
 */
export function readVoteFile(bytes: Uint8Array): VoteFileContent | undefined {
  const head = readHeader(bytes);
  if (head === undefined) return undefined;
  const records: StoredRecord[] = [];
  let end = head.size;
  let hasHole = false;
  let hasBeginning = false;
  for (let offset = head.size; offset < bytes.length; ) {
    const found = recordAt(bytes, offset);
    const last = records.at(-1)?.sequence ?? -1;
    if (found === undefined || found.sequence <= last) {
      offset += 1;
      continue;
    }
    hasHole ||= offset !== end;
    hasBeginning ||= offset === head.size;
    records.push(found);
    offset += found.bytes.length;
    end = offset;
  }
  return { header: head.header, records, end, hasHole, hasBeginning };
}
