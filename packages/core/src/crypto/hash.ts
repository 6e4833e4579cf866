/**
 * SHA-256, the only hash of the protocol. `#sha256` is the native function in Node and a portable
 * one elsewhere (see `imports` in package.json); the self-test holds both to the same vectors.
 */
import { sha256 as digest } from '#sha256';
import { assert } from '../codec/assert.ts';
import { concatBytes } from '../codec/bytes.ts';
import type { Hash } from './brands.ts';
import { HASH_SIZE } from './brands.ts';
import { TAG_SIZE } from './tags.ts';

// Working memory for one call: allocating an array of more than 64 bytes costs more than its hash.
const scratch = new Uint8Array(4096);

/** SHA-256 of the bytes. */
export function sha256(bytes: Uint8Array): Hash {
  const hash = digest(bytes);
  assert(hash.length === HASH_SIZE, 'SHA-256 has 32 bytes');
  return hash as Hash;
}

/**
 * SHA-256 of a domain tag and the parts that follow it.
 * @param tag    one of `TAGS`
 * @param parts  in the order of the tag's layout; anything of variable length comes last or
 *   carries its length, since the boundaries between parts are not hashed
 */
export function hashTagged(tag: Uint8Array, ...parts: readonly Uint8Array[]): Hash {
  assert(tag.length === TAG_SIZE, 'a tag has 16 bytes');
  return digestOf(tag, parts);
}

/** SHA-256 of the parts one behind the other. */
export function sha256OfParts(parts: readonly Uint8Array[]): Hash {
  return digestOf(NOTHING, parts);
}

const NOTHING = new Uint8Array();

function digestOf(first: Uint8Array, parts: readonly Uint8Array[]): Hash {
  let size = first.length;
  for (const part of parts) {
    size += part.length;
  }
  if (size > scratch.length) {
    return sha256(concatBytes(first, ...parts));
  }
  scratch.set(first);
  let offset = first.length;
  for (const part of parts) {
    scratch.set(part, offset);
    offset += part.length;
  }
  return sha256(scratch.subarray(0, size));
}
