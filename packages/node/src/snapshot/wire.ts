/**
 * What a node that joins asks, and what it is answered: the contents of request `snapshot` (spec
 * N-14). Pure: bytes to values and back; whether a value is true is for whoever asked.
 */
import type {
  CborValue,
  DecodeFailure,
  Hash,
  Height,
  RangeProof,
  RecordKey,
  Result,
  SetChange,
} from '@daybook/core';
import {
  asHash,
  assertNever,
  changeToCbor,
  createWriter,
  decodeBinary,
  decodeCanonical,
  decodeRangeProof,
  encodeCanonical,
  encodeRangeProof,
  fail,
  HEADER_SIZE,
  LIMITS,
  MERKLE_PATH_MAX,
  ok,
  readChange,
  TREE_KEY_SIZES,
} from '@daybook/core';

export type SnapshotQuestion =
  /** What leads from genesis to a snapshot; height 0 asks for the newest one. */
  | { readonly kind: 'offer'; readonly height: Height }
  /** Block hashes from a height on, as far as the header of the snapshot commits to them. */
  | { readonly kind: 'hashes'; readonly height: Height; readonly from: Height }
  /** Records of the snapshot from a tree key on. */
  | { readonly kind: 'records'; readonly height: Height; readonly from: Uint8Array }
  | { readonly kind: 'header'; readonly height: Height }
  /** Blocks with their results. */
  | { readonly kind: 'blocks'; readonly from: Height; readonly count: number };

const KINDS = { offer: 1, hashes: 2, records: 3, header: 4, blocks: 5 } as const;

/** kind u8 | height u64 | what the kind adds. */
export function encodeQuestion(question: SnapshotQuestion): Uint8Array {
  const writer = createWriter();
  writer.u8(KINDS[question.kind]);
  switch (question.kind) {
    case 'offer':
    case 'header':
      writer.u64(question.height);
      break;
    case 'hashes':
      writer.u64(question.height);
      writer.u64(question.from);
      break;
    case 'records':
      writer.u64(question.height);
      writer.sized(question.from);
      break;
    case 'blocks':
      writer.u64(question.from);
      writer.u16(question.count);
      break;
    default:
      assertNever(question);
  }
  return writer.finish();
}

export function decodeQuestion(bytes: Uint8Array): Result<SnapshotQuestion, DecodeFailure> {
  return decodeBinary(bytes, 'snapshot question', (reader): SnapshotQuestion => {
    const kind = reader.u8();
    const height = reader.u64();
    switch (kind) {
      case KINDS.offer:
        return { kind: 'offer', height };
      case KINDS.hashes:
        return { kind: 'hashes', height, from: reader.u64() };
      case KINDS.records:
        return { kind: 'records', height, from: reader.sized(TREE_KEY_SIZES.partitioned) };
      case KINDS.header:
        return { kind: 'header', height };
      case KINDS.blocks:
        return { kind: 'blocks', from: height, count: reader.u16() };
      default:
        return reader.refuse('asks for something unknown');
    }
  });
}

/** A snapshot and everything that shows it to be final. */
export interface Offer {
  /** Encoded header of the snapshot's height. */
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
  /** From the founding set to the one that signs the header. */
  readonly changes: readonly SetChange[];
  /** How many records there are, about; nothing rests on it. */
  readonly records: number;
}

const CHANGES_MAX = 4096;
/** Offer, changes, change, validators, validator. */
const OFFER_DEPTH_MAX = 6;
const CERTIFICATE_BYTES_MAX = 4096;

export function encodeOffer({ header, certificate, changes, records }: Offer): Uint8Array {
  return encodeCanonical([header, certificate, changes.map(changeToCbor), records]);
}

export function decodeOffer(bytes: Uint8Array): Result<Offer, DecodeFailure> {
  const limits = { bytesMax: LIMITS.rangeBytesMax, depthMax: OFFER_DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const offer = readOffer(decoded.value);
  return offer === undefined ? malformed('offer', 'has another layout') : ok(offer);
}

function readOffer(value: CborValue): Offer | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined;
  const [header, certificate, list, records] = value as readonly CborValue[];
  if (!(header instanceof Uint8Array) || !(certificate instanceof Uint8Array)) return undefined;
  if (typeof records !== 'number' || records < 0) return undefined;
  if (!Array.isArray(list) || list.length > CHANGES_MAX) return undefined;
  const changes = (list as readonly CborValue[]).map(readChange);
  if (!changes.every((change) => change !== undefined)) return undefined;
  return { header, certificate, changes, records };
}

function malformed(title: string, fact: string): Result<never, DecodeFailure> {
  return fail({ code: 'CORE_MALFORMED', title, offset: 0, fact });
}

/** A run of block hashes, and the path that shows them to begin the history of the snapshot. */
export interface ServedHashes {
  readonly hashes: readonly Hash[];
  /** From the tree that ends with them to that of the header. */
  readonly path: readonly Hash[];
}

/** hash count u32 | hashes | path count u8 | path. */
export function encodeHashes({ hashes, path }: ServedHashes): Uint8Array {
  const writer = createWriter();
  writer.u32(hashes.length);
  for (const hash of hashes) writer.raw(hash);
  writer.u8(path.length);
  for (const hash of path) writer.raw(hash);
  return writer.finish();
}

export function decodeHashes(bytes: Uint8Array): Result<ServedHashes, DecodeFailure> {
  return decodeBinary(bytes, 'hashes', (reader) => {
    const count = reader.u32();
    if (count > LIMITS.snapshotHashesMax) reader.refuse('more hashes than may be');
    const hashes = Array.from({ length: count }, () => asHash(reader.raw(32)));
    const steps = reader.u8();
    if (steps > MERKLE_PATH_MAX) reader.refuse('a longer path than may be');
    return { hashes, path: Array.from({ length: steps }, () => asHash(reader.raw(32))) };
  });
}

export interface ServedRecord {
  readonly key: RecordKey;
  readonly value: Uint8Array;
}

/** Records in the order of tree keys, and the proof that no other lies between the borders. */
export interface ServedRecords {
  readonly records: readonly ServedRecord[];
  /** Tree key at which the rest begins; undefined behind the last record. */
  readonly next: Uint8Array | undefined;
  readonly proof: RangeProof;
}

/** A value is part of a transaction, and some bytes stand around it. */
const VALUE_BYTES_MAX = 2 * LIMITS.transactionBytesMax;

/**
 * next key sized, empty for none | proof sized | count u16 | records (set u32, partition flag u8,
 * [partition sized], key sized, value sized).
 */
export function encodeRecords({ records, next, proof }: ServedRecords): Uint8Array {
  const writer = createWriter();
  writer.sized(next ?? new Uint8Array());
  writer.sized(encodeRangeProof(proof));
  writer.u16(records.length);
  for (const { key, value } of records) {
    writer.u32(key.set);
    writer.u8(key.partition === undefined ? 0 : 1);
    if (key.partition !== undefined) writer.sized(key.partition);
    writer.sized(key.key);
    writer.sized(value);
  }
  return writer.finish();
}

export function decodeRecords(bytes: Uint8Array): Result<ServedRecords, DecodeFailure> {
  const decoded = decodeBinary(bytes, 'records', (reader) => {
    const next = reader.sized(TREE_KEY_SIZES.partitioned);
    const proof = reader.sized(LIMITS.rangeProofBytesMax);
    const count = reader.u16();
    if (count > LIMITS.snapshotRecordsMax) reader.refuse('more records than may be');
    const records = Array.from({ length: count }, (): ServedRecord => {
      const set = reader.u32();
      const flag = reader.u8();
      if (flag > 1) reader.refuse('a flag is neither 0 nor 1');
      const partition = flag === 1 ? reader.sized(LIMITS.transactionBytesMax) : undefined;
      const key = reader.sized(LIMITS.transactionBytesMax);
      const value = reader.sized(VALUE_BYTES_MAX);
      return { key: { set, key, ...(partition && { partition }) }, value };
    });
    return { records, next: next.length === 0 ? undefined : next, proof };
  });
  if (!decoded.ok) return decoded;
  const proof = decodeRangeProof(decoded.value.proof);
  return proof.ok ? ok({ ...decoded.value, proof: proof.value }) : proof;
}

/** A final block as a node that does not execute it needs it. */
export interface ServedBlock {
  readonly block: Uint8Array;
  readonly certificate: Uint8Array;
  /** Result leaves in body order. */
  readonly leaves: readonly Uint8Array[];
}

const LEAVES_MAX = LIMITS.blockTransactionsMax + 1;

/** count u16 | blocks (block sized, certificate sized, leaf count u16, leaves sized). */
export function encodeBlocks(blocks: readonly ServedBlock[]): Uint8Array {
  const writer = createWriter();
  writer.u16(blocks.length);
  for (const { block, certificate, leaves } of blocks) {
    writer.sized(block);
    writer.sized(certificate);
    writer.u16(leaves.length);
    for (const leaf of leaves) writer.sized(leaf);
  }
  return writer.finish();
}

export function decodeBlocks(bytes: Uint8Array): Result<readonly ServedBlock[], DecodeFailure> {
  return decodeBinary(bytes, 'blocks', (reader) => {
    const count = reader.u16();
    if (count > LIMITS.rangeBlocksMax) reader.refuse('more blocks than may be');
    return Array.from({ length: count }, () => {
      const block = reader.sized(LIMITS.blockBytesHardMax + HEADER_SIZE + CERTIFICATE_BYTES_MAX);
      const certificate = reader.sized(CERTIFICATE_BYTES_MAX);
      const leafCount = reader.u16();
      if (leafCount > LEAVES_MAX) reader.refuse('more results than may be');
      const leaves = Array.from({ length: leafCount }, () => reader.sized(LIMITS.rangeBytesMax));
      return { block, certificate, leaves };
    });
  });
}
