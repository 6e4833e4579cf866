/** Key files: encrypted at rest, closed to other users, one purpose each. Exports only. */

export type { KeyDerivation, KeyDocument, PublicHalf } from './document.ts';
export type { KeyFailure, KeystoreFailure } from './errors.ts';
export { explainKeystore, KEYSTORE_ERRORS, KeystoreError } from './errors.ts';
export type { CreateOptions, Protection, PublicKeyFile, ReadOptions } from './key-file.ts';
export { createKeyFile, readKeyFile, readPublicKey } from './key-file.ts';
export type { KeyPair, UnlockOptions } from './protection.ts';
export { publicHalfOf } from './public-half.ts';
export type { KeyPurpose } from './purposes.ts';
export { isKeyPurpose, KEY_PURPOSES } from './purposes.ts';
