/**
 * Commitments: what a record shows of something that stays off the chain. The salt keeps others
 * from guessing; the purpose, which names the place, keeps them from copying it elsewhere.
 */
import { assert } from '../codec/assert.ts';
import type { CborValue } from '../codec/cbor.ts';
import { encodeCanonical } from '../codec/cbor.ts';
import type { Hash } from './brands.ts';
import { hashTagged } from './hash.ts';
import { TAGS } from './tags.ts';

/** Bytes of a salt: as many as the hash, so that nobody meets the same one twice. */
export const SEAL_SALT_SIZE = 32;

/**
 * What stands in a sealed field.
 * @param purpose  where the value belongs, such as `procurement.bid/ocds-x-1/b-1`
 * @param salt     32 random bytes, kept with the value
 * @param value    what is sealed; anything canonical CBOR can hold
 */
export function sealOf(purpose: string, salt: Uint8Array, value: CborValue): Hash {
  assert(salt.length === SEAL_SALT_SIZE, `a salt has ${SEAL_SALT_SIZE} bytes`);
  return hashTagged(TAGS.SEAL, encodeCanonical([purpose, salt, value]));
}
