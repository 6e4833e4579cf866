/**
 * A block: header and ordered transactions as byte strings, so that transaction bytes are never
 * encoded again. `txRoot` commits to the complete bytes of each, signatures included.
 */
import type { BinaryReader } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import { concatBytes } from '../codec/bytes.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { leafHash, merkleRoot } from '../crypto/merkle.ts';
import type { Header } from './header.ts';
import { encodeHeader, readHeader } from './header.ts';
import type { Hash, TransactionId } from './ids.ts';
import { LIMITS } from './limits.ts';

/** System transactions first, then users' transactions in wire form. */
export type Body = readonly Uint8Array[];

export interface Block {
  readonly header: Header;
  readonly body: Body;
}

/** What `txRoot` commits to, for each transaction of the body in order. */
export interface TransactionRef {
  readonly id: TransactionId;
  /** Hash of the wire bytes, signatures included. */
  readonly hash: Hash;
}

/** The leaf of one transaction under `txRoot`. */
export function transactionLeaf({ id, hash }: TransactionRef): Hash {
  return leafHash(concatBytes(id, hash));
}

export function transactionRoot(refs: readonly TransactionRef[]): Hash {
  return merkleRoot(refs.map(transactionLeaf));
}

/** Bytes of a block in the encoding that `blockBytesMax` limits. */
export function blockSize(block: Block): number {
  return block.body.reduce(
    (sum, bytes) => sum + 4 + bytes.length,
    encodeHeader(block.header).length + 4,
  );
}

/** Header, then u32 count, then each transaction behind its u32 length. */
export function encodeBlock(block: Block): Uint8Array {
  const writer = createWriter();
  writer.raw(encodeHeader(block.header));
  writer.u32(block.body.length);
  for (const bytes of block.body) writer.sized(bytes);
  return writer.finish();
}

/** Reads a body: a u32 count and sized byte strings. */
export function readBody(reader: BinaryReader): Body {
  const count = reader.u32();
  if (count > LIMITS.blockTransactionsMax) reader.refuse('more transactions than a block may hold');
  const body: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    body.push(reader.sized(LIMITS.transactionBytesMax));
  }
  return body;
}

export function decodeBlock(bytes: Uint8Array): Result<Block, DecodeFailure> {
  return decodeBinary(bytes, 'block', (reader) => ({
    header: readHeader(reader),
    body: readBody(reader),
  }));
}
