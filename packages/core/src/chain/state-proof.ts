/**
 * Proofs that a record is in the state tree or is not (the tree itself is in `state-tree.ts`). The
 * same code runs in a node, in the command line and in a citizen's browser. A proof is checked
 * against the state root of a header that a certificate finalised.
 */

import { assert, assertNever } from '../codec/assert.ts';
import type { BinaryReader, BinaryWriter } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import { compareBytes, equalBytes } from '../codec/bytes.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { Hash } from './ids.ts';
import { asHash, ZERO_HASH } from './ids.ts';
import { isTreeKey, TREE_KEY_SIZES } from './state-key.ts';
import {
  bucketLabel,
  EMPTY_SLOTS,
  nibbleAt,
  nodeLabel,
  prefixOf,
  SLOT_PATH_LENGTH,
  sharedNibbles,
  TREE_WIDTH,
  treeLeafHash,
  treePairHash,
} from './state-tree.ts';

/** Siblings of a slot on its way to the slots root, lowest level first: always four. */
export type SlotPath = readonly Hash[];

/** A node on the way from the root; the slot is the nibble of the key at `depth`. */
export interface ProofStep {
  /** Nibbles that all keys below the node share. */
  readonly depth: number;
  readonly siblings: SlotPath;
}

/** A leaf shown inside its bucket. */
export interface BucketLeaf {
  /** Position in key order. */
  readonly index: number;
  readonly valueHash: Hash;
  readonly siblings: SlotPath;
}

/** A leaf next to where the absent key would stand. */
export interface NeighbourLeaf extends BucketLeaf {
  readonly treeKey: Uint8Array;
}

/** What stands at the end of the way. */
export type ProofEnd =
  | { readonly kind: 'record'; readonly count: number; readonly leaf: BucketLeaf }
  | { readonly kind: 'empty-tree' }
  /** The slot of the last step holds nothing. */
  | { readonly kind: 'empty-slot' }
  /** The slot holds a node whose keys all part from this one above its depth. */
  | {
      readonly kind: 'other-prefix';
      readonly depth: number;
      /** ceil(depth / 2) bytes; the last nibble is zero when the depth is odd. */
      readonly prefix: Uint8Array;
      readonly slots: Hash;
    }
  /** The bucket holds this key's neighbours and nothing between them; at least one is present. */
  | {
      readonly kind: 'other-keys';
      readonly count: number;
      readonly before?: NeighbourLeaf;
      readonly after?: NeighbourLeaf;
    };

/** The way from the state root to a key, or to the place where it would be. */
export interface StateProof {
  /** From the root down, depths ascending. */
  readonly steps: readonly ProofStep[];
  readonly end: ProofEnd;
}

/** What a valid proof says about its key. */
export type StateClaim =
  | { readonly kind: 'present'; readonly valueHash: Hash }
  | { readonly kind: 'absent' };

export type StateProofFailure =
  /** The proof contradicts itself or the key. */
  | { readonly code: 'CORE_STATE_PROOF_MALFORMED'; readonly fact: string }
  /** The proof leads to another root. */
  | { readonly code: 'CORE_STATE_PROOF_MISMATCH'; readonly root: Hash };

const DEPTH_MAX = 2 * TREE_KEY_SIZES.partitioned - 1;
/**
 * Checks a proof of a key against a state root. Never throws on any proof that `decodeStateProof`
 * returned.
 * @returns whether the key is present, with the hash of its value; or the first fault found
 */
export function verifyStateProof(
  root: Hash,
  treeKey: Uint8Array,
  proof: StateProof,
): Result<StateClaim, StateProofFailure> {
  const fault = faultOfSteps(treeKey, proof) ?? faultOfEnd(treeKey, proof);
  if (fault !== undefined) return fail({ code: 'CORE_STATE_PROOF_MALFORMED', fact: fault });

  let hash = hashOfEnd(treeKey, proof.end);
  if (hash === undefined) {
    return fail({ code: 'CORE_STATE_PROOF_MALFORMED', fact: 'the neighbours differ in bucket' });
  }
  for (const { depth, siblings } of proof.steps.toReversed()) {
    const slots = foldPath(hash, nibbleAt(treeKey, depth), siblings);
    hash = treePairHash(slots, nodeLabel(depth, treeKey));
  }
  if (!equalBytes(hash, root)) return fail({ code: 'CORE_STATE_PROOF_MISMATCH', root: hash });
  if (proof.end.kind !== 'record') return ok({ kind: 'absent' });
  return ok({ kind: 'present', valueHash: proof.end.leaf.valueHash });
}

function faultOfSteps(treeKey: Uint8Array, { steps }: StateProof): string | undefined {
  if (!isTreeKey(treeKey)) {
    return 'the key has no length of a tree key';
  }
  let above = -1;
  for (const { depth } of steps) {
    if (depth <= above || depth >= 2 * treeKey.length) return 'the depths do not ascend';
    above = depth;
  }
  return undefined;
}

function faultOfEnd(treeKey: Uint8Array, { steps, end }: StateProof): string | undefined {
  switch (end.kind) {
    case 'record':
      return end.leaf.index < end.count ? undefined : 'the leaf stands outside its bucket';
    case 'empty-tree':
      return steps.length === 0 ? undefined : 'an empty tree has no nodes';
    case 'empty-slot':
      return steps.length > 0 ? undefined : 'an empty slot needs a node';
    case 'other-prefix':
      return faultOfPrefix(treeKey, end, steps[steps.length - 1]?.depth ?? -1);
    case 'other-keys':
      return faultOfNeighbours(treeKey, end);
    default:
      return assertNever(end);
  }
}

type OtherPrefix = Extract<ProofEnd, { readonly kind: 'other-prefix' }>;
type OtherKeys = Extract<ProofEnd, { readonly kind: 'other-keys' }>;

function faultOfPrefix(
  treeKey: Uint8Array,
  { depth, prefix }: OtherPrefix,
  above: number,
): string | undefined {
  if (depth <= above) return 'the depths do not ascend';
  const shared = sharedNibbles(treeKey, prefix);
  if (shared <= above) return 'the other prefix does not belong to the slot';
  if (shared >= Math.min(depth, 2 * treeKey.length)) return 'the other prefix is that of the key';
  return undefined;
}

function faultOfNeighbours(treeKey: Uint8Array, end: OtherKeys): string | undefined {
  const { before, after, count } = end;
  if (before === undefined && after === undefined) return 'no neighbour is shown';
  if (before !== undefined && compareBytes(before.treeKey, treeKey) >= 0) return 'not before';
  if (after !== undefined && compareBytes(after.treeKey, treeKey) <= 0) return 'not after';
  const index = before === undefined ? 0 : before.index + 1;
  if (index !== (after === undefined ? count : after.index)) return 'keys between are hidden';
  if (after !== undefined && after.index >= count) return 'the leaf stands outside its bucket';
  return undefined;
}

function hashOfEnd(treeKey: Uint8Array, end: ProofEnd): Hash | undefined {
  switch (end.kind) {
    case 'record':
      return hashOfBucket(end.count, { ...end.leaf, treeKey });
    case 'empty-tree':
    case 'empty-slot':
      return ZERO_HASH;
    case 'other-prefix':
      return treePairHash(end.slots, nodeLabel(end.depth, end.prefix));
    case 'other-keys': {
      const before = end.before && hashOfBucket(end.count, end.before);
      const after = end.after && hashOfBucket(end.count, end.after);
      const agree = before === undefined || after === undefined || equalBytes(before, after);
      return agree ? (before ?? after) : undefined;
    }
    default:
      return assertNever(end);
  }
}

function hashOfBucket(count: number, leaf: NeighbourLeaf): Hash {
  const slots = foldPath(treeLeafHash(leaf.treeKey, leaf.valueHash), leaf.index, leaf.siblings);
  return treePairHash(slots, bucketLabel(count));
}

function foldPath(hash: Hash, slot: number, siblings: SlotPath): Hash {
  let folded = hash;
  for (const [level, sibling] of siblings.entries()) {
    const isRight = ((slot >> level) & 1) === 1;
    folded = isRight ? treePairHash(sibling, folded) : treePairHash(folded, sibling);
  }
  return folded;
}

// --- encoding ------------------------------------------------------------------------------

const PROOF_VERSION = 1;
const END_CODES: Readonly<Record<ProofEnd['kind'], number>> = {
  record: 1,
  'empty-tree': 2,
  'empty-slot': 3,
  'other-prefix': 4,
  'other-keys': 5,
};

/** version u8 | end u8 | count u8 x (depth u8 | path) | fields of the end. */
export function encodeStateProof({ steps, end }: StateProof): Uint8Array {
  const writer = createWriter();
  writer.u8(PROOF_VERSION);
  writer.u8(END_CODES[end.kind]);
  writer.u8(steps.length);
  for (const { depth, siblings } of steps) {
    writer.u8(depth);
    writePath(writer, siblings);
  }
  writeEnd(writer, end);
  return writer.finish();
}

/** Decodes a proof; at most 14 KiB can be valid, so the reader's own bounds suffice. */
export function decodeStateProof(bytes: Uint8Array): Result<StateProof, DecodeFailure> {
  return decodeBinary(bytes, 'state proof', (reader) => {
    if (reader.u8() !== PROOF_VERSION) reader.refuse('has an unknown version');
    const code = reader.u8();
    const stepCount = reader.u8();
    if (stepCount > DEPTH_MAX) reader.refuse('has more steps than a key has nibbles');
    const steps: ProofStep[] = [];
    for (let step = 0; step < stepCount; step++) {
      steps.push({ depth: reader.u8(), siblings: readPath(reader) });
    }
    return { steps, end: readEnd(reader, code) };
  });
}

function writeEnd(writer: BinaryWriter, end: ProofEnd): void {
  switch (end.kind) {
    case 'record':
      writer.u8(end.count);
      writeLeaf(writer, end.leaf);
      break;
    case 'empty-tree':
    case 'empty-slot':
      break;
    case 'other-prefix':
      writer.u8(end.depth);
      writer.raw(end.prefix);
      writer.raw(end.slots);
      break;
    case 'other-keys':
      writer.u8(end.count);
      writer.u8((end.before === undefined ? 0 : 1) | (end.after === undefined ? 0 : 2));
      if (end.before !== undefined) writeNeighbour(writer, end.before);
      if (end.after !== undefined) writeNeighbour(writer, end.after);
      break;
    default:
      assertNever(end);
  }
}

function readEnd(reader: BinaryReader, code: number): ProofEnd {
  switch (code) {
    case END_CODES.record: {
      const count = readCount(reader);
      return { kind: 'record', count, leaf: readLeaf(reader) };
    }
    case END_CODES['empty-tree']:
      return { kind: 'empty-tree' };
    case END_CODES['empty-slot']:
      return { kind: 'empty-slot' };
    case END_CODES['other-prefix']:
      return readOtherPrefix(reader);
    case END_CODES['other-keys']:
      return readOtherKeys(reader);
    default:
      return reader.refuse('has an unknown end');
  }
}

function readOtherPrefix(reader: BinaryReader): ProofEnd {
  const depth = reader.u8();
  if (depth > DEPTH_MAX) reader.refuse('has a depth beyond every key');
  const prefix = reader.raw(Math.ceil(depth / 2));
  if (!equalBytes(prefix, prefixOf(prefix, depth))) reader.refuse('has a nibble behind a prefix');
  return { kind: 'other-prefix', depth, prefix, slots: asHash(reader.raw(32)) };
}

function readOtherKeys(reader: BinaryReader): ProofEnd {
  const count = readCount(reader);
  const flags = reader.u8();
  if (flags > 3) reader.refuse('has unknown flags');
  const before = (flags & 1) === 0 ? undefined : readNeighbour(reader);
  const after = (flags & 2) === 0 ? undefined : readNeighbour(reader);
  return { kind: 'other-keys', count, ...(before && { before }), ...(after && { after }) };
}

function writeLeaf(writer: BinaryWriter, { index, valueHash, siblings }: BucketLeaf): void {
  writer.u8(index);
  writer.raw(valueHash);
  writePath(writer, siblings);
}

function readLeaf(reader: BinaryReader): BucketLeaf {
  const index = reader.u8();
  if (index >= TREE_WIDTH) reader.refuse('has a slot beyond 15');
  return { index, valueHash: asHash(reader.raw(32)), siblings: readPath(reader) };
}

function writeNeighbour(writer: BinaryWriter, neighbour: NeighbourLeaf): void {
  writer.u8(neighbour.treeKey.length);
  writer.raw(neighbour.treeKey);
  writeLeaf(writer, neighbour);
}

function readNeighbour(reader: BinaryReader): NeighbourLeaf {
  const treeKey = reader.raw(reader.u8());
  if (!isTreeKey(treeKey)) reader.refuse('has a key of no known length');
  return { treeKey, ...readLeaf(reader) };
}

function readCount(reader: BinaryReader): number {
  const count = reader.u8();
  if (count < 1 || count > TREE_WIDTH) reader.refuse('has a bucket of an impossible size');
  return count;
}

/** mask u8 (bit k = level k is sent) | hashes; siblings that are empty slots are not sent. */
function writePath(writer: BinaryWriter, siblings: SlotPath): void {
  assert(siblings.length === SLOT_PATH_LENGTH, 'a slot has four siblings');
  const isSent = siblings.map((hash, level) => !equalBytes(hash, EMPTY_SLOTS[level] ?? ZERO_HASH));
  writer.u8(isSent.reduce((mask, sent, level) => mask | (sent ? 1 << level : 0), 0));
  for (const [level, hash] of siblings.entries()) {
    if (isSent[level]) writer.raw(hash);
  }
}

function readPath(reader: BinaryReader): SlotPath {
  const mask = reader.u8();
  if (mask >= TREE_WIDTH) reader.refuse('has more than four siblings');
  return EMPTY_SLOTS.map((empty, level) => {
    if ((mask & (1 << level)) === 0) return empty;
    const hash = asHash(reader.raw(32));
    if (equalBytes(hash, empty)) reader.refuse('sends an empty slot');
    return hash;
  });
}
