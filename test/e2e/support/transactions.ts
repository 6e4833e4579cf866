/** Transactions signed by officers of a cluster. */
import type { Call, Genesis, TransactionBody } from '@daybook/core';
import {
  encodeBody,
  encodeTransaction,
  generateNonce,
  sign,
  toHex,
  transactionIdOf,
  transactionSignBytes,
} from '@daybook/core';
import type { Consortium } from '@daybook/testkit';

/** What a transaction needs of a cluster. */
export interface Signing {
  readonly genesis: Genesis;
  readonly consortium: Consortium;
}

export interface Signed {
  /** Hex. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

const VALID_MS = 300_000;

/**
 * Builds and signs.
 * @param identities  `organisation/name`, in the order of the signatures
 * @param change      replaces members of a good body
 */
export function signedBy(
  { genesis, consortium }: Signing,
  identities: readonly string[],
  calls: readonly Call[],
  change: Partial<TransactionBody> = {},
): Signed {
  const officers = identities.map((identity) => consortium.officer(identity));
  const bodyBytes = encodeBody({
    version: 1,
    chain: genesis.chain,
    signers: officers.map(({ publicKey, identity }) => ({ publicKey, identity })),
    nonce: generateNonce(),
    validUntilMs: Date.now() + VALID_MS,
    calls,
    ...change,
  });
  const message = transactionSignBytes(bodyBytes);
  const signatures = officers.map(({ secretKey }) => sign(secretKey, message));
  return { id: toHex(transactionIdOf(bodyBytes)), bytes: encodeTransaction(bodyBytes, signatures) };
}
