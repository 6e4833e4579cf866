/**
 * The stamp of a document in a batch: a file that shows, with no node at hand, that a document was
 * there when a block was made. It holds the path from the document's hash to the root of the batch
 * (RFC 9162) and the proof bundle of the batch's record.
 */
import type { CborValue, Hash } from '@daybook/core';
import {
  asHash,
  decodeCanonical,
  encodeCanonical,
  fromHex,
  HASH_SIZE,
  leafHash,
  verifyInclusion,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import type { ProvenFacts, VerdictOf } from './proof.ts';
import { verifyProofBundle } from './proof.ts';
import type { Trust } from './trust.ts';

const FORMAT = 'daybook-stamp/1';
/** A path of 32 steps and a bundle of at most 4 MiB. */
export const STAMP_BYTES_MAX = 4 * 1024 * 1024;
const PATH_MAX = 32;

export interface Stamp {
  /** Place of the document's hash in the batch, from 0. */
  readonly index: number;
  /** From the leaf up. */
  readonly path: readonly Hash[];
  /** Proof bundle of the record `timestamps.batch`. */
  readonly bundle: Uint8Array;
}

export type StampVerdict = VerdictOf<ProvenFacts>;

export function encodeStamp({ index, path, bundle }: Stamp): Uint8Array {
  return encodeCanonical([FORMAT, index, [...path], bundle]);
}

/** Undefined for bytes that are no stamp. */
export function decodeStamp(bytes: Uint8Array): Stamp | undefined {
  const decoded = decodeCanonical(bytes, { bytesMax: STAMP_BYTES_MAX, depthMax: 2 });
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const [format, index, path, bundle, ...more] = decoded.value as readonly CborValue[];
  if (format !== FORMAT || more.length > 0 || typeof index !== 'number') return undefined;
  if (!Array.isArray(path) || path.length > PATH_MAX || !path.every(isHash)) return undefined;
  return bundle instanceof Uint8Array ? { index, path: path.map(asHash), bundle } : undefined;
}

/**
 * Checks that a document stands in a batch that the chain stamped.
 * @param document  SHA-256 of the document
 */
export function verifyStamp(stamp: Stamp, document: Hash, trust: Trust): StampVerdict {
  const verdict = verifyProofBundle(stamp.bundle, trust);
  if (verdict.outcome === 'invalid') return verdict;
  const reason = faultOf(stamp, document, verdict.facts);
  return reason === undefined ? verdict : { outcome: 'invalid', reason };
}

function faultOf(
  { index, path }: Stamp,
  document: Hash,
  { record }: ProvenFacts,
): VerifyFailure | undefined {
  const { contract, spec, key } = record;
  const isBatch = contract.name === 'timestamps' && spec.name === 'batch';
  const root = fromHex(String(key.root));
  const size = key.count;
  if (!isBatch || root === undefined || typeof size !== 'number') {
    return { code: 'CLIENT_PROOF_MALFORMED', fact: 'it proves no batch of timestamps' };
  }
  const isThere = verifyInclusion({ root, size, index, leaf: leafHash(document), path });
  return isThere ? undefined : { code: 'CLIENT_DOCUMENT_DIFFERS' };
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === HASH_SIZE;
}
