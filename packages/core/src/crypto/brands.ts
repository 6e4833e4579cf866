/**
 * The cryptographic values as branded types, so that a hash cannot be passed where a public key is
 * meant. Each `as…` function checks the length once, where bytes enter the program.
 */
import { assertBytes } from '../codec/bytes.ts';

declare const brand: unique symbol;

/** A `T` that only the functions of one file make. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** 32 bytes, SHA-256. */
export type Hash = Branded<Uint8Array, 'Hash'>;
/** 32 bytes, Ed25519 public key in canonical encoding. */
export type PublicKey = Branded<Uint8Array, 'PublicKey'>;
/** 64 bytes, Ed25519 signature (R, S). */
export type Signature = Branded<Uint8Array, 'Signature'>;

export const HASH_SIZE = 32;
export const PUBLIC_KEY_SIZE = 32;
export const SECRET_KEY_SIZE = 32;
export const SIGNATURE_SIZE = 64;

/** @throws AssertionError unless 32 bytes */
export function asHash(bytes: Uint8Array): Hash {
  assertBytes(bytes, HASH_SIZE, 'hash');
  return bytes as Hash;
}

/** @throws AssertionError unless 32 bytes */
export function asPublicKey(bytes: Uint8Array): PublicKey {
  assertBytes(bytes, PUBLIC_KEY_SIZE, 'public key');
  return bytes as PublicKey;
}

/** @throws AssertionError unless 64 bytes */
export function asSignature(bytes: Uint8Array): Signature {
  assertBytes(bytes, SIGNATURE_SIZE, 'signature');
  return bytes as Signature;
}

/** 32 zero bytes: the parent and the proposer of genesis, and every "none" in a hashed layout. */
export const ZERO_HASH: Hash = asHash(new Uint8Array(HASH_SIZE));
