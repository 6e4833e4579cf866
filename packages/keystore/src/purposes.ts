/**
 * The six kinds of keys (spec D-8). A key file names its purpose, and nothing opens it for another,
 * so that a key that signs votes can never be made to sign a payment.
 */

export const KEY_PURPOSES = {
  consensus: 'Ed25519; signs the votes of one validator',
  peer: 'Ed25519; the identity of a node in the network',
  account: 'Ed25519; signs transactions',
  governance: 'Ed25519; kept offline, signs genesis and recovery',
  log: 'Ed25519; cosigns checkpoints as a witness',
  sealing: 'X25519; opens what was encrypted for its owner',
} as const;

/** What a key is for. */
export type KeyPurpose = keyof typeof KEY_PURPOSES;

/** Whether text from a file or a command line names a purpose. */
export function isKeyPurpose(text: unknown): text is KeyPurpose {
  return typeof text === 'string' && Object.hasOwn(KEY_PURPOSES, text);
}
