/**
 * Ed25519 in Node: OpenSSL through `node:crypto`. Parsing a public key costs as much as half a
 * verification (measured on Node 24: 35 us of 110 us on a loaded machine), so parsed keys are kept.
 * Which signatures count as valid is not decided here but in `ed25519.ts`.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { concatBytes, fromHex, toHex } from '../../codec/bytes.ts';

// DER of RFC 8410 up to the 32 key bytes.
const SPKI_PREFIX = fromHex('302a300506032b6570032100') ?? new Uint8Array();
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420') ?? new Uint8Array();
const SPKI_SIZE = 44;
const GENERATION_SIZE = 4096;

// A cache in two generations: what the older one holds unused is dropped when the younger is full.
// Between 4,096 and 8,192 keys stay, about 1 KiB each, far more than one block has signers.
let younger = new Map<string, KeyObject>();
let older = new Map<string, KeyObject>();

/** The cofactorless equation on bytes; false for a key that OpenSSL cannot read. */
export function verifyEquation(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verify(null, message, publicKeyObject(publicKey), signature);
  } catch {
    // OpenSSL throws for bytes that are no point of the curve: such a key verifies nothing.
    return false;
  }
}

/**
 * A signing function that keeps the parsed key.
 * @param secretKey  32-byte seed of RFC 8032
 */
export function createSigning(secretKey: Uint8Array): (message: Uint8Array) => Uint8Array {
  const key = privateKeyObject(secretKey);
  return (message) => new Uint8Array(sign(null, message, key));
}

/** The public key, 32 bytes, of a 32-byte seed. */
export function derivePublicKey(secretKey: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyObject(secretKey)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(SPKI_SIZE - 32));
}

function privateKeyObject(secretKey: Uint8Array): KeyObject {
  return createPrivateKey({
    key: concatBytes(PKCS8_PREFIX, secretKey),
    format: 'der',
    type: 'pkcs8',
  });
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey);
  const known = younger.get(name);
  if (known !== undefined) {
    return known;
  }
  const key = older.get(name) ?? parsePublicKey(publicKey);
  if (younger.size >= GENERATION_SIZE) {
    older = younger;
    younger = new Map();
  }
  younger.set(name, key);
  return key;
}

function parsePublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({
    key: concatBytes(SPKI_PREFIX, publicKey),
    format: 'der',
    type: 'spki',
  });
}
