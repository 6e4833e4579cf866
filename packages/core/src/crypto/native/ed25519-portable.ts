/**
 * Ed25519 where there is no Node: browsers. The point arithmetic is noble's; the equation is
 * written out here because noble's own `verify` is cofactored and would accept signatures that
 * every validator refuses. About fifteen times slower than OpenSSL.
 */
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, toHex } from '../../codec/bytes.ts';

const { n: L } = Point.CURVE();

// noble's synchronous functions have no hash of their own and ask for one here.
hashes.sha512 = sha512;

/** The cofactorless equation on bytes; false for a key that is no point of the curve. */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const r = signature.subarray(0, 32);
  const s = integerOf(signature.subarray(32));
  const keyPoint = pointOf(publicKey);
  if (s >= L || keyPoint === undefined) {
    return false;
  }
  const k = integerOf(sha512(concatBytes(r, publicKey, message))) % L;
  // RFC 8032 §5.1.7 step 3 without the cofactor: R must be the very bytes of [S]B - [k]A.
  const expected = Point.BASE.multiply(s, false).subtract(keyPoint.multiply(k, false));
  return equalBytes(expected.toBytes(), r);
}

/** Whether 32 bytes are a point of the curve other than the identity of which [L] is the identity. */
export function isInMainSubgroup(publicKey: Uint8Array): boolean {
  const point = pointOf(publicKey);
  return point !== undefined && !point.isSmallOrder() && point.isTorsionFree();
}

/**
 * A signing function.
 * @param secretKey  32-byte seed of RFC 8032
 */
export function createSigning(secretKey: Uint8Array): (message: Uint8Array) => Uint8Array {
  const seed = Uint8Array.from(secretKey);
  return (message) => sign(message, seed);
}

/** The public key, 32 bytes, of a 32-byte seed. */
export function derivePublicKey(secretKey: Uint8Array): Uint8Array {
  return getPublicKey(secretKey);
}

function pointOf(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    // noble throws for what is no canonical encoding of a point.
    return undefined;
  }
}

/** A little-endian integer. */
function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}
