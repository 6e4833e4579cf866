/**
 * The public half of a secret key. Sealing keys are X25519, all others Ed25519; the same 32 bytes
 * give another public key on each.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { assertBytes, publicKeyOf } from '@daybook/core';
import type { KeyPurpose } from './purposes.ts';

// DER of RFC 8410 for X25519, up to the 32 key bytes.
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const X25519_SPKI_SIZE = 44;

/**
 * @param secretKey  32 bytes: an Ed25519 seed, or an X25519 scalar for sealing
 * @returns          32 bytes
 */
export function publicHalfOf(purpose: KeyPurpose, secretKey: Uint8Array): Uint8Array {
  assertBytes(secretKey, 32, 'secret key');
  if (purpose !== 'sealing') {
    return publicKeyOf(secretKey);
  }
  const key = createPrivateKey({
    key: Buffer.concat([X25519_PKCS8, secretKey]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return Uint8Array.from(spki.subarray(X25519_SPKI_SIZE - 32));
}
