/**
 * Failures of key files. Reading or writing one throws `KeystoreError`: whatever is wrong with it,
 * an operator has to act before the program can go on.
 */
import { assertNever, defineErrors } from '@daybook/core';
import type { KeyPurpose } from './purposes.ts';

export const KEYSTORE_ERRORS = defineErrors({
  KEYSTORE_FILE_MISSING: {
    summary: 'The key file does not exist.',
    remedy: 'Create the key, or correct the path in the settings.',
  },
  KEYSTORE_FILE_EXISTS: {
    summary: 'A file stands where the new key should go; it was left as it is.',
    remedy: 'Choose another path. Remove the old key only if nothing needs it any more.',
  },
  KEYSTORE_FILE_FAILED: {
    summary: 'The operating system refused to read or write the key file.',
    remedy: 'Check that the folder exists, who owns it, and that the disk is not full.',
  },
  KEYSTORE_MODE_OPEN: {
    summary: 'Other users of this machine may read or change the key file.',
    remedy: 'Run chmod 600 on the file; if others had access to the machine, make a new key.',
  },
  KEYSTORE_MALFORMED: {
    summary: 'The file is not a key file, or it is damaged.',
    remedy: 'Restore it from the backup, or correct the path if it points at another file.',
  },
  KEYSTORE_PURPOSE_WRONG: {
    summary: 'The key was made for another purpose.',
    remedy:
      'Point the setting at the key of the right purpose; keys are never shared between uses.',
  },
  KEYSTORE_PASSPHRASE_MISSING: {
    summary: 'The key file is encrypted and no passphrase was given, or an empty one.',
    remedy: 'Give the passphrase in a credentials file, or in the environment.',
  },
  KEYSTORE_PASSPHRASE_WRONG: {
    summary: 'The passphrase does not open the key file, or the file was changed.',
    remedy: 'Check the passphrase, also for a line break at its end; else restore the backup.',
  },
  KEYSTORE_UNPROTECTED: {
    summary: 'The key file is not encrypted, which only development and test clusters may use.',
    remedy: 'Make a new key with a passphrase and register it instead of this one.',
  },
  KEYSTORE_PUBLIC_KEY_WRONG: {
    summary: 'The secret key in the file does not belong to the public key in it.',
    remedy: 'Restore the file from the backup: it was changed by hand.',
  },
});

/** What went wrong with the file at `path`. */
export type KeystoreFailure = { readonly path: string } & KeyFailure;

/** What went wrong, before it is known with which file. */
export type KeyFailure =
  | { readonly code: 'KEYSTORE_FILE_MISSING' }
  | { readonly code: 'KEYSTORE_FILE_EXISTS' }
  | { readonly code: 'KEYSTORE_FILE_FAILED'; readonly systemCode: string }
  | { readonly code: 'KEYSTORE_MODE_OPEN'; readonly mode: number }
  | { readonly code: 'KEYSTORE_MALFORMED'; readonly fact: string }
  | {
      readonly code: 'KEYSTORE_PURPOSE_WRONG';
      readonly expected: KeyPurpose;
      readonly actual: KeyPurpose;
    }
  | { readonly code: 'KEYSTORE_PASSPHRASE_MISSING' }
  | { readonly code: 'KEYSTORE_PASSPHRASE_WRONG' }
  | { readonly code: 'KEYSTORE_UNPROTECTED' }
  | { readonly code: 'KEYSTORE_PUBLIC_KEY_WRONG' };

/** Thrown by everything here that touches a file. */
export class KeystoreError extends Error {
  override readonly name = 'KeystoreError';
  readonly code: KeystoreFailure['code'];
  readonly failure: KeystoreFailure;

  constructor(failure: KeystoreFailure, options?: ErrorOptions) {
    super(explainKeystore(failure), options);
    this.code = failure.code;
    this.failure = failure;
  }
}

/** What happened and what to do, in one or two sentences. */
export function explainKeystore(failure: KeystoreFailure): string {
  return `${sentenceOf(failure)} ${KEYSTORE_ERRORS[failure.code].remedy}`;
}

function sentenceOf(failure: KeystoreFailure): string {
  const { path } = failure;
  switch (failure.code) {
    case 'KEYSTORE_FILE_MISSING':
      return `There is no key file at ${path}.`;
    case 'KEYSTORE_FILE_EXISTS':
      return `There is a file at ${path} already; it was left as it is.`;
    case 'KEYSTORE_FILE_FAILED':
      return `The key file ${path} could not be used: ${failure.systemCode}.`;
    case 'KEYSTORE_MODE_OPEN':
      return (
        `The key file ${path} has mode ${failure.mode.toString(8).padStart(4, '0')}: ` +
        `run "chmod 600 ${path}".`
      );
    case 'KEYSTORE_MALFORMED':
      return `The file ${path} is no valid key file: it ${failure.fact}.`;
    case 'KEYSTORE_PURPOSE_WRONG':
      return `The key in ${path} is for ${failure.actual}, not for ${failure.expected}.`;
    case 'KEYSTORE_PASSPHRASE_MISSING':
      return `The key file ${path} needs a passphrase.`;
    case 'KEYSTORE_PASSPHRASE_WRONG':
      return `The passphrase does not open the key file ${path}, or the file was changed.`;
    case 'KEYSTORE_UNPROTECTED':
      return `The key file ${path} is not encrypted.`;
    case 'KEYSTORE_PUBLIC_KEY_WRONG':
      return `The two halves of the key in ${path} do not belong together.`;
    default:
      return assertNever(failure);
  }
}
