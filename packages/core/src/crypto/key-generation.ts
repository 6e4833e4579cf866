/**
 * The only randomness of this package: new secret keys and the nonces of new transactions. Nothing
 * that validators compute may depend on it.
 */
import { SECRET_KEY_SIZE } from './brands.ts';

// The web's generator, present in Node and in browsers.
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };

/** Size of a transaction's nonce. */
const NONCE_SIZE = 16;

/** A new secret key: 32 random bytes, a seed of RFC 8032 or an X25519 scalar. */
export function generateSecretKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(SECRET_KEY_SIZE));
}

/** A nonce that makes a transaction unlike any other: 16 random bytes. */
export function generateNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(NONCE_SIZE));
}
