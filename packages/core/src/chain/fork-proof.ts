/**
 * The fork proof: one file that shows two COMMIT certificates for one height with different blocks,
 * each sealed by a quorum of the set that signs it, with every step from the founding document to
 * that set, and the faults found on the way. Made by a node that stops (protocol §19), checked by
 * anybody. Layout: canonical CBOR.
 */
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { LIMITS } from './limits.ts';
import type { SetChange } from './proof-bundle.ts';
import { changeToCbor, readChange } from './proof-bundle.ts';

export const FORK_PROOF_FORMAT = 'daybook-fork/1';

/** One of the two decisions. */
export interface ForkSide {
  /** Encoded COMMIT certificate. */
  readonly certificate: Uint8Array;
  /** Encoded header, where the node had it. */
  readonly header?: Uint8Array;
}

export interface ForkProof {
  /** Canonical genesis document; its hash is the chain id. */
  readonly genesis: Uint8Array;
  /** Changes of the set between genesis and the height, in order. */
  readonly changes: readonly SetChange[];
  readonly first: ForkSide;
  readonly second: ForkSide;
  /** Payloads of evidence that the node held, canonical bytes each. */
  readonly evidence: readonly Uint8Array[];
}

const PARTS = 6;
const CHANGES_MAX = 4096;
const EVIDENCE_MAX = 256;
/** Deepest structure: proof, changes, change, validators, validator. */
const DEPTH_MAX = 6;

function sideToCbor({ certificate, header }: ForkSide): CborValue {
  return [certificate, header ?? null];
}

export function encodeForkProof(proof: ForkProof): Uint8Array {
  return encodeCanonical([
    FORK_PROOF_FORMAT,
    proof.genesis,
    proof.changes.map(changeToCbor),
    sideToCbor(proof.first),
    sideToCbor(proof.second),
    [...proof.evidence],
  ]);
}

function readSide(value: CborValue | undefined): ForkSide | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [certificate, header] = value as readonly CborValue[];
  if (!(certificate instanceof Uint8Array)) return undefined;
  if (header === null) return { certificate };
  return header instanceof Uint8Array ? { certificate, header } : undefined;
}

function readList<T>(
  value: CborValue | undefined,
  countMax: number,
  read: (item: CborValue) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > countMax) return undefined;
  const items = (value as readonly CborValue[]).map(read);
  return items.every((item) => item !== undefined) ? items : undefined;
}

function readProof(value: CborValue): ForkProof | undefined {
  if (!Array.isArray(value) || value.length !== PARTS) return undefined;
  const [format, genesis, changeList, one, other, found] = value as readonly CborValue[];
  if (format !== FORK_PROOF_FORMAT || !(genesis instanceof Uint8Array)) return undefined;
  const changes = readList(changeList, CHANGES_MAX, readChange);
  const evidence = readList(found, EVIDENCE_MAX, (item) =>
    item instanceof Uint8Array ? item : undefined,
  );
  const [first, second] = [readSide(one), readSide(other)];
  if (changes === undefined || evidence === undefined) return undefined;
  if (first === undefined || second === undefined) return undefined;
  return { genesis, changes, first, second, evidence };
}

/** Decodes a fork proof; whether it proves anything is for the verifier. */
export function decodeForkProof(bytes: Uint8Array): Result<ForkProof, DecodeFailure> {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const proof = readProof(decoded.value);
  if (proof !== undefined) return ok(proof);
  const fact = `not a ${FORK_PROOF_FORMAT} file, or damaged`;
  return fail({ code: 'CORE_MALFORMED', title: 'fork proof', offset: 0, fact });
}
