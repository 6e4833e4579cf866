/** Receipts and what precedes them: how far a transaction has come, and what it did. */
import type { Hash, Height, TimestampMs } from '@daybook/core';
import type { Decoder } from './decode.ts';
import {
  anything,
  boolean,
  bytes,
  hash,
  integer,
  list,
  object,
  objectOfAnything,
  oneOf,
  optional,
  text,
} from './decode.ts';
import type { FieldFault } from './field-fault.ts';
import { decodeFieldFault } from './field-fault.ts';

/** The newest final block when an answer was made. */
export interface Head {
  readonly height: Height;
  readonly blockHash: Hash;
  readonly timestampMs: TimestampMs;
}

/** One event of a transaction. */
export interface ReceiptEvent {
  /** `height.tx.index`. */
  readonly cursor: string;
  readonly contract: string;
  readonly name: string;
  /** As JSON carries them: bytes in hex, integers of 64 bits as decimal strings. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Why a final transaction had no effect. */
export interface ReceiptFailure {
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly errors?: readonly FieldFault[];
}

/** A transaction in a final block. */
export interface Receipt {
  readonly id: Hash;
  readonly state: 'committed';
  readonly height: Height;
  /** Position in the block, from 0. */
  readonly index: number;
  readonly blockHash: Hash;
  readonly timestampMs: TimestampMs;
  readonly succeeded: boolean;
  /** 0 is success. */
  readonly code: number;
  readonly failure?: ReceiptFailure;
  readonly events: readonly ReceiptEvent[];
  readonly writes: readonly { readonly treeKey: Uint8Array; readonly valueHash?: Hash }[];
  /** Signers, validity and calls, as JSON carries them; only when asked for by id. */
  readonly transaction?: Readonly<Record<string, unknown>>;
  /** Paths to the header; only when asked for. See `verifyTransactionProof`. */
  readonly proof?: TransactionProof;
}

/** A transaction that waits. `accepted` = held by f+1 validators. */
export interface Pending {
  readonly id: Hash;
  readonly state: 'received' | 'accepted';
}

/** A place in an RFC 9162 tree with the path to its root. */
export interface MerklePath {
  readonly root: Hash;
  readonly size: number;
  readonly index: number;
  readonly leaf: Hash;
  readonly path: readonly Hash[];
}

/** What leads from a transaction and its result to a certified header. */
export interface TransactionProof {
  readonly headerBytes: Uint8Array;
  readonly certificateBytes: Uint8Array;
  readonly transactionBytes: Uint8Array;
  readonly resultBytes: Uint8Array;
  readonly transaction: MerklePath;
  readonly result: MerklePath;
}

export const decodeHead: Decoder<Head> = object({
  height: integer,
  blockHash: hash,
  timestampMs: integer,
});

const decodeMerklePath: Decoder<MerklePath> = object({
  root: hash,
  size: integer,
  index: integer,
  leaf: hash,
  path: list(hash),
});

export const decodeTransactionProof: Decoder<TransactionProof> = object({
  headerBytes: bytes,
  certificateBytes: bytes,
  transactionBytes: bytes,
  resultBytes: bytes,
  transaction: decodeMerklePath,
  result: decodeMerklePath,
});

export const decodeReceipt: Decoder<Receipt> = object({
  id: hash,
  state: oneOf('committed'),
  height: integer,
  index: integer,
  blockHash: hash,
  timestampMs: integer,
  succeeded: boolean,
  code: integer,
  failure: optional(
    object({ code: text, detail: text, remedy: text, errors: optional(list(decodeFieldFault)) }),
  ),
  events: list(object({ cursor: text, contract: text, name: text, fields: objectOfAnything })),
  writes: list(object({ treeKey: bytes, valueHash: optional(hash) })),
  transaction: optional(objectOfAnything),
  proof: optional(decodeTransactionProof),
});

export const decodePending: Decoder<Pending> = object({
  id: hash,
  state: oneOf('received', 'accepted'),
});

/** Either form, told apart by `state`. */
export const decodeReceiptOrPending: Decoder<Receipt | Pending> = (value, place) => {
  const { state } = object({ state: anything })(value, place);
  return state === 'committed' ? decodeReceipt(value, place) : decodePending(value, place);
};
