/**
 * Proof that the history forked, as a witness keeps it: two checkpoints, each signed by a quorum of
 * the set of its last block, of trees that cannot belong to one history. Both are of one size with
 * different roots; or the larger tree begins with another root than that of the smaller one, which a
 * consistency path shows. Layout: canonical CBOR.
 */
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { Hash } from '../crypto/brands.ts';
import { asHash, HASH_SIZE } from '../crypto/brands.ts';
import { MERKLE_PATH_MAX } from '../crypto/merkle-ranges.ts';
import { LIMITS } from './limits.ts';
import type { SetChange } from './proof-bundle.ts';
import { changeToCbor, readChange } from './proof-bundle.ts';

export const CHECKPOINT_FORK_FORMAT = 'daybook-checkpoint-fork/1';

/** A checkpoint with what leads from the founding document to the set that signed it. */
export interface CheckpointSide {
  /** The signed note. */
  readonly note: Uint8Array;
  /** Changes of the set up to its last block, in order. */
  readonly changes: readonly SetChange[];
}

export interface CheckpointFork {
  /** Canonical genesis document; its hash is the chain id. */
  readonly genesis: Uint8Array;
  /** The smaller tree, or one of two of a size. */
  readonly first: CheckpointSide;
  readonly second: CheckpointSide;
  /** With what the second tree begins; absent for two trees of one size. */
  readonly beginning?: { readonly root: Hash; readonly path: readonly Hash[] };
}

const PARTS = 5;
const CHANGES_MAX = 4096;
/** Deepest structure: proof, side, changes, change, validators, validator. */
const DEPTH_MAX = 7;

export function encodeCheckpointFork({
  genesis,
  first,
  second,
  beginning,
}: CheckpointFork): Uint8Array {
  return encodeCanonical([
    CHECKPOINT_FORK_FORMAT,
    genesis,
    sideToCbor(first),
    sideToCbor(second),
    beginning === undefined ? null : [beginning.root, [...beginning.path]],
  ]);
}

/** Decodes a proof; whether it proves anything is for the verifier. */
export function decodeCheckpointFork(bytes: Uint8Array): Result<CheckpointFork, DecodeFailure> {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const proof = readProof(decoded.value);
  if (proof !== undefined) return ok(proof);
  const fact = `not a ${CHECKPOINT_FORK_FORMAT} file, or damaged`;
  return fail({ code: 'CORE_MALFORMED', title: 'checkpoint fork', offset: 0, fact });
}

function sideToCbor({ note, changes }: CheckpointSide): CborValue {
  return [note, changes.map(changeToCbor)];
}

function readProof(value: CborValue): CheckpointFork | undefined {
  if (!Array.isArray(value) || value.length !== PARTS) return undefined;
  const [format, genesis, one, other, begins] = value as readonly CborValue[];
  if (format !== CHECKPOINT_FORK_FORMAT || !(genesis instanceof Uint8Array)) return undefined;
  const [first, second] = [readSide(one), readSide(other)];
  if (first === undefined || second === undefined) return undefined;
  if (begins === null) return { genesis, first, second };
  const beginning = readBeginning(begins);
  return beginning && { genesis, first, second, beginning };
}

function readSide(value: CborValue | undefined): CheckpointSide | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [note, list] = value as readonly CborValue[];
  if (!(note instanceof Uint8Array) || !Array.isArray(list)) return undefined;
  if (list.length > CHANGES_MAX) return undefined;
  const changes = (list as readonly CborValue[]).map(readChange);
  return changes.every((change) => change !== undefined) ? { note, changes } : undefined;
}

function readBeginning(value: CborValue | undefined): CheckpointFork['beginning'] {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [root, list] = value as readonly CborValue[];
  if (!Array.isArray(list) || list.length > MERKLE_PATH_MAX) return undefined;
  const path = (list as readonly CborValue[]).map(readHash);
  const read = readHash(root);
  const isWhole = read !== undefined && path.every((hash) => hash !== undefined);
  return isWhole ? { root: read, path } : undefined;
}

function readHash(value: CborValue | undefined): Hash | undefined {
  const isHash = value instanceof Uint8Array && value.length === HASH_SIZE;
  return isHash ? asHash(value) : undefined;
}
