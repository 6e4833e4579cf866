/**
 * Results of a block: one leaf per transaction under `resultRoot`. A leaf lists the hash of every
 * value the transaction wrote, so that any past version of a record stays provable from the block
 * log and a header even after the state version is gone.
 */
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { leafHash, merkleRoot } from '../crypto/merkle.ts';
import type { Hash, TransactionId } from './ids.ts';
import { asHash, asTransactionId, ZERO_HASH } from './ids.ts';

export interface LedgerEvent {
  readonly contract: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, CborValue>>;
}

/** One value written by a transaction. */
export interface WrittenValue {
  readonly treeKey: Uint8Array;
  /** Hash of the stored value; absent when the record was removed. */
  readonly valueHash?: Hash;
}

export interface TransactionResult {
  readonly id: TransactionId;
  /** 0 is success; every other code is in a contract's or the engine's failure table. */
  readonly code: number;
  readonly events: readonly LedgerEvent[];
  readonly writes: readonly WrittenValue[];
}

/** Canonical `[txId, code, events, writes[[treeKey, valueHash]...]]`. */
export function encodeResult(result: TransactionResult): Uint8Array {
  return encodeCanonical([
    result.id,
    result.code,
    result.events.map(({ contract, name, fields }) => [contract, name, fields]),
    result.writes.map(({ treeKey, valueHash }) => [treeKey, valueHash ?? ZERO_HASH]),
  ]);
}

/** Root over encoded results in body order. */
export function resultRoot(encodedResults: readonly Uint8Array[]): Hash {
  return merkleRoot(encodedResults.map(leafHash));
}

const RESULT_BYTES_MAX = 4 * 1024 * 1024;
const RESULT_DEPTH_MAX = 20;

function malformed(fact: string): Result<never, DecodeFailure> {
  return fail({ code: 'CORE_MALFORMED', title: 'result', offset: 0, fact });
}

function readEvent(value: CborValue): LedgerEvent | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [contract, name, fields] = value as readonly CborValue[];
  if (typeof contract !== 'string' || typeof name !== 'string') return undefined;
  if (typeof fields !== 'object' || fields === null) return undefined;
  if (Array.isArray(fields) || fields instanceof Uint8Array) return undefined;
  return { contract, name, fields: fields as Readonly<Record<string, CborValue>> };
}

function readWrite(value: CborValue): WrittenValue | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [treeKey, valueHash] = value as readonly CborValue[];
  if (!(treeKey instanceof Uint8Array) || !(valueHash instanceof Uint8Array)) return undefined;
  if (valueHash.length !== 32) return undefined;
  const removed = valueHash.every((byte) => byte === 0);
  return removed ? { treeKey } : { treeKey, valueHash: asHash(valueHash) };
}

function readAll<T>(
  value: CborValue | undefined,
  read: (item: CborValue) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = (value as readonly CborValue[]).map(read);
  return items.every((item) => item !== undefined) ? (items as T[]) : undefined;
}

export function decodeResult(bytes: Uint8Array): Result<TransactionResult, DecodeFailure> {
  const decoded = decodeCanonical(bytes, {
    bytesMax: RESULT_BYTES_MAX,
    depthMax: RESULT_DEPTH_MAX,
  });
  if (!decoded.ok) return decoded;
  if (!Array.isArray(decoded.value) || decoded.value.length !== 4)
    return malformed('not four fields');
  const [id, code, eventList, writeList] = decoded.value as readonly CborValue[];
  if (!(id instanceof Uint8Array) || id.length !== 32) return malformed('the id is not 32 bytes');
  if (typeof code !== 'number' || code < 0) return malformed('the code is not a number');
  const events = readAll(eventList, readEvent);
  if (events === undefined) return malformed('an event is malformed');
  const writes = readAll(writeList, readWrite);
  if (writes === undefined) return malformed('a write is malformed');
  return ok({ id: asTransactionId(id), code, events, writes });
}
