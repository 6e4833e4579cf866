/**
 * Ed25519 as a rule of consensus and not a choice of library (protocol §4). Libraries, and versions
 * of one library, disagree on unusual signatures; a disagreement between validators is a fork. So
 * the rule is written out here, and every implementation is held to the vectors of `vectors.ts`.
 */
import { createSigning, derivePublicKey, isInMainSubgroup, verifyEquation } from '#ed25519';
import { assertBytes, fromHex } from '../codec/bytes.ts';
import type { PublicKey, Signature } from './brands.ts';
import {
  asPublicKey,
  asSignature,
  PUBLIC_KEY_SIZE,
  SECRET_KEY_SIZE,
  SIGNATURE_SIZE,
} from './brands.ts';
import {
  countSignatureCheck,
  derivedOnce,
  holdsByHash,
  isKeyedHash,
  judgedOnce,
  signWithHash,
} from './simulation/simulation.ts';

/** Signs with one key that is parsed once. */
export interface Signer {
  readonly publicKey: PublicKey;
  readonly sign: (message: Uint8Array) => Signature;
}

// Integers are little-endian, as in RFC 8032.
const P = constant('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
const L = constant('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
// The y of the eight points of small order; each stands for both signs of x.
const SMALL_ORDER = [
  constant('0100000000000000000000000000000000000000000000000000000000000000'),
  constant('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
  constant('0000000000000000000000000000000000000000000000000000000000000000'),
  constant('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  constant('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
];

/**
 * The one rule for validity of a signature: (a) the key and R are canonical encodings of points
 * that are not of small order, (b) S < L, (c) [S]B = R + [k]A holds without cofactor, on bytes.
 * Lengths other than 32 and 64 are invalid, never an error.
 */
export function verifyStrict(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  countSignatureCheck();
  if (!precheckSignature(publicKey, signature)) return false;
  if (isKeyedHash()) return holdsByHash(publicKey, message, signature);
  const parts = [publicKey, message, signature];
  return judgedOnce(parts, () => verifyEquation(publicKey, message, signature));
}

/**
 * Rules (a) and (b) alone, for callers that compute the equation elsewhere, for example in a worker
 * thread: what fails here is invalid, what passes is decided by rule (c). (Whether the two
 * encodings are points of the curve at all is left to rule (c), which fails for others.)
 */
export function precheckSignature(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === PUBLIC_KEY_SIZE &&
    signature.length === SIGNATURE_SIZE &&
    isAcceptableEncoding(publicKey) &&
    isAcceptableEncoding(signature) &&
    isBelow(signature, 32, L)
  );
}

/**
 * Whether a key may be registered on chain: canonical, on the curve, not of small order and free of
 * torsion ([L]A = identity). Takes 45 us in Node and over a millisecond in browsers.
 */
export function isGoodPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_SIZE || !isAcceptableEncoding(publicKey)) {
    return false;
  }
  // The keys of a simulation are made by it; this would be a tenth of its time.
  if (isKeyedHash()) return true;
  return judgedOnce([publicKey], () => isInMainSubgroup(publicKey));
}

/**
 * Signs once. For many signatures with one key take `createSigner`, which parses the key once.
 * @param secretKey  32-byte seed of RFC 8032
 */
export function sign(secretKey: Uint8Array, message: Uint8Array): Signature {
  assertBytes(secretKey, SECRET_KEY_SIZE, 'secret key');
  return createSigner(secretKey).sign(message);
}

/** @param secretKey  32-byte seed of RFC 8032 */
export function createSigner(secretKey: Uint8Array): Signer {
  assertBytes(secretKey, SECRET_KEY_SIZE, 'secret key');
  const publicKey = publicKeyOf(secretKey);
  if (isKeyedHash()) {
    return { publicKey, sign: (message) => asSignature(signWithHash(publicKey, message)) };
  }
  const signMessage = createSigning(secretKey);
  return { publicKey, sign: (message) => asSignature(signMessage(message)) };
}

/** The public key of a 32-byte seed. */
export function publicKeyOf(secretKey: Uint8Array): PublicKey {
  assertBytes(secretKey, SECRET_KEY_SIZE, 'secret key');
  return asPublicKey(derivedOnce(secretKey, derivePublicKey));
}

/** Rule (a) for the first 32 bytes, but for the question whether they are on the curve. */
function isAcceptableEncoding(bytes: Uint8Array): boolean {
  // x = 0 happens only for y = 1 and y = -1, both of small order: the forbidden encodings of x = 0
  // with the sign bit set are refused with them.
  return isBelowP(bytes) && !SMALL_ORDER.some((y) => hasY(bytes, y));
}

function isBelowP(bytes: Uint8Array): boolean {
  if (((bytes[31] ?? 0) & 0x7f) !== 0x7f) {
    return true;
  }
  for (let index = 30; index > 0; index -= 1) {
    if (bytes[index] !== 0xff) {
      return true;
    }
  }
  return (bytes[0] ?? 0) < (P[0] ?? 0);
}

function hasY(bytes: Uint8Array, y: Uint8Array): boolean {
  for (let index = 0; index < 31; index += 1) {
    if (bytes[index] !== y[index]) {
      return false;
    }
  }
  return ((bytes[31] ?? 0) & 0x7f) === y[31];
}

/** Whether the 32-byte integer at an offset is below a bound. */
function isBelow(bytes: Uint8Array, offset: number, bound: Uint8Array): boolean {
  for (let index = 31; index >= 0; index -= 1) {
    const difference = (bytes[offset + index] ?? 0) - (bound[index] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}

function constant(hex: string): Uint8Array {
  const bytes = fromHex(hex) ?? new Uint8Array();
  assertBytes(bytes, 32, 'constant');
  return bytes;
}
