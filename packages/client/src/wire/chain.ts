/** What a node says of the chain: blocks, validators, founding document. */
import type { Hash, Height, TimestampMs } from '@daybook/core';
import type { Decoder } from './decode.ts';
import { boolean, bytes, hash, integer, list, object, optional, text } from './decode.ts';
import type { Head } from './receipt.ts';
import { decodeHead } from './receipt.ts';

/** A block in a list. */
export interface BlockOutline {
  readonly height: Height;
  readonly blockHash: Hash;
  readonly parentHash: Hash;
  readonly timestampMs: TimestampMs;
  readonly proposer: Hash;
  readonly txRoot: Hash;
  readonly stateRoot: Hash;
  readonly resultRoot: Hash;
  readonly historyRoot: Hash;
  readonly validatorsHash: Hash;
  readonly nextValidatorsHash: Hash;
  readonly transactionCount: number;
}

/** One block; header and certificate as bytes can be verified, see `verifyHeader`. */
export interface BlockAnswer extends BlockOutline {
  readonly headerBytes: Uint8Array;
  /** Missing for genesis only. */
  readonly certificate?: {
    readonly round: number;
    readonly validatorCount: number;
    readonly signers: readonly number[];
    readonly bytes: Uint8Array;
  };
}

/** One line of a block's list of transactions. */
export interface BlockTransaction {
  readonly index: number;
  readonly id: Hash;
  readonly succeeded: boolean;
  readonly code: number;
}

/** The set that signs a height, as one node tells it: `proof.ts` shows how it is proven. */
export interface ValidatorsAnswer {
  readonly head: Head;
  readonly height: Height;
  readonly quorum: number;
  readonly faultyMax: number;
  readonly validators: readonly {
    readonly index: number;
    readonly id: Hash;
    readonly publicKey: Hash;
  }[];
}

const OUTLINE_MEMBERS = {
  height: integer,
  blockHash: hash,
  parentHash: hash,
  timestampMs: integer,
  proposer: hash,
  txRoot: hash,
  stateRoot: hash,
  resultRoot: hash,
  historyRoot: hash,
  validatorsHash: hash,
  nextValidatorsHash: hash,
  transactionCount: integer,
} as const;

export const decodeBlockPage: Decoder<{
  readonly blocks: readonly BlockOutline[];
  readonly next?: string;
}> = object({ blocks: list(object(OUTLINE_MEMBERS)), next: optional(text) });

export const decodeBlockAnswer: Decoder<BlockAnswer> = object({
  ...OUTLINE_MEMBERS,
  headerBytes: bytes,
  certificate: optional(
    object({ round: integer, validatorCount: integer, signers: list(integer), bytes }),
  ),
});

export const decodeTransactionPage: Decoder<{
  readonly transactions: readonly BlockTransaction[];
  readonly next?: string;
}> = object({
  transactions: list(object({ index: integer, id: hash, succeeded: boolean, code: integer })),
  next: optional(text),
});

export const decodeValidators: Decoder<ValidatorsAnswer> = object({
  head: decodeHead,
  height: integer,
  quorum: integer,
  faultyMax: integer,
  validators: list(object({ index: integer, id: hash, publicKey: hash })),
});

export const decodeGenesisAnswer: Decoder<{ readonly chain: Hash; readonly bytes: Uint8Array }> =
  object({ chain: hash, bytes });
