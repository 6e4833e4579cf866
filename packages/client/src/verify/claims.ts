/**
 * Claims about records under a state root: that a value is there, or that nothing is; and the words
 * of the contract that make a record out of a value.
 */
import type { ManifestRecord, SchemaContract } from '@daybook/contracts';
import {
  decodeSchemaPart,
  keyToJson,
  manifestHashIn,
  manifestRecordKey,
  recordKeyOf,
} from '@daybook/contracts';
import type { Hash, ListClaim, ProofFrame, RecordClaim, RecordKey, Result } from '@daybook/core';
import {
  decodeRangeProof,
  decodeStateProof,
  equalBytes,
  fail,
  ok,
  treeKeyOf,
  treePrefixOf,
  valueHashOf,
  verifyRangeProof,
  verifyStateProof,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';

/** Which record of which contract a claim is about. */
export interface NamedRecord {
  readonly contract: SchemaContract;
  readonly spec: ManifestRecord;
  /** Key fields as JSON. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** Checks that the state holds exactly the value of the claim, or nothing (spec L-6). */
export function verifyClaim(claim: RecordClaim, stateRoot: Hash): Result<void, VerifyFailure> {
  const unproven = (fact: string): Result<never, VerifyFailure> =>
    fail({ code: 'CLIENT_RECORD_UNPROVEN', fact });
  const proof = decodeStateProof(claim.proof);
  if (!proof.ok) return unproven(proof.reason.code);
  const found = verifyStateProof(stateRoot, treeKeyOf(claim.recordKey), proof.value);
  if (!found.ok) return unproven(found.reason.code);
  const { value } = claim;
  if (found.value.kind === 'absent') {
    return value === undefined ? ok(undefined) : unproven('there is no such record');
  }
  if (value === undefined) return unproven('there is such a record');
  const isSame = equalBytes(found.value.valueHash, valueHashOf(value));
  return isSame ? ok(undefined) : unproven('the value is another');
}

/** Checks the words for records against the hash in the state. */
export function verifySchema(
  { schema, schemaRecord }: Pick<ProofFrame, 'schema' | 'schemaRecord'>,
  stateRoot: Hash,
): Result<SchemaContract, VerifyFailure> {
  const unproven = (fact: string): Result<never, VerifyFailure> =>
    fail({ code: 'CLIENT_SCHEMA_UNPROVEN', fact });
  if (!isSameKey(schemaRecord.recordKey, manifestRecordKey())) {
    return unproven('the hash is taken from another record');
  }
  const claimed = verifyClaim(schemaRecord, stateRoot);
  if (!claimed.ok) return unproven('the hash is not in the state');
  const part = decodeSchemaPart(schema);
  if (!part.ok) return unproven(part.reason.code);
  const expected = manifestHashIn(schemaRecord.value ?? new Uint8Array());
  if (expected === undefined || !equalBytes(expected, part.value.manifestHash)) {
    return unproven('the hash is another');
  }
  return ok(part.value.contract);
}

/** Checks that the state holds exactly the records of a list and no other (spec S-15). */
export function verifyList(list: ListClaim, stateRoot: Hash): Result<void, VerifyFailure> {
  const unproven = (fact: string): Result<never, VerifyFailure> =>
    fail({ code: 'CLIENT_LIST_UNPROVEN', fact });
  const { set, partition, range, records } = list;
  const prefix = treePrefixOf({ set, ...(partition && { partition }) });
  const isInside = [range.from, range.to].every((border) => startsWith(border, prefix));
  if (!isInside) return unproven('its borders lie outside the list');
  const proof = decodeRangeProof(list.proof);
  if (!proof.ok) return unproven(proof.reason.code);
  const leaves = records.map((record) => ({
    treeKey: treeKeyOf({ ...record, set }),
    valueHash: valueHashOf(record.value),
  }));
  const verified = verifyRangeProof(stateRoot, range, leaves, proof.value);
  if (verified.ok) return verified;
  const { reason } = verified;
  return unproven('fact' in reason ? reason.fact : 'it does not lead to the state root');
}

function startsWith(border: Uint8Array, prefix: Uint8Array): boolean {
  return equalBytes(border.subarray(0, prefix.length), prefix);
}

/**
 * Reads the key by its schema, and makes it again: a partition that does not belong to the key would
 * prove the absence of something nobody asked for.
 */
export function nameRecord(
  recordKey: RecordKey,
  contract: SchemaContract,
): Result<NamedRecord, VerifyFailure> {
  const spec = Object.values(contract.records).find(({ set }) => set === recordKey.set);
  if (spec === undefined) {
    return fail({ code: 'CLIENT_SCHEMA_UNPROVEN', fact: 'it describes other records' });
  }
  const key = keyToJson(spec, recordKey.key);
  const again = key === undefined ? undefined : recordKeyOf(spec, key);
  if (key === undefined || again?.ok !== true || !isSameKey(again.value, recordKey)) {
    return fail({ code: 'CLIENT_RECORD_UNPROVEN', fact: 'the key is none of this record' });
  }
  return ok({ contract, spec, key });
}

function isSameKey(a: RecordKey, b: RecordKey): boolean {
  const { partition } = a;
  const isSamePartition =
    partition === undefined || b.partition === undefined
      ? partition === b.partition
      : equalBytes(partition, b.partition);
  return a.set === b.set && isSamePartition && equalBytes(a.key, b.key);
}
