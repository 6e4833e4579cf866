/**
 * The proof bundle: one file that carries a record (or its absence), its path to the state root, the
 * header, the commit certificate, every change of the validator set since genesis, the genesis
 * document, and the schema that puts the record in words. Nothing else is needed to check it.
 * Layout: canonical CBOR that ends in a hash of what stands before. The hash proves nothing, but a
 * proof of absence holds for other absent keys as well: without it, a changed byte in the key of
 * such a file would make another true claim instead of a damaged file.
 */
import { equalBytes } from '../codec/bytes.ts';
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { hashTagged } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { RecordKey } from './state-key.ts';

export const PROOF_BUNDLE_FORMAT = 'daybook-proof/1';

/** The last header of a validator set, its certificate, and the set that follows. */
export interface SetChange {
  /** Encoded header of the height before the change. */
  readonly header: Uint8Array;
  /** Encoded COMMIT certificate of that header. */
  readonly certificate: Uint8Array;
  /** Members of the next set as (id, public key), in set order. */
  readonly validators: readonly (readonly [id: Uint8Array, publicKey: Uint8Array])[];
  /** Canonical payload of the recovery that made this change in place of a decision (spec §19). */
  readonly recovery?: Uint8Array;
}

/** One record under the state root of the bundle's header. */
export interface RecordClaim {
  readonly recordKey: RecordKey;
  /** The stored value; absent when the bundle proves that there is no such record. */
  readonly value?: Uint8Array;
  /** Encoded state proof of the record's tree key. */
  readonly proof: Uint8Array;
}

export interface ProofBundle {
  /** Canonical genesis document; its hash is the chain id. */
  readonly genesis: Uint8Array;
  /** Changes of the set between genesis and the header, in order. */
  readonly changes: readonly SetChange[];
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
  /** What is proven. */
  readonly record: RecordClaim;
  /** The record's contract as the manifest describes it: names and titles of its fields. */
  readonly schema: Uint8Array;
  /** The state record that holds the hash of the manifest that `schema` is part of. */
  readonly schemaRecord: RecordClaim;
}

const CHANGES_MAX = 4096;
/** Deepest structure: bundle, changes, change, validators, validator. */
const DEPTH_MAX = 6;

function claimToCbor({ recordKey, value, proof }: RecordClaim): CborValue {
  return [recordKey.set, recordKey.partition ?? null, recordKey.key, value ?? null, proof];
}

export function encodeProofBundle(bundle: ProofBundle): Uint8Array {
  const parts = partsOf(bundle);
  return encodeCanonical([...parts, digestOf(parts)]);
}

/** What the last part of the file is. */
function digestOf(parts: readonly CborValue[]): Hash {
  return hashTagged(TAGS.BUNDLE, encodeCanonical(parts));
}

/** A change as it stands in files. */
export function changeToCbor(change: SetChange): CborValue {
  const { header, certificate, validators, recovery } = change;
  return [header, certificate, validators, recovery ?? null];
}

function partsOf(bundle: ProofBundle): readonly CborValue[] {
  return [
    PROOF_BUNDLE_FORMAT,
    bundle.genesis,
    bundle.changes.map(changeToCbor),
    bundle.header,
    bundle.certificate,
    claimToCbor(bundle.record),
    bundle.schema,
    claimToCbor(bundle.schemaRecord),
  ];
}

const isBytes = (value: CborValue | undefined): value is Uint8Array => value instanceof Uint8Array;
const isOptionalBytes = (value: CborValue | undefined): value is Uint8Array | null =>
  value === null || value instanceof Uint8Array;
const isList = (value: CborValue | undefined): value is readonly CborValue[] =>
  Array.isArray(value);

function readClaim(value: CborValue | undefined): RecordClaim | undefined {
  if (!isList(value) || value.length !== 5) return undefined;
  const [set, partition, key, stored, proof] = value;
  if (typeof set !== 'number' || set < 0 || set > 0xffff_ffff) return undefined;
  if (!isOptionalBytes(partition) || !isBytes(key)) return undefined;
  if (!isOptionalBytes(stored) || !isBytes(proof)) return undefined;
  const recordKey = { set, key, ...(partition !== null && { partition }) };
  return { recordKey, proof, ...(stored !== null && { value: stored }) };
}

function readMember(value: CborValue): readonly [Uint8Array, Uint8Array] | undefined {
  if (!isList(value) || value.length !== 2) return undefined;
  const [id, publicKey] = value;
  if (!isBytes(id) || !isBytes(publicKey)) return undefined;
  return id.length === 32 && publicKey.length === 32 ? [id, publicKey] : undefined;
}

function readEach<T>(
  value: CborValue | undefined,
  countMax: number,
  read: (item: CborValue) => T | undefined,
): readonly T[] | undefined {
  if (!isList(value) || value.length > countMax) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const done = read(item);
    if (done === undefined) return undefined;
    items.push(done);
  }
  return items;
}

/** Reads a change; its form only. */
export function readChange(value: CborValue): SetChange | undefined {
  if (!isList(value) || value.length !== 4) return undefined;
  const [header, certificate, members, recovery] = value;
  if (!isBytes(header) || !isBytes(certificate) || !isOptionalBytes(recovery)) return undefined;
  const validators = readEach(members, LIMITS.validatorsMax, readMember);
  if (validators === undefined) return undefined;
  return { header, certificate, validators, ...(recovery !== null && { recovery }) };
}

function readBundle(value: CborValue): ProofBundle | undefined {
  if (!isList(value) || value.length !== 9) return undefined;
  const [format, genesis, changeList, header, certificate, first, schema, second, digest] = value;
  if (format !== PROOF_BUNDLE_FORMAT || !isBytes(digest)) return undefined;
  if (!equalBytes(digest, digestOf(value.slice(0, -1)))) return undefined;
  if (!isBytes(genesis) || !isBytes(header) || !isBytes(certificate) || !isBytes(schema)) {
    return undefined;
  }
  const changes = readEach(changeList, CHANGES_MAX, readChange);
  const record = readClaim(first);
  const schemaRecord = readClaim(second);
  if (changes === undefined || record === undefined || schemaRecord === undefined) return undefined;
  return { genesis, changes, header, certificate, record, schema, schemaRecord };
}

/** Decodes a bundle; whether it proves anything is for the verifier. */
export function decodeProofBundle(bytes: Uint8Array): Result<ProofBundle, DecodeFailure> {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const bundle = readBundle(decoded.value);
  if (bundle !== undefined) return ok(bundle);
  const fact = `not a ${PROOF_BUNDLE_FORMAT} file, or damaged`;
  return fail({ code: 'CORE_MALFORMED', title: 'proof bundle', offset: 0, fact });
}
