/**
 * A replica as a value: the production consensus machine and signing guard, and around them only
 * what they need of a node: blocks, the chain, and who it is. Everything that can still matter is in
 * it, so that it can be compared, kept, and gone on from as often as one likes.
 */
import type { HeightContext, State } from '@daybook/consensus';
import { createState } from '@daybook/consensus';
import type {
  Certificate,
  ChainParameters,
  Hash,
  Header,
  Rotation,
  Signature,
  ValidatorSet,
} from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  assert,
  asValidatorId,
  blockHash,
  DEFAULT_PARAMETERS,
  encodeUtf8,
  freshRotation,
  proposerOf,
  sha256,
  ZERO_HASH,
} from '@daybook/core';
import type { VoteState } from '@daybook/state';
import { EMPTY_VOTES } from '@daybook/state';

/** A final block, as one replica has it. */
export interface ChainEntry {
  readonly hash: Hash;
  readonly header: Header;
  /** Absent for genesis. */
  readonly certificate?: Certificate;
  /** After this block. */
  readonly rotation: Rotation;
}

export interface Replica {
  /** Position in the set; twins share it. */
  readonly validator: number;
  /** What its own blocks hold: each replica has a transaction that no other one has. */
  readonly transaction: Hash;
  readonly state: State;
  readonly votes: VoteState;
  /** Bodies at hand, by hex of the hash. */
  readonly blocks: ReadonlyMap<string, Header>;
  /** Genesis first. */
  readonly chain: readonly ChainEntry[];
}

/** All replicas at one instant. No message is under way: between two instants all have arrived. */
export interface Cluster {
  readonly nowMs: number;
  /** By the round of the first height in which they propose; the second twin comes last. */
  readonly replicas: readonly Replica[];
  /** Place of the first twin. */
  readonly role: number;
}

/** Wall clock at instant 0; every clock is right. */
export const EPOCH_MS = 1_000_000;
const CHAIN = named('chain');

export interface ClusterOptions {
  readonly validators: number;
  /** Round in which the validator proposes that runs twice. */
  readonly role: number;
  readonly parameters: Partial<ChainParameters>;
}

export function createCluster({ validators, role, parameters }: ClusterOptions): Cluster {
  const set = validatorSet(validators);
  const rotation = freshRotation(set);
  const genesis = { ...blockOf(0, ZERO_HASH), rotation };
  const rules = { ...DEFAULT_PARAMETERS, ...parameters };
  const place = { chain: CHAIN, height: 1, validators: set, rotation };
  const inOrder = set.map((_, round) => {
    return proposerOf({ ...place, epochBlocks: rules.epochBlocks }, round);
  });
  const twin = inOrder[role];
  assert(twin !== undefined, 'the role is that of a validator');
  const replicas = [...inOrder, twin].map((validator, index) => ({
    validator,
    transaction: named(`transaction ${index}`),
    // Twins draw alike, or their names would make a difference.
    state: createState({ seed: validator + 1 }),
    votes: EMPTY_VOTES,
    blocks: new Map(),
    chain: [genesis],
  }));
  return { nowMs: 0, replicas, role };
}

/** What the height above the head of a replica is decided under. */
export function contextOf(
  { chain, validator }: Pick<Replica, 'chain' | 'validator'>,
  { validators, parameters }: Pick<HeightContext, 'validators' | 'parameters'>,
): HeightContext {
  const { hash, header, rotation } = headOf(chain);
  return {
    chain: CHAIN,
    height: header.height + 1,
    validators,
    selfIndex: validator,
    parent: { hash, timestampMs: header.timestampMs },
    rotation,
    parameters,
  };
}

export function headOf(chain: readonly ChainEntry[]): ChainEntry {
  const head = chain.at(-1);
  assert(head !== undefined, 'a chain has a genesis');
  return head;
}

/** A block on this parent; its content stands for transactions. */
export function blockOf(
  height: number,
  parentHash: Hash,
  fields: Partial<Header> = {},
): { readonly hash: Hash; readonly header: Header } {
  const header: Header = {
    version: 1,
    chain: CHAIN,
    height,
    parentHash,
    timestampMs: EPOCH_MS,
    proposer: asValidatorId(new Uint8Array(32)),
    txRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: ZERO_HASH,
    ...fields,
  };
  return { hash: blockHash(header), header };
}

export function validatorSet(count: number): ValidatorSet {
  return Array.from({ length: count }, (_, index) => ({
    id: asValidatorId(sha256(encodeUtf8(`validator ${index}`))),
    publicKey: asPublicKey(sha256(encodeUtf8(`key ${index}`))),
  }));
}

/** Nobody forges here, so a signature only has to tell signers and contents apart. */
export function signatureOf(validator: number, signBytes: Uint8Array): Signature {
  const bytes = new Uint8Array(1 + signBytes.length);
  bytes[0] = validator;
  bytes.set(signBytes, 1);
  const signature = new Uint8Array(64);
  signature.set(sha256(bytes));
  return asSignature(signature);
}

function named(text: string): Hash {
  return asHash(sha256(encodeUtf8(text)));
}
