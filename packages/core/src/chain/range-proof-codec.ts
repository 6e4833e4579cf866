/**
 * Encoding of range proofs (S-15): a branch or a run of slots is a code and its fields, in the order
 * of keys. Depths ascend from the root down, which bounds the nesting of whatever is decoded.
 */
import { assertNever } from '../codec/assert.ts';
import type { BinaryReader, BinaryWriter } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import { equalBytes } from '../codec/bytes.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail } from '../codec/result.ts';
import type { Hash } from './ids.ts';
import { asHash, ZERO_HASH } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { RangeBranch, RangeProof, RangeSlots, TreePlace } from './range-proof.ts';
import { isTreeKey, TREE_KEY_SIZES } from './state-key.ts';
import type { TreeLeaf } from './state-tree.ts';
import { prefixOf, SLOT_PATH_LENGTH, TREE_WIDTH } from './state-tree.ts';

/** Most nibbles of a key that a node can stand at. */
const DEPTH_MAX = 2 * TREE_KEY_SIZES.partitioned - 1;
const PROOF_VERSION = 1;
const CODES = {
  empty: 0,
  hash: 1,
  pair: 2,
  within: 3,
  bucket: 4,
  node: 5,
  'other-prefix': 6,
} as const;

/** version u8 | branch. */
export function encodeRangeProof(proof: RangeProof): Uint8Array {
  const writer = createWriter();
  writer.u8(PROOF_VERSION);
  writeBranch(writer, proof);
  return writer.finish();
}

/** Decodes a proof of at most `LIMITS.rangeProofBytesMax` bytes. */
export function decodeRangeProof(bytes: Uint8Array): Result<RangeProof, DecodeFailure> {
  const title = 'range proof';
  const sizeMax = LIMITS.rangeProofBytesMax;
  if (bytes.length > sizeMax) {
    return fail({ code: 'CORE_TOO_LARGE', title, size: bytes.length, sizeMax });
  }
  return decodeBinary(bytes, title, (reader) => {
    if (reader.u8() !== PROOF_VERSION) reader.refuse('has an unknown version');
    return readBranch(reader, -1);
  });
}

function writeBranch(writer: BinaryWriter, branch: RangeBranch): void {
  writer.u8(CODES[branch.kind]);
  switch (branch.kind) {
    case 'empty':
    case 'within':
      break;
    case 'hash':
      writer.raw(branch.hash);
      break;
    case 'bucket':
      writeLeaves(writer, branch.before);
      writeLeaves(writer, branch.after);
      break;
    case 'node':
      writer.u8(branch.depth);
      writer.raw(branch.prefix);
      writeSlots(writer, branch.slots);
      break;
    case 'other-prefix':
      writer.u8(branch.depth);
      writer.raw(branch.prefix);
      writer.raw(branch.slots);
      break;
    default:
      assertNever(branch);
  }
}

function writeSlots(writer: BinaryWriter, slots: RangeSlots): void {
  if (slots.kind === 'slot') {
    writeBranch(writer, slots.branch);
    return;
  }
  writer.u8(CODES[slots.kind]);
  if (slots.kind === 'hash') writer.raw(slots.hash);
  if (slots.kind === 'pair') {
    writeSlots(writer, slots.left);
    writeSlots(writer, slots.right);
  }
}

/** @param above  depth of the node above, -1 at the root: depths ascend, which bounds the nesting */
function readBranch(reader: BinaryReader, above: number): RangeBranch {
  const code = reader.u8();
  switch (code) {
    case CODES.empty:
      return { kind: 'empty' };
    case CODES.within:
      return { kind: 'within' };
    case CODES.hash:
      return { kind: 'hash', hash: readHash(reader) };
    case CODES.bucket:
      return { kind: 'bucket', before: readLeaves(reader), after: readLeaves(reader) };
    case CODES.node: {
      const place = readPlace(reader, above);
      return { kind: 'node', ...place, slots: readSlots(reader, SLOT_PATH_LENGTH, place.depth) };
    }
    case CODES['other-prefix']:
      return { kind: 'other-prefix', ...readPlace(reader, above), slots: readHash(reader) };
    default:
      return reader.refuse('has an unknown kind of branch');
  }
}

function readSlots(reader: BinaryReader, level: number, depth: number): RangeSlots {
  if (level === 0) return { kind: 'slot', branch: readBranch(reader, depth) };
  const code = reader.u8();
  switch (code) {
    case CODES.empty:
      if (level === SLOT_PATH_LENGTH) reader.refuse('has a node without children');
      return { kind: 'empty' };
    case CODES.hash:
      return { kind: 'hash', hash: readHash(reader) };
    case CODES.pair: {
      const left = readSlots(reader, level - 1, depth);
      return { kind: 'pair', left, right: readSlots(reader, level - 1, depth) };
    }
    default:
      return reader.refuse('has an unknown kind of slots');
  }
}

function readPlace(reader: BinaryReader, above: number): TreePlace {
  const depth = reader.u8();
  if (depth <= above || depth > DEPTH_MAX) reader.refuse('has depths that do not ascend');
  const prefix = reader.raw(Math.ceil(depth / 2));
  if (!equalBytes(prefix, prefixOf(prefix, depth))) reader.refuse('has a nibble behind a prefix');
  return { depth, prefix };
}

function readHash(reader: BinaryReader): Hash {
  const hash = asHash(reader.raw(32));
  if (equalBytes(hash, ZERO_HASH)) reader.refuse('sends an empty slot');
  return hash;
}

function writeLeaves(writer: BinaryWriter, leaves: readonly TreeLeaf[]): void {
  writer.u8(leaves.length);
  for (const { treeKey, valueHash } of leaves) {
    writer.u8(treeKey.length);
    writer.raw(treeKey);
    writer.raw(valueHash);
  }
}

function readLeaves(reader: BinaryReader): readonly TreeLeaf[] {
  const count = reader.u8();
  if (count > TREE_WIDTH) reader.refuse('has a bucket of an impossible size');
  return Array.from({ length: count }, () => {
    const treeKey = reader.raw(reader.u8());
    if (!isTreeKey(treeKey)) reader.refuse('has a key of no known length');
    return { treeKey, valueHash: asHash(reader.raw(32)) };
  });
}
