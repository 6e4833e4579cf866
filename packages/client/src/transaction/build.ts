/**
 * Building and signing transactions (protocol §4). A body is built once, signed by each signer where
 * its key is, and never changed again: the id is the hash of the body, so sending it twice is
 * sending one transaction.
 */
import type {
  Call,
  Hash,
  PublicKey,
  Signature,
  Signer,
  TimestampMs,
  TransactionBody,
  TransactionId,
  TransactionSigner,
} from '@daybook/core';
import {
  assert,
  encodeBody,
  encodeTransaction,
  equalBytes,
  generateNonce,
  LIMITS,
  TRANSACTION_VERSION,
  toHex,
  transactionIdOf,
  transactionSignBytes,
} from '@daybook/core';
import { ClientError } from '../errors.ts';

/** What a transaction says, before anybody signed it. */
export interface TransactionPlan {
  readonly chain: Hash;
  /** In the order in which their signatures will stand. */
  readonly signers: readonly TransactionSigner[];
  readonly calls: readonly Call[];
  /** Last block time at which it may be included. */
  readonly validUntilMs: TimestampMs;
  /** 16 random bytes by default. */
  readonly nonce?: Uint8Array;
}

/** A body in its only encoding; signers sign these bytes. */
export interface UnsignedTransaction {
  readonly body: TransactionBody;
  readonly bodyBytes: Uint8Array;
  readonly id: TransactionId;
}

/** Ready to be sent. */
export interface SignedTransaction extends UnsignedTransaction {
  /** Wire form. */
  readonly bytes: Uint8Array;
}

/** One signature over a body, by the key it was made with. */
export interface BodySignature {
  readonly publicKey: PublicKey;
  readonly signature: Signature;
}

/**
 * Builds a body.
 * @throws AssertionError if there are no signers or calls, or more than the protocol takes
 */
export function buildTransaction(plan: TransactionPlan): UnsignedTransaction {
  const { chain, signers, calls, validUntilMs } = plan;
  assert(signers.length > 0 && signers.length <= LIMITS.signersMax, 'there are 1 to 16 signers');
  assert(calls.length > 0 && calls.length <= LIMITS.callsMax, 'there are 1 to 256 calls');
  const nonce = plan.nonce ?? generateNonce();
  const body = { version: TRANSACTION_VERSION, chain, signers, nonce, validUntilMs, calls };
  const bodyBytes = encodeBody(body);
  return { body, bodyBytes, id: transactionIdOf(bodyBytes) };
}

/** One signer's part. @throws ClientError CLIENT_SIGNER_FOREIGN for a key the body does not name */
export function signTransaction(transaction: UnsignedTransaction, signer: Signer): BodySignature {
  const { publicKey } = signer;
  const isNamed = transaction.body.signers.some((one) => equalBytes(one.publicKey, publicKey));
  if (!isNamed) {
    throw new ClientError({ code: 'CLIENT_SIGNER_FOREIGN', publicKey: toHex(publicKey) });
  }
  return { publicKey, signature: signer.sign(transactionSignBytes(transaction.bodyBytes)) };
}

/** Signers whose signature is not among those given, as `organisation/name` or their key in hex. */
export function missingSigners(
  { body }: UnsignedTransaction,
  signatures: readonly BodySignature[],
): readonly string[] {
  return body.signers
    .filter(({ publicKey }) => !signatures.some((one) => equalBytes(one.publicKey, publicKey)))
    .map(({ identity, publicKey }) => identity ?? toHex(publicKey));
}

/** Puts the signatures in their order. @throws ClientError CLIENT_SIGNATURES_MISSING */
export function assembleTransaction(
  transaction: UnsignedTransaction,
  signatures: readonly BodySignature[],
): SignedTransaction {
  const missing = missingSigners(transaction, signatures);
  if (missing.length > 0) throw new ClientError({ code: 'CLIENT_SIGNATURES_MISSING', missing });
  const ordered = transaction.body.signers.flatMap(({ publicKey }) =>
    signatures.filter((one) => equalBytes(one.publicKey, publicKey)).slice(0, 1),
  );
  const bytes = encodeTransaction(
    transaction.bodyBytes,
    ordered.map(({ signature }) => signature),
  );
  return { ...transaction, bytes };
}

/** An officer with the key at hand. */
export interface TransactionAuthor {
  /** `organisation/name`; left out when the key suffices. */
  readonly identity?: string;
  readonly signer: Signer;
}

/** Builds and signs where all keys are at hand. */
export function signAs(
  authors: readonly TransactionAuthor[],
  plan: Omit<TransactionPlan, 'signers'>,
): SignedTransaction {
  const signers = authors.map(({ identity, signer }) => ({
    publicKey: signer.publicKey,
    ...(identity !== undefined && { identity }),
  }));
  const transaction = buildTransaction({ ...plan, signers });
  // The authors are the signers, so their order is that of the wire form.
  const message = transactionSignBytes(transaction.bodyBytes);
  const signatures = authors.map(({ signer }) => signer.sign(message));
  return { ...transaction, bytes: encodeTransaction(transaction.bodyBytes, signatures) };
}
