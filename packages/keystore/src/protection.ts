/**
 * Locks the secret half of a key with a passphrase and opens it again: scrypt makes a key from the
 * passphrase, AES-256-GCM encrypts with it. Everything readable in the file is authenticated too,
 * so that nobody can relabel a key for another purpose.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Result } from '@daybook/core';
import { assert, encodeCanonical, equalBytes, fail, ok } from '@daybook/core';
import type { KeyDerivation, KeyDocument, ProtectedKey, PublicHalf } from './document.ts';
import type { KeyFailure } from './errors.ts';
import { publicHalfOf } from './public-half.ts';

/** Both halves of a key. */
export interface KeyPair extends PublicHalf {
  /** 32 bytes: the seed of an Ed25519 key, or an X25519 scalar for sealing. */
  readonly secretKey: Uint8Array;
}

/** What opens a file. */
export interface UnlockOptions {
  readonly passphrase?: string | undefined;
  /** Takes a file that is not encrypted: development and test clusters only. */
  readonly allowUnprotected?: boolean | undefined;
}

const CIPHER = 'aes-256-gcm';
const TAG_SIZE = 16;
// The least memory among the settings that OWASP rates equal: 32 MiB, for small validators.
const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 3;

/**
 * Encrypts a key.
 * @param passphrase  not empty; taken in Unicode NFC, so that every keyboard gives the same bytes
 */
export async function lockKey(key: KeyPair, passphrase: string): Promise<ProtectedKey> {
  const derivation: KeyDerivation = {
    cost: COST,
    blockSize: BLOCK_SIZE,
    parallelization: PARALLELIZATION,
    salt: Uint8Array.from(randomBytes(32)),
  };
  const half = { purpose: key.purpose, publicKey: key.publicKey };
  const nonce = Uint8Array.from(randomBytes(12));
  const cipher = createCipheriv(CIPHER, await deriveKey(passphrase, derivation), nonce, {
    authTagLength: TAG_SIZE,
  });
  cipher.setAAD(readableBytes(half, derivation));
  const parts = [cipher.update(key.secretKey), cipher.final(), cipher.getAuthTag()];
  const ciphertext = Uint8Array.from(Buffer.concat(parts));
  return { ...half, protection: 'passphrase', derivation, nonce, ciphertext };
}

/** Opens a key, and checks that its two halves belong together. */
export async function unlockKey(
  document: KeyDocument,
  options: UnlockOptions,
): Promise<Result<KeyPair, KeyFailure>> {
  const secretKey = await openSecret(document, options);
  if (!secretKey.ok) {
    return secretKey;
  }
  const { purpose, publicKey } = document;
  if (!equalBytes(publicHalfOf(purpose, secretKey.value), publicKey)) {
    return fail({ code: 'KEYSTORE_PUBLIC_KEY_WRONG' });
  }
  return ok({ purpose, publicKey, secretKey: secretKey.value });
}

async function openSecret(
  document: KeyDocument,
  options: UnlockOptions,
): Promise<Result<Uint8Array, KeyFailure>> {
  const { passphrase, allowUnprotected } = options;
  if (document.protection === 'none') {
    return allowUnprotected === true
      ? ok(document.secretKey)
      : fail({ code: 'KEYSTORE_UNPROTECTED' });
  }
  if (passphrase === undefined || passphrase === '') {
    return fail({ code: 'KEYSTORE_PASSPHRASE_MISSING' });
  }
  return decrypt(document, await deriveKey(passphrase, document.derivation));
}

function decrypt(key: ProtectedKey, secret: Buffer): Result<Uint8Array, KeyFailure> {
  const { nonce, ciphertext, derivation } = key;
  const decipher = createDecipheriv(CIPHER, secret, nonce, { authTagLength: TAG_SIZE });
  decipher.setAAD(readableBytes(key, derivation));
  decipher.setAuthTag(ciphertext.subarray(-TAG_SIZE));
  const plain = decipher.update(ciphertext.subarray(0, -TAG_SIZE));
  try {
    return ok(Uint8Array.from(Buffer.concat([plain, decipher.final()])));
  } catch {
    // A wrong passphrase and a changed file look alike to the cipher; its error says no more.
    return fail({ code: 'KEYSTORE_PASSPHRASE_WRONG' });
  }
}

/** What stands in the file openly, in bytes of one form, to be authenticated. */
function readableBytes(half: PublicHalf, derivation: KeyDerivation): Uint8Array {
  const { cost, blockSize, parallelization, salt } = derivation;
  const settings = [cost, blockSize, parallelization, salt];
  return encodeCanonical(['daybook-key', 1, half.purpose, half.publicKey, settings]);
}

function deriveKey(passphrase: string, derivation: KeyDerivation): Promise<Buffer> {
  assert(passphrase !== '', 'a passphrase is not empty');
  const { cost, blockSize, parallelization, salt } = derivation;
  // OpenSSL counts 128 bytes for each unit of N * r, and some more for p.
  const maxmem = 128 * blockSize * (cost + parallelization + 2);
  const options = { N: cost, r: blockSize, p: parallelization, maxmem };
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 32, options, (error, key) => {
      if (error) {
        reject(error);
      } else {
        resolve(key);
      }
    });
  });
}
