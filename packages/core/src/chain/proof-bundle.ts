/**
 * Proof bundles: one file that carries a record (or its absence) or a whole list, the path to the
 * state root, the header, the commit certificate, every change of the validator set since genesis,
 * the genesis document, and the schema that puts the records in words. Nothing else is needed to
 * check it.
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
import type { TreeRange } from './range-proof.ts';
import type { RecordKey, RecordPlace } from './state-key.ts';

const PROOF_BUNDLE_FORMAT = 'daybook-proof/1';
const LIST_BUNDLE_FORMAT = 'daybook-list/1';
const VERSION_BUNDLE_FORMAT = 'daybook-version/1';

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

/** What every proof file carries beside its claim. */
export interface ProofFrame {
  /** Canonical genesis document; its hash is the chain id. */
  readonly genesis: Uint8Array;
  /** Changes of the set between genesis and the header, in order. */
  readonly changes: readonly SetChange[];
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
  /** The records' contract as the manifest describes it: names and titles of its fields. */
  readonly schema: Uint8Array;
  /** The state record that holds the hash of the manifest that `schema` is part of. */
  readonly schemaRecord: RecordClaim;
}

/** The proof of one record or of its absence. */
export interface ProofBundle extends ProofFrame {
  /** What is proven. */
  readonly record: RecordClaim;
}

/** Some records of a list. */
export interface ListedRecord {
  /** Absent when the record type declares none. */
  readonly partition?: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** All records of a set, or of one partition of it, whose tree keys lie in a range. */
export interface ListClaim extends RecordPlace {
  /** The whole list has the prefix of its tree keys as both borders. */
  readonly range: TreeRange;
  /** In the order of tree keys. */
  readonly records: readonly ListedRecord[];
  /** Encoded range proof. */
  readonly proof: Uint8Array;
}

/** The proof of a list, or of a part of it. */
export interface ListBundle extends ProofFrame {
  readonly list: ListClaim;
}

/** A path in an RFC 9162 tree. */
export interface LeafPath {
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** A version of a record that an older block wrote. */
interface OlderVersion {
  readonly recordKey: RecordKey;
  /** What it wrote; absent when it removed the record. */
  readonly value?: Uint8Array;
  /** Encoded header of its block; needs no certificate. */
  readonly header: Uint8Array;
  /** Path from the hash of that header to the history root of the frame's header. */
  readonly history: readonly Uint8Array[];
}

/** Written by a transaction. */
export interface ResultClaim extends OlderVersion {
  /** Encoded result of the transaction, and its path to the result root of its block. */
  readonly result: Uint8Array;
  readonly place: LeafPath;
}

/** Written by genesis, which has a state and no results. */
export interface FoundingClaim extends OlderVersion {
  /** Encoded path to the state root of genesis. */
  readonly proof: Uint8Array;
}

export type VersionClaim = ResultClaim | FoundingClaim;

/** The proof of an older version, whose state is no longer needed. */
export interface VersionBundle extends ProofFrame {
  readonly version: VersionClaim;
}

const CHANGES_MAX = 4096;
/** Longest path in a tree of 2^53 leaves. */
const PATH_MAX = 53;
/** Deepest structure: bundle, changes, change, validators, validator. */
const DEPTH_MAX = 6;

function claimToCbor({ recordKey, value, proof }: RecordClaim): CborValue {
  return [recordKey.set, recordKey.partition ?? null, recordKey.key, value ?? null, proof];
}

export function encodeProofBundle({ record, ...frame }: ProofBundle): Uint8Array {
  return encodeFile(PROOF_BUNDLE_FORMAT, frame, claimToCbor(record));
}

export function encodeListBundle({ list, ...frame }: ListBundle): Uint8Array {
  return encodeFile(LIST_BUNDLE_FORMAT, frame, listToCbor(list));
}

export function encodeVersionBundle({ version, ...frame }: VersionBundle): Uint8Array {
  return encodeFile(VERSION_BUNDLE_FORMAT, frame, versionToCbor(version));
}

function versionToCbor(claim: VersionClaim): CborValue {
  const { recordKey, value, header, history } = claim;
  const key = [recordKey.set, recordKey.partition ?? null, recordKey.key, value ?? null];
  const version = [...key, header, history];
  if ('proof' in claim) return [...version, claim.proof];
  const { index, size, path } = claim.place;
  return [...version, claim.result, index, size, path];
}

function listToCbor({ set, partition, range, records, proof }: ListClaim): CborValue {
  const rows = records.map((one) => [one.partition ?? null, one.key, one.value]);
  return [set, partition ?? null, range.from, range.to, rows, proof];
}

function encodeFile(format: string, frame: ProofFrame, claim: CborValue): Uint8Array {
  const { genesis, changes, header, certificate, schema, schemaRecord } = frame;
  const list = changes.map(changeToCbor);
  const last = claimToCbor(schemaRecord);
  const parts = [format, genesis, list, header, certificate, claim, schema, last];
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

function readListed(value: CborValue): ListedRecord | undefined {
  if (!isList(value) || value.length !== 3) return undefined;
  const [partition, key, stored] = value;
  if (!isOptionalBytes(partition) || !isBytes(key) || !isBytes(stored)) return undefined;
  return { key, value: stored, ...(partition !== null && { partition }) };
}

function readList(value: CborValue | undefined): ListClaim | undefined {
  if (!isList(value) || value.length !== 6) return undefined;
  const [set, partition, from, to, rows, proof] = value;
  if (typeof set !== 'number' || set < 0 || set > 0xffff_ffff) return undefined;
  if (!isOptionalBytes(partition) || !isBytes(from) || !isBytes(to) || !isBytes(proof)) {
    return undefined;
  }
  const records = readEach(rows, LIMITS.listRecordsMax, readListed);
  if (records === undefined) return undefined;
  return { set, range: { from, to }, records, proof, ...(partition !== null && { partition }) };
}

const readStep = (value: CborValue): Uint8Array | undefined =>
  isBytes(value) && value.length === 32 ? value : undefined;

const isCount = (value: CborValue | undefined): value is number =>
  typeof value === 'number' && value >= 0;

/** Seven parts where genesis wrote it, ten where a transaction did. */
function readVersion(value: CborValue | undefined): VersionClaim | undefined {
  if (!isList(value)) return undefined;
  const [set, partition, key, stored, header, steps, last, ...place] = value;
  const claim = readClaim([
    set ?? null,
    partition ?? null,
    key ?? null,
    stored ?? null,
    last ?? null,
  ]);
  const history = readEach(steps, PATH_MAX, readStep);
  if (claim === undefined || history === undefined || !isBytes(header)) return undefined;
  const { proof, ...record } = claim;
  const version = { ...record, header, history };
  if (place.length === 0) return { ...version, proof };
  const path = readLeafPath(place);
  return path && { ...version, result: proof, place: path };
}

function readLeafPath(parts: readonly CborValue[]): LeafPath | undefined {
  const [index, size, steps] = parts;
  const path = readEach(steps, PATH_MAX, readStep);
  if (parts.length !== 3 || path === undefined) return undefined;
  return isCount(index) && isCount(size) ? { index, size, path } : undefined;
}

/** The frame of a file of a format, and its claim still as it stands there. */
function readFrame(
  value: CborValue,
  expected: string,
): { readonly frame: ProofFrame; readonly claim: CborValue } | undefined {
  if (!isList(value) || value.length !== 9) return undefined;
  const [format, genesis, changeList, header, certificate, claim, schema, last, digest] = value;
  if (format !== expected || claim === undefined || !isBytes(digest)) return undefined;
  if (!equalBytes(digest, digestOf(value.slice(0, -1)))) return undefined;
  if (!isBytes(genesis) || !isBytes(header) || !isBytes(certificate) || !isBytes(schema)) {
    return undefined;
  }
  const changes = readEach(changeList, CHANGES_MAX, readChange);
  const schemaRecord = readClaim(last);
  if (changes === undefined || schemaRecord === undefined) return undefined;
  return { frame: { genesis, changes, header, certificate, schema, schemaRecord }, claim };
}

/** Decodes a bundle; whether it proves anything is for the verifier. */
export function decodeProofBundle(bytes: Uint8Array): Result<ProofBundle, DecodeFailure> {
  return decodeFile(bytes, PROOF_BUNDLE_FORMAT, (frame, claim) => {
    const record = readClaim(claim);
    return record && { ...frame, record };
  });
}

/** Decodes the bundle of a list; whether it proves anything is for the verifier. */
export function decodeListBundle(bytes: Uint8Array): Result<ListBundle, DecodeFailure> {
  return decodeFile(bytes, LIST_BUNDLE_FORMAT, (frame, claim) => {
    const list = readList(claim);
    return list && { ...frame, list };
  });
}

/** Decodes the bundle of an older version; whether it proves anything is for the verifier. */
export function decodeVersionBundle(bytes: Uint8Array): Result<VersionBundle, DecodeFailure> {
  return decodeFile(bytes, VERSION_BUNDLE_FORMAT, (frame, claim) => {
    const version = readVersion(claim);
    return version && { ...frame, version };
  });
}

function decodeFile<T>(
  bytes: Uint8Array,
  format: string,
  complete: (frame: ProofFrame, claim: CborValue) => T | undefined,
): Result<T, DecodeFailure> {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const read = readFrame(decoded.value, format);
  const bundle = read && complete(read.frame, read.claim);
  if (bundle !== undefined) return ok(bundle);
  const fact = `not a ${format} file, or damaged`;
  return fail({ code: 'CORE_MALFORMED', title: 'proof bundle', offset: 0, fact });
}
