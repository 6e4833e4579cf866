/**
 * Identifiers of the chain as branded types, so that a block hash cannot be passed where a public
 * key is meant. The cryptographic ones come from the room below; here are the chain's own.
 */
import { assertBytes } from '../codec/bytes.ts';
import type { Branded } from '../crypto/brands.ts';
import { HASH_SIZE } from '../crypto/brands.ts';

export type { Hash, PublicKey, Signature } from '../crypto/brands.ts';
export { asHash, asPublicKey, asSignature, SIGNATURE_SIZE, ZERO_HASH } from '../crypto/brands.ts';

/** 32 bytes: hash of the tag and the validator's first consensus key; survives key rotation. */
export type ValidatorId = Branded<Uint8Array, 'ValidatorId'>;
/** 32 bytes: hash of the tag and the transaction body. */
export type TransactionId = Branded<Uint8Array, 'TransactionId'>;
/** Block height, 0 is genesis; a safe integer. */
export type Height = number;
/** Consensus round within a height, below 2^31. */
export type Round = number;
/** Milliseconds since 1970-01-01T00:00:00Z; a safe integer. */
export type TimestampMs = number;

/** Random bytes in a transaction. */
export const NONCE_SIZE = 16;

/** @throws AssertionError unless 32 bytes */
export function asValidatorId(bytes: Uint8Array): ValidatorId {
  assertBytes(bytes, HASH_SIZE, 'validator id');
  return bytes as ValidatorId;
}

/** @throws AssertionError unless 32 bytes */
export function asTransactionId(bytes: Uint8Array): TransactionId {
  assertBytes(bytes, HASH_SIZE, 'transaction id');
  return bytes as TransactionId;
}
