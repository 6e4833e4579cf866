/**
 * The form of a key file: one JSON object of which everything but the secret half can be read
 * without a passphrase. Here it is only built and taken apart; `protection.ts` encrypts it.
 */
import type { Result } from '@daybook/core';
import { fail, fromHex, ok, toHex } from '@daybook/core';
import type { KeyFailure } from './errors.ts';
import type { KeyPurpose } from './purposes.ts';
import { isKeyPurpose } from './purposes.ts';

/** Bytes of the largest key file; the real ones have under 1 KiB. */
export const KEY_FILE_BYTES_MAX = 4096;

/** The half that anybody may know. */
export interface PublicHalf {
  readonly purpose: KeyPurpose;
  /** 32 bytes, Ed25519 or, for sealing, X25519. */
  readonly publicKey: Uint8Array;
}

/** Settings of scrypt (RFC 7914) and its salt. */
export interface KeyDerivation {
  /** N, a power of two. */
  readonly cost: number;
  /** r. */
  readonly blockSize: number;
  /** p. */
  readonly parallelization: number;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
}

/** A key whose secret half is encrypted under a passphrase. */
export interface ProtectedKey extends PublicHalf {
  readonly protection: 'passphrase';
  readonly derivation: KeyDerivation;
  /** 12 random bytes, used once because every file has a salt of its own. */
  readonly nonce: Uint8Array;
  /** 32 encrypted bytes and the 16 bytes of the tag. */
  readonly ciphertext: Uint8Array;
}

/** A key whose secret half lies open: development and test clusters only. */
export interface UnprotectedKey extends PublicHalf {
  readonly protection: 'none';
  readonly secretKey: Uint8Array;
}

export type KeyDocument = ProtectedKey | UnprotectedKey;

const FORMAT = 'daybook-key';
const VERSION = 1;
const COMMON_FIELDS = ['format', 'version', 'purpose', 'publicKey', 'protection'];
const KEY_SIZE = 32;
const SALT_SIZE = 32;
const NONCE_SIZE = 12;
const CIPHERTEXT_SIZE = KEY_SIZE + 16;
// What a file may demand: enough to resist guessing, and no more than 256 MiB of memory.
const COST_MIN = 2 ** 14;
const COST_MAX = 2 ** 18;
const BLOCK_SIZE = 8;
const PARALLELIZATION_MAX = 16;

type Fields = Readonly<Record<string, unknown>>;

/** Carries a fact from a field to `decodeKeyDocument` and never leaves this file. */
class Malformed extends Error {}

/** The text of a key file, ending in a line break. */
export function encodeKeyDocument(key: KeyDocument): string {
  const common = {
    format: FORMAT,
    version: VERSION,
    purpose: key.purpose,
    publicKey: toHex(key.publicKey),
    protection: key.protection,
  };
  const secret =
    key.protection === 'none' ? { secretKey: toHex(key.secretKey) } : encodeProtection(key);
  return `${JSON.stringify({ ...common, ...secret }, undefined, 2)}\n`;
}

/** Takes the text of a key file apart; every field is checked and no other is allowed. */
export function decodeKeyDocument(text: string): Result<KeyDocument, KeyFailure> {
  try {
    return ok(readDocument(asFields(parseJson(text), 'its JSON')));
  } catch (error) {
    if (error instanceof Malformed) {
      return fail({ code: 'KEYSTORE_MALFORMED', fact: error.message });
    }
    throw error;
  }
}

function encodeProtection(key: ProtectedKey): Fields {
  const { cost, blockSize, parallelization, salt } = key.derivation;
  return {
    derivation: { name: 'scrypt', cost, blockSize, parallelization, salt: toHex(salt) },
    cipher: { name: 'aes-256-gcm', nonce: toHex(key.nonce), ciphertext: toHex(key.ciphertext) },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's sentence would quote the file, which may hold a secret.
    return undefined;
  }
}

function readDocument(fields: Fields): KeyDocument {
  if (fields.format !== FORMAT) {
    throw new Malformed(`does not say "format": "${FORMAT}"`);
  }
  if (fields.version !== VERSION) {
    throw new Malformed(`has another version than ${VERSION}`);
  }
  const { purpose } = fields;
  if (!isKeyPurpose(purpose)) {
    throw new Malformed('names no known purpose');
  }
  const publicKey = readBytes(fields, 'publicKey', KEY_SIZE);
  switch (fields.protection) {
    case 'none':
      expectFields(fields, [...COMMON_FIELDS, 'secretKey']);
      return {
        purpose,
        publicKey,
        protection: 'none',
        secretKey: readBytes(fields, 'secretKey', KEY_SIZE),
      };
    case 'passphrase':
      expectFields(fields, [...COMMON_FIELDS, 'derivation', 'cipher']);
      return { purpose, publicKey, protection: 'passphrase', ...readProtection(fields) };
    default:
      throw new Malformed('names no known protection');
  }
}

function readProtection(fields: Fields): Pick<ProtectedKey, 'derivation' | 'nonce' | 'ciphertext'> {
  const derivation = asFields(fields.derivation, 'derivation');
  expectFields(derivation, ['name', 'cost', 'blockSize', 'parallelization', 'salt']);
  const cipher = asFields(fields.cipher, 'cipher');
  expectFields(cipher, ['name', 'nonce', 'ciphertext']);
  if (derivation.name !== 'scrypt' || cipher.name !== 'aes-256-gcm') {
    throw new Malformed('uses another derivation than scrypt or another cipher than aes-256-gcm');
  }
  return {
    derivation: {
      cost: readPowerOfTwo(derivation, 'cost'),
      blockSize: readInteger(derivation, 'blockSize', BLOCK_SIZE, BLOCK_SIZE),
      parallelization: readInteger(derivation, 'parallelization', 1, PARALLELIZATION_MAX),
      salt: readBytes(derivation, 'salt', SALT_SIZE),
    },
    nonce: readBytes(cipher, 'nonce', NONCE_SIZE),
    ciphertext: readBytes(cipher, 'ciphertext', CIPHERTEXT_SIZE),
  };
}

function asFields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Malformed(`has no object as ${name}`);
  }
  return { ...value };
}

function expectFields(fields: Fields, names: readonly string[]): void {
  const others = Object.keys(fields).filter((name) => !names.includes(name));
  if (others.length > 0) {
    throw new Malformed('has fields that no key file has');
  }
}

function readBytes(fields: Fields, name: string, size: number): Uint8Array {
  const text = fields[name];
  const bytes = typeof text === 'string' ? fromHex(text) : undefined;
  if (bytes?.length !== size) {
    throw new Malformed(`has no ${size} bytes of lower-case hex as ${name}`);
  }
  return bytes;
}

function readPowerOfTwo(fields: Fields, name: string): number {
  const value = readInteger(fields, name, COST_MIN, COST_MAX);
  if ((value & (value - 1)) !== 0) {
    throw new Malformed(`has no power of two as ${name}`);
  }
  return value;
}

function readInteger(fields: Fields, name: string, min: number, max: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new Malformed(`has no integer from ${min} to ${max} as ${name}`);
  }
  return value;
}
