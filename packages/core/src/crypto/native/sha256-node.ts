/**
 * SHA-256 in Node: OpenSSL through the one-shot `crypto.hash`. The digest comes as a Latin-1 string
 * because that is the fastest way across the boundary (measured on Node 24, 64 bytes: 0.23 us
 * against 0.83 us as a Buffer), and the result is a plain array, never a view on a pool.
 */
import { hash } from 'node:crypto';

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'latin1');
  const digest = new Uint8Array(32);
  for (let index = 0; index < 32; index += 1) {
    digest[index] = text.charCodeAt(index);
  }
  return digest;
}
