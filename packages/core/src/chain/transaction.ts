/**
 * Transactions (protocol §4): calls that succeed or fail together, signed by one to sixteen signers.
 * The body is canonical CBOR and bound to the chain; the wire form adds the signatures in signer
 * order. `id` (of the body) serves replay protection and lookup; `hash` (of the wire bytes) serves
 * the cache of verified signatures and proposals. A known id never excuses a signature check.
 */

import { concatBytes, equalBytes } from '../codec/bytes.ts';
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { sign } from '../crypto/ed25519.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { TransactionRef } from './block.ts';
import type { Hash, PublicKey, Signature, TimestampMs, TransactionId } from './ids.ts';
import {
  asHash,
  asPublicKey,
  asSignature,
  asTransactionId,
  NONCE_SIZE,
  SIGNATURE_SIZE,
} from './ids.ts';
import { LIMITS } from './limits.ts';

export const TRANSACTION_VERSION = 1;

/** Arguments of an action by field name; the contract's schema judges them. */
export type CallArguments = Readonly<Record<string, CborValue>>;

export interface Call {
  readonly contract: string;
  readonly action: string;
  readonly args: CallArguments;
}

export interface Signer {
  readonly publicKey: PublicKey;
  /** Directory identity the signer acts as, `organisation/name`; absent when the key suffices. */
  readonly identity?: string;
}

export interface TransactionBody {
  readonly version: number;
  readonly chain: Hash;
  readonly signers: readonly Signer[];
  /** 16 random bytes: there are no per-account counters. */
  readonly nonce: Uint8Array;
  /** Last block time at which the transaction may be included. */
  readonly validUntilMs: TimestampMs;
  readonly calls: readonly Call[];
}

export interface Transaction {
  readonly body: TransactionBody;
  readonly bodyBytes: Uint8Array;
  readonly signatures: readonly Signature[];
  readonly id: TransactionId;
  /** Hash of the wire bytes, signatures included. */
  readonly hash: Hash;
  /** The wire bytes. */
  readonly bytes: Uint8Array;
}

export type TransactionFailure =
  | DecodeFailure
  | {
      readonly code: 'CORE_TRANSACTION_SHAPE';
      readonly pointer: string;
      readonly expected: string;
    };

/** Deepest nesting of a body around its arguments: body, calls, call. */
const BODY_DEPTH = LIMITS.argumentDepthMax + 4;

function shape(pointer: string, expected: string): Result<never, TransactionFailure> {
  return fail({ code: 'CORE_TRANSACTION_SHAPE', pointer, expected });
}

/** Canonical bytes of a body: what is hashed into the id and signed. */
export function encodeBody(body: TransactionBody): Uint8Array {
  return encodeCanonical([
    body.version,
    body.chain,
    body.signers.map(({ publicKey, identity }) => [publicKey, identity ?? null]),
    body.nonce,
    body.validUntilMs,
    body.calls.map(({ contract, action, args }) => [contract, action, args]),
  ]);
}

/** The bytes under each signature of a transaction. */
export function transactionSignBytes(bodyBytes: Uint8Array): Uint8Array {
  return concatBytes(TAGS.TXSIGN, bodyBytes);
}

export function transactionIdOf(bodyBytes: Uint8Array): TransactionId {
  return asTransactionId(hashTagged(TAGS.TXBODY, bodyBytes));
}

export function transactionHashOf(wireBytes: Uint8Array): Hash {
  return hashTagged(TAGS.TXWIRE, wireBytes);
}

/** Wire form: canonical `[bodyBytes, [signature...]]`, signatures in signer order. */
export function encodeTransaction(
  bodyBytes: Uint8Array,
  signatures: readonly Uint8Array[],
): Uint8Array {
  return encodeCanonical([bodyBytes, signatures]);
}

/** One signer's signature over a body, made where the key is. */
export function signBody(bodyBytes: Uint8Array, secretKey: Uint8Array): Signature {
  return sign(secretKey, transactionSignBytes(bodyBytes));
}

const isBytes = (value: CborValue | undefined, size: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === size;

const isName = (value: CborValue | undefined): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= LIMITS.nameCharactersMax;

const isList = (value: CborValue | undefined, max: number): value is readonly CborValue[] =>
  Array.isArray(value) && value.length > 0 && value.length <= max;

function isArguments(value: CborValue | undefined): value is CallArguments {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** `org/name`: two names of at most 64 characters; whether it exists is judged at execution. */
const IDENTITY_CHARACTERS_MAX = 2 * LIMITS.nameCharactersMax + 1;

function isIdentity(value: CborValue | undefined): value is string {
  return typeof value === 'string' && value.length > 2 && value.length <= IDENTITY_CHARACTERS_MAX;
}

function readSigner(value: CborValue, pointer: string): Result<Signer, TransactionFailure> {
  if (!Array.isArray(value) || value.length !== 2) return shape(pointer, '[publicKey, identity]');
  const [publicKey, identity] = value as readonly CborValue[];
  if (!isBytes(publicKey, 32)) return shape(`${pointer}/publicKey`, '32 bytes');
  if (identity === null) return ok({ publicKey: asPublicKey(publicKey) });
  if (!isIdentity(identity)) return shape(`${pointer}/identity`, 'organisation/name');
  return ok({ publicKey: asPublicKey(publicKey), identity });
}

function readCall(value: CborValue, pointer: string): Result<Call, TransactionFailure> {
  if (!Array.isArray(value) || value.length !== 3)
    return shape(pointer, '[contract, action, args]');
  const [contract, action, args] = value as readonly CborValue[];
  if (!isName(contract)) return shape(`${pointer}/contract`, 'a name of 1 to 64 characters');
  if (!isName(action)) return shape(`${pointer}/action`, 'a name of 1 to 64 characters');
  if (!isArguments(args)) return shape(`${pointer}/args`, 'a map of arguments');
  return ok({ contract, action, args });
}

function readList<T>(
  value: readonly CborValue[],
  pointer: string,
  readItem: (item: CborValue, pointer: string) => Result<T, TransactionFailure>,
): Result<readonly T[], TransactionFailure> {
  const items: T[] = [];
  for (const [index, item] of value.entries()) {
    const read = readItem(item, `${pointer}/${index}`);
    if (!read.ok) return read;
    items.push(read.value);
  }
  return ok(items);
}

function repeatedSigner(signers: readonly Signer[]): number | undefined {
  for (const [index, signer] of signers.entries()) {
    const first = signers.findIndex((other) => equalBytes(other.publicKey, signer.publicKey));
    if (first < index) return index;
  }
  return undefined;
}

/** Decodes a body; the chain it names is judged by the caller. */
export function decodeBody(bytes: Uint8Array): Result<TransactionBody, TransactionFailure> {
  const decoded = decodeCanonical(bytes, {
    bytesMax: LIMITS.transactionBytesMax,
    depthMax: BODY_DEPTH,
  });
  if (!decoded.ok) return decoded;
  if (!Array.isArray(decoded.value) || decoded.value.length !== 6) return shape('', 'six fields');
  const [version, chain, signerList, nonce, validUntilMs, callList] =
    decoded.value as readonly CborValue[];

  if (version !== TRANSACTION_VERSION) return shape('/version', String(TRANSACTION_VERSION));
  if (!isBytes(chain, 32)) return shape('/chain', '32 bytes');
  if (!isList(signerList, LIMITS.signersMax)) return shape('/signers', '1 to 16 signers');
  if (!isBytes(nonce, NONCE_SIZE)) return shape('/nonce', '16 bytes');
  if (typeof validUntilMs !== 'number' || validUntilMs < 0) {
    return shape('/validUntilMs', 'milliseconds since 1970');
  }
  if (!isList(callList, LIMITS.callsMax)) return shape('/calls', '1 to 256 calls');

  const signers = readList(signerList, '/signers', readSigner);
  if (!signers.ok) return signers;
  const repeated = repeatedSigner(signers.value);
  if (repeated !== undefined) return shape(`/signers/${repeated}`, 'each signer once');
  const calls = readList(callList, '/calls', readCall);
  if (!calls.ok) return calls;
  return ok({
    version,
    chain: asHash(chain),
    signers: signers.value,
    nonce,
    validUntilMs,
    calls: calls.value,
  });
}

/** Decodes the wire form; signatures are counted and sized here, verified by the caller. */
export function decodeTransaction(bytes: Uint8Array): Result<Transaction, TransactionFailure> {
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.transactionBytesMax, depthMax: 3 });
  if (!decoded.ok) return decoded;
  if (!Array.isArray(decoded.value) || decoded.value.length !== 2) {
    return shape('', '[body, signatures]');
  }
  const [bodyBytes, signatureList] = decoded.value as readonly CborValue[];
  if (!(bodyBytes instanceof Uint8Array)) return shape('/body', 'a byte string');
  if (!isList(signatureList, LIMITS.signersMax)) return shape('/signatures', '1 to 16 signatures');

  const body = decodeBody(bodyBytes);
  if (!body.ok) return body;
  if (signatureList.length !== body.value.signers.length) {
    return shape('/signatures', 'one signature per signer');
  }
  const signatures: Signature[] = [];
  for (const [index, signature] of signatureList.entries()) {
    if (!isBytes(signature, SIGNATURE_SIZE)) return shape(`/signatures/${index}`, '64 bytes');
    signatures.push(asSignature(signature));
  }
  return ok({
    body: body.value,
    bodyBytes,
    signatures,
    id: transactionIdOf(bodyBytes),
    hash: transactionHashOf(bytes),
    bytes,
  });
}

// --- system transactions -------------------------------------------------------------------

/** Made by the proposer, signed by nobody: evidence, readiness, recovery. First in a body. */
export interface SystemTransaction {
  readonly kind: SystemKind;
  readonly payload: CborValue;
  readonly id: TransactionId;
  readonly hash: Hash;
  readonly bytes: Uint8Array;
}

export type SystemKind = 'evidence' | 'ready' | 'recovery';
const SYSTEM_KINDS: readonly SystemKind[] = ['evidence', 'ready', 'recovery'];

/** One entry of a block body. */
export type BodyEntry =
  | { readonly type: 'transaction'; readonly transaction: Transaction }
  | { readonly type: 'system'; readonly system: SystemTransaction };

/** `[kind, payload]`: told from a user's transaction by its text in first place. */
export function encodeSystemTransaction(kind: SystemKind, payload: CborValue): Uint8Array {
  return encodeCanonical([kind, payload]);
}

/** A system transaction with everything that derives from it. */
export function systemTransaction(kind: SystemKind, payload: CborValue): SystemTransaction {
  const bytes = encodeSystemTransaction(kind, payload);
  const id = asTransactionId(hashTagged(TAGS.SYSTEM, bytes));
  return { kind, payload, id, hash: transactionHashOf(bytes), bytes };
}

function decodeSystem(bytes: Uint8Array): Result<SystemTransaction, TransactionFailure> {
  const decoded = decodeCanonical(bytes, {
    bytesMax: LIMITS.transactionBytesMax,
    depthMax: BODY_DEPTH,
  });
  if (!decoded.ok) return decoded;
  if (!Array.isArray(decoded.value) || decoded.value.length !== 2)
    return shape('', '[kind, payload]');
  const [name, payload] = decoded.value as readonly CborValue[];
  const kind = SYSTEM_KINDS.find((known) => known === name);
  if (kind === undefined || payload === undefined) return shape('/kind', SYSTEM_KINDS.join(', '));
  const id = asTransactionId(hashTagged(TAGS.SYSTEM, bytes));
  return ok({ kind, payload, id, hash: transactionHashOf(bytes), bytes });
}

const ARRAY_OF_TWO = 0x82;
const TEXT_MAJOR_TYPE = 3;

/** Whether bytes claim to be a system transaction; whether they are one, decoding tells. */
export function isSystemEntry(bytes: Uint8Array): boolean {
  return bytes[0] === ARRAY_OF_TWO && (bytes[1] ?? 0) >> 5 === TEXT_MAJOR_TYPE;
}

/** Decodes one entry of a body, system or signed. */
export function decodeBodyEntry(bytes: Uint8Array): Result<BodyEntry, TransactionFailure> {
  if (isSystemEntry(bytes)) {
    const system = decodeSystem(bytes);
    return system.ok ? ok({ type: 'system', system: system.value }) : system;
  }
  const transaction = decodeTransaction(bytes);
  return transaction.ok ? ok({ type: 'transaction', transaction: transaction.value }) : transaction;
}

/** An entry as it stands in the body of a block. */
export function entryBytes(entry: BodyEntry): Uint8Array {
  return entry.type === 'system' ? entry.system.bytes : entry.transaction.bytes;
}

/** What `txRoot` commits to for an entry. */
export function refOf(entry: BodyEntry): TransactionRef {
  const { id, hash } = entry.type === 'system' ? entry.system : entry.transaction;
  return { id, hash };
}
