/**
 * Block header: a fixed-order binary layout (protocol §5). It holds neither the round nor any
 * signature, so a block keeps its hash when it is proposed again in a later round.
 */
import type { BinaryReader } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, Height, TimestampMs, ValidatorId } from './ids.ts';
import { asHash, asValidatorId } from './ids.ts';

export const HEADER_VERSION = 1;
/** Bytes of an encoded header. */
export const HEADER_SIZE = 2 + 32 + 8 + 32 + 8 + 32 * 7;

export interface Header {
  readonly version: number;
  /** G, hash of the genesis document. */
  readonly chain: Hash;
  readonly height: Height;
  /** Hash of the block before; zero in genesis. */
  readonly parentHash: Hash;
  /** Strictly above the parent's. */
  readonly timestampMs: TimestampMs;
  /** Who first proposed the block; zero in genesis. */
  readonly proposer: ValidatorId;
  /** RFC 9162 tree over (txId, txHash) of the body. */
  readonly txRoot: Hash;
  /** Root of the state tree after this block. */
  readonly stateRoot: Hash;
  /** RFC 9162 tree over the result leaves of this block. */
  readonly resultRoot: Hash;
  /** RFC 9162 tree over the hashes of all earlier blocks. */
  readonly historyRoot: Hash;
  /** Hash of the set that signs this height. */
  readonly validatorsHash: Hash;
  /** Hash of the set that signs the next height. */
  readonly nextValidatorsHash: Hash;
}

/** HEADER_SIZE bytes. */
export function encodeHeader(header: Header): Uint8Array {
  const writer = createWriter();
  writer.u16(header.version);
  writer.raw(header.chain);
  writer.u64(header.height);
  writer.raw(header.parentHash);
  writer.u64(header.timestampMs);
  writer.raw(header.proposer);
  writer.raw(header.txRoot);
  writer.raw(header.stateRoot);
  writer.raw(header.resultRoot);
  writer.raw(header.historyRoot);
  writer.raw(header.validatorsHash);
  writer.raw(header.nextValidatorsHash);
  return writer.finish();
}

/** Reads a header inside a longer layout; malformed input is the reader's failure. */
export function readHeader(reader: BinaryReader): Header {
  const hash = (): Hash => asHash(reader.raw(32));
  return {
    version: reader.u16(),
    chain: hash(),
    height: reader.u64(),
    parentHash: hash(),
    timestampMs: reader.u64(),
    proposer: asValidatorId(reader.raw(32)),
    txRoot: hash(),
    stateRoot: hash(),
    resultRoot: hash(),
    historyRoot: hash(),
    validatorsHash: hash(),
    nextValidatorsHash: hash(),
  };
}

/** Exactly HEADER_SIZE bytes, or a failure. The version is judged by validity, not here. */
export function decodeHeader(bytes: Uint8Array): Result<Header, DecodeFailure> {
  return decodeBinary(bytes, 'header', readHeader);
}

/** The identity of a block. */
export function blockHash(header: Header): Hash {
  return hashTagged(TAGS.HEADER, encodeHeader(header));
}
