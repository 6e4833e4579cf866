/**
 * What the block log keeps of one transaction's outcome: the result leaf, whose bytes are hashed
 * into the header, and the facts of a refusal, which are for people and hashed nowhere.
 */
import type { CborMap, CborValue, TransactionResult } from '@daybook/core';
import { assert, decodeCanonical, decodeResult, encodeCanonical } from '@daybook/core';

export interface StoredResult {
  /** Encoded leaf. */
  readonly leaf: Uint8Array;
  readonly result: TransactionResult;
  readonly facts: CborMap | undefined;
}

const STORED_BYTES_MAX = 8 * 1024 * 1024;
const DEPTH_MAX = 20;

export function encodeStoredResult(leaf: Uint8Array, facts: CborMap | undefined): Uint8Array {
  return encodeCanonical([leaf, facts ?? null]);
}

function isMap(value: CborValue | undefined): value is CborMap {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Stored bytes of any origin; undefined when they have not the layout. */
export function readStoredResult(bytes: Uint8Array): StoredResult | undefined {
  const decoded = decodeCanonical(bytes, { bytesMax: STORED_BYTES_MAX, depthMax: DEPTH_MAX });
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const [leaf, facts] = decoded.value as readonly CborValue[];
  if (!(leaf instanceof Uint8Array)) return undefined;
  const result = decodeResult(leaf);
  if (!result.ok) return undefined;
  return { leaf, result: result.value, facts: isMap(facts) ? facts : undefined };
}

/** The bytes come from the own log, checksummed there: anything else than the layout is our bug. */
export function decodeStoredResult(bytes: Uint8Array): StoredResult {
  const stored = readStoredResult(bytes);
  assert(stored !== undefined, 'a stored result of the own log has its layout');
  return stored;
}
