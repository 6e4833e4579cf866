/**
 * Builds proof bundles (protocol §17): the record's path to a state root, the header, the commit
 * certificate, every change of the validator set since genesis, and the schema that puts the record
 * in words. What leaves here verifies offline, or it does not leave.
 */
import type {
  Genesis,
  Height,
  ProofFrame,
  RecordClaim,
  RecordKey,
  RecordPlace,
  SetChange,
  ValidatorSet,
} from '@daybook/core';
import {
  decodeBlock,
  encodeHeader,
  encodeListBundle,
  encodeProofBundle,
  encodeRangeProof,
  encodeStateProof,
  LIMITS,
} from '@daybook/core';
import type { BlockLog, FinalBlock, StateStore } from '@daybook/state';
import type { BlockReader } from '../archive/block-reader.ts';
import { NodeError } from '../errors.ts';

/** A contract's schema and the state record that vouches for it. */
export interface SchemaSource {
  /** Canonical bytes of the contract that owns a record set. */
  readonly bytes: Uint8Array;
  readonly recordKey: RecordKey;
}

/** A set other than the one before, by the first height it signs. */
export interface KnownSet {
  readonly from: Height;
  readonly validators: ValidatorSet;
  /** Canonical payload of the recovery that installed it; absent for a decided change. */
  readonly recovery?: Uint8Array;
  /** The block before it, where a node that joined by a snapshot has not that block itself. */
  readonly decided?: Sealed;
}

export interface ProofParts {
  readonly genesis: Genesis;
  readonly blockLog: BlockLog;
  /** Here or in the archive: the state of a pinned height may outlive its block on this disk. */
  readonly blocks: Pick<BlockReader, 'readBlock'>;
  readonly stateStore: StateStore;
  /** The schema in force at a height. */
  readonly schemaOf: (set: number, height: Height) => SchemaSource | undefined;
  /** Sets after the first, ascending. */
  readonly laterSets: () => Promise<readonly KnownSet[]>;
}

type Sealed = Pick<SetChange, 'header' | 'certificate'>;

/** @throws NodeError NODE_BLOCK_PRUNED */
function sealedOf(height: Height, stored: FinalBlock | undefined): Sealed {
  const block = stored && decodeBlock(stored.bytes);
  if (stored === undefined || block?.ok !== true) {
    const detail = `A proof needs block ${height}, which is neither here nor in an archive of this node.`;
    throw new NodeError('NODE_BLOCK_PRUNED', { detail });
  }
  return { header: encodeHeader(block.value.header), certificate: stored.certificate };
}

function claimOf(stateStore: StateStore, recordKey: RecordKey, height: Height): RecordClaim {
  const { value, proof } = stateStore.prove(recordKey, height);
  return { recordKey, proof: encodeStateProof(proof), ...(value && { value }) };
}

/** The changes of the set that lead from genesis to a height. @throws NodeError NODE_BLOCK_PRUNED */
export function changesUpTo(
  sets: readonly KnownSet[],
  height: Height,
  blockLog: BlockLog,
): readonly SetChange[] {
  return sets
    .filter(({ from }) => from <= height)
    .map(({ from, validators, recovery, decided }) => ({
      ...(decided ?? sealedOf(from - 1, blockLog.readBlock(from - 1))),
      validators: validators.map(({ id, publicKey }) => [id, publicKey] as const),
      ...(recovery && { recovery }),
    }));
}

/** What a proof about records of a set carries; undefined when no contract owns the set. */
export async function frameOf(
  set: number,
  height: Height,
  parts: ProofParts,
): Promise<ProofFrame | undefined> {
  const { genesis, blockLog, blocks, stateStore } = parts;
  const schema = parts.schemaOf(set, height);
  if (schema === undefined) return undefined;
  return {
    genesis: genesis.bytes,
    changes: changesUpTo(await parts.laterSets(), height, blockLog),
    ...sealedOf(height, await blocks.readBlock(height)),
    schema: schema.bytes,
    schemaRecord: claimOf(stateStore, schema.recordKey, height),
  };
}

/**
 * @returns encoded bundle, or undefined when no contract owns the record set
 * @throws  NodeError NODE_BLOCK_PRUNED, NODE_ARCHIVE_AWAY, NODE_ARCHIVE_DAMAGED
 */
export async function buildProofBundle(
  recordKey: RecordKey,
  height: Height,
  parts: ProofParts,
): Promise<Uint8Array | undefined> {
  const frame = await frameOf(recordKey.set, height, parts);
  const record = claimOf(parts.stateStore, recordKey, height);
  return frame && encodeProofBundle({ ...frame, record });
}

/** Values of one list bundle: leaves room in it for genesis, certificates and set changes. */
const LIST_BYTES_MAX = LIMITS.proofBundleBytesMax / 4;

/**
 * The proof of a list, or of as much of it as one file holds.
 * @param from  tree key to begin at; the beginning of the list if left out
 * @returns     encoded bundle, or undefined when no contract owns the record set
 * @throws      as `buildProofBundle`
 */
export async function buildListBundle(
  place: RecordPlace,
  { height, from }: { readonly height: Height; readonly from?: Uint8Array },
  parts: ProofParts,
): Promise<Uint8Array | undefined> {
  const frame = await frameOf(place.set, height, parts);
  const limits = { limit: LIMITS.listRecordsMax, bytesMax: LIST_BYTES_MAX };
  const found = parts.stateStore.proveRange(place, { ...limits, height, ...(from && { from }) });
  const records = found.records.map(({ key: { key, partition }, value }) => ({
    key,
    value,
    ...(partition && { partition }),
  }));
  const proof = encodeRangeProof(found.proof);
  return (
    frame && encodeListBundle({ ...frame, list: { ...place, range: found.range, records, proof } })
  );
}
