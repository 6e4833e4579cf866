/**
 * Key files on disk: created once and never overwritten, readable by their owner alone, and opened
 * only for the purpose they were made for. Where a passphrase comes from is the caller's business:
 * a systemd credential, the environment, a prompt.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Result } from '@daybook/core';
import { assertBytes, decodeUtf8, generateSecretKey } from '@daybook/core';
import type { KeyDocument, PublicHalf } from './document.ts';
import { decodeKeyDocument, encodeKeyDocument, KEY_FILE_BYTES_MAX } from './document.ts';
import type { KeyFailure } from './errors.ts';
import { KeystoreError } from './errors.ts';
import type { KeyPair, UnlockOptions } from './protection.ts';
import { lockKey, unlockKey } from './protection.ts';
import { publicHalfOf } from './public-half.ts';
import type { KeyPurpose } from './purposes.ts';

/** How a new file keeps its secret half. `none` lies open: development and test clusters only. */
export type Protection =
  | { readonly protection: 'passphrase'; readonly passphrase: string }
  | { readonly protection: 'none' };

/** A new key file. */
export type CreateOptions = Protection & {
  readonly purpose: KeyPurpose;
  /** 32 bytes to keep, for example from a backup; made anew if absent. */
  readonly secretKey?: Uint8Array | undefined;
};

/** For what a file is opened, and how. */
export interface ReadOptions extends UnlockOptions {
  /** A file for another purpose is refused. */
  readonly purpose: KeyPurpose;
}

/** The half of a file that needs no passphrase. */
export interface PublicKeyFile extends PublicHalf {
  readonly protection: KeyDocument['protection'];
}

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * Writes a key file that only its owner may read, and has it on disk before it returns.
 * @returns the public half
 * @throws KeystoreError, also if any file is at `path` already: a key is never overwritten
 */
export async function createKeyFile(path: string, options: CreateOptions): Promise<PublicKeyFile> {
  if (options.protection === 'passphrase' && options.passphrase === '') {
    throw new KeystoreError({ code: 'KEYSTORE_PASSPHRASE_MISSING', path });
  }
  const secretKey = options.secretKey ?? generateSecretKey();
  assertBytes(secretKey, 32, 'secret key');
  const { purpose, protection } = options;
  const key: KeyPair = { purpose, publicKey: publicHalfOf(purpose, secretKey), secretKey };
  const document: KeyDocument =
    options.protection === 'none'
      ? { ...key, protection: 'none' }
      : await lockKey(key, options.passphrase);
  await writeNew(path, encodeKeyDocument(document));
  return { purpose, publicKey: key.publicKey, protection };
}

/**
 * Opens a key file.
 * @throws KeystoreError for whatever is wrong with the file, its mode, its purpose or the passphrase
 */
export async function readKeyFile(path: string, options: ReadOptions): Promise<KeyPair> {
  const { text, mode } = await readText(path);
  if ((mode & OTHERS) !== 0 && process.platform !== 'win32') {
    throw new KeystoreError({ code: 'KEYSTORE_MODE_OPEN', path, mode });
  }
  const document = valueOrThrow(decodeKeyDocument(text), path);
  if (document.purpose !== options.purpose) {
    const { purpose: expected } = options;
    const actual = document.purpose;
    throw new KeystoreError({ code: 'KEYSTORE_PURPOSE_WRONG', path, expected, actual });
  }
  return valueOrThrow(await unlockKey(document, options), path);
}

/**
 * Reads the public half, without a passphrase and whatever the mode. Nothing proves it before the
 * file is opened: take it to show, to register or to compare, not to trust.
 * @throws KeystoreError if the file is missing or no key file
 */
export async function readPublicKey(path: string): Promise<PublicKeyFile> {
  const { text } = await readText(path);
  const { purpose, publicKey, protection } = valueOrThrow(decodeKeyDocument(text), path);
  return { purpose, publicKey, protection };
}

function valueOrThrow<T>(result: Result<T, KeyFailure>, path: string): T {
  if (!result.ok) {
    throw new KeystoreError({ ...result.reason, path });
  }
  return result.value;
}

/** The text and the permission bits, both of one open file, so that neither can be exchanged. */
async function readText(path: string): Promise<{ text: string; mode: number }> {
  const { bytes, mode } = await withFile(path, 'r', async (file) => {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > KEY_FILE_BYTES_MAX) {
      const fact = 'is not a regular file of at most 4 KiB';
      throw new KeystoreError({ code: 'KEYSTORE_MALFORMED', path, fact });
    }
    return { bytes: await file.readFile(), mode: stats.mode & 0o7777 };
  });
  const text = decodeUtf8(bytes);
  if (!text.ok) {
    throw new KeystoreError({ code: 'KEYSTORE_MALFORMED', path, fact: 'is not text' });
  }
  return { text: text.value, mode };
}

async function writeNew(path: string, text: string): Promise<void> {
  await withFile(path, 'wx', async (file) => {
    try {
      // The mode of open() is narrowed by the umask of the process; this one is exact.
      await file.chmod(OWNER_ONLY);
      await file.writeFile(text);
      await file.sync();
    } catch (error) {
      // The name is free again for the next attempt: half a key is none.
      await rm(path, { force: true });
      throw error;
    }
  });
  // The name of a new file is on disk only when its folder is.
  await withFile(dirname(path), 'r', (folder) => folder.sync());
}

async function withFile<T>(
  path: string,
  flags: 'r' | 'wx',
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    await using file = await open(path, flags, OWNER_ONLY);
    return await use(file);
  } catch (error) {
    if (error instanceof KeystoreError) {
      throw error;
    }
    throw new KeystoreError({ ...systemFailure(error, flags), path }, { cause: error });
  }
}

function systemFailure(error: unknown, flags: 'r' | 'wx'): KeyFailure {
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  const systemCode = isCoded ? String(error.code) : 'unknown';
  if (systemCode === 'ENOENT' && flags === 'r') {
    return { code: 'KEYSTORE_FILE_MISSING' };
  }
  if (systemCode === 'EEXIST') {
    return { code: 'KEYSTORE_FILE_EXISTS' };
  }
  return { code: 'KEYSTORE_FILE_FAILED', systemCode };
}
