/**
 * The bytes of a manifest that the chain agrees on. Canonical CBOR sorts the keys of its maps, but
 * the order of fields is meaning here (keys are encoded in it, people meet fields in it), so lists
 * become `[0, item…]` and objects `[1, name, value…]` in their own order. The manifest is the hash of
 * hashes of contracts, and a contract the hash of hashes of its parts: its face, each record, and the
 * rest. So the words for one record are proven without the other records, actions and contracts.
 */
import type { CborValue, DecodeFailure, Hash, RecordKey, Result } from '@daybook/core';
import {
  asHash,
  decodeCanonical,
  encodeCanonical,
  fail,
  hashTagged,
  LIMITS,
  ok,
  recordSetOf,
  TAGS,
} from '@daybook/core';
import type { Manifest, ManifestContract } from './manifest.ts';
import { MANIFEST_FORMAT } from './manifest.ts';
import type { SchemaContract } from './schema-shape.ts';
import { isRecordTable, isSchemaFace } from './schema-shape.ts';

/** `ledger.activation`; the numbers are part of the protocol. */
const LEDGER_NUMBER = 0;
const ACTIVATION_NUMBER = 1;
const LIST = 0;
const OBJECT = 1;
/** Contract, records, record, fields, field, item, fields, …: what definitions nest today, twice. */
const DEPTH_MAX = 40;

/** What a contract's part of a manifest consists of. */
type Plain = string | number | boolean | null | readonly Plain[] | { readonly [k: string]: Plain };

/** The words for one record, and the hash of the manifest that they are part of. */
export interface SchemaPart {
  readonly contract: SchemaContract;
  readonly manifestHash: Hash;
}

/** A contract in the parts that are hashed. */
interface ContractParts {
  /** Number, name, version, title and help. */
  readonly face: Uint8Array;
  /** By name, in the order of the contract. */
  readonly records: ReadonlyMap<string, Uint8Array>;
  /** Everything else. */
  readonly rest: Uint8Array;
}

function partsOf(contract: ManifestContract): ContractParts {
  const { number, name, version, title, help, records, ...rest } = contract;
  const face = { number, name, version, title, help };
  const each = Object.entries(records).map(
    ([key, record]) => [key, encodePart({ [key]: record })] as const,
  );
  return { face: encodePart(face), records: new Map(each), rest: encodePart(rest) };
}

function encodePart(part: object): Uint8Array {
  // A manifest holds texts, safe integers, booleans, lists and objects of them.
  return encodeCanonical(ordered(part as Plain));
}

function hashOfPart(bytes: Uint8Array): Hash {
  return hashTagged(TAGS.MANIFEST, bytes);
}

/** What the manifest commits to for a contract. */
export function contractHashOf(contract: ManifestContract): Hash {
  const { face, records, rest } = partsOf(contract);
  return hashOfParts(hashOfPart(face), [...records.values()].map(hashOfPart), hashOfPart(rest));
}

function hashOfParts(face: Hash, records: readonly Uint8Array[], rest: Uint8Array): Hash {
  return hashOfPart(encodeCanonical([face, [...records], rest]));
}

/** What the state keeps of a manifest. */
export function manifestHashOf({ contracts }: Manifest): Hash {
  return manifestHashOfContracts(contracts.map(contractHashOf));
}

/**
 * The words for a record set: the face of its contract and its record in full, the rest as hashes.
 * @returns undefined if no contract owns the set
 */
export function encodeSchemaPart({ contracts }: Manifest, set: number): Uint8Array | undefined {
  for (const [position, contract] of contracts.entries()) {
    const found = Object.entries(contract.records).find(([, record]) => record.set === set);
    if (found === undefined) continue;
    const [name] = found;
    const { face, records, rest } = partsOf(contract);
    const names = [...records.keys()];
    const others = names.filter((other) => other !== name).map((other) => records.get(other));
    return encodeCanonical([
      MANIFEST_FORMAT,
      [position, contracts.toSpliced(position, 1).map(contractHashOf)],
      [face, hashOfPart(rest)],
      [names.indexOf(name), others.map((bytes) => hashOfPart(bytes ?? new Uint8Array()))],
      records.get(name) ?? new Uint8Array(),
    ]);
  }
  return undefined;
}

/**
 * Reads what `encodeSchemaPart` made. The words may be shown once the hash is known to be the one in
 * the state; their shape is checked here.
 */
export function decodeSchemaPart(bytes: Uint8Array): Result<SchemaPart, DecodeFailure> {
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.proofBundleBytesMax, depthMax: 4 });
  if (!decoded.ok) return decoded;
  if (!isList(decoded.value) || decoded.value.length !== 5) return malformed('not five parts');
  const [format, contracts, whole, records, record] = decoded.value;
  if (format !== MANIFEST_FORMAT) return malformed(`not ${MANIFEST_FORMAT}`);
  if (!isList(whole) || whole.length !== 2) return malformed('the contract is not two parts');
  const [face, rest] = whole;
  const areBytes = face instanceof Uint8Array && record instanceof Uint8Array;
  if (!areBytes || !isHash(rest)) return malformed('the contract is not bytes and a hash');
  const contract = decodeContract(face, record);
  if (!contract.ok) return contract;
  const hashes = completed(records, hashOfPart(record));
  if (hashes === undefined) return malformed('the other records are not hashes');
  const all = completed(contracts, hashOfParts(hashOfPart(face), hashes, rest));
  if (all === undefined) return malformed('the other contracts are not hashes');
  return ok({ contract: contract.value, manifestHash: manifestHashOfContracts(all) });
}

/** The hashes of `[position, others]` with one put into its place. */
function completed(value: CborValue | undefined, hash: Hash): readonly Uint8Array[] | undefined {
  if (!isList(value) || value.length !== 2) return undefined;
  const [position, others] = value;
  if (!isList(others) || !others.every(isHash)) return undefined;
  if (typeof position !== 'number' || position < 0 || position > others.length) return undefined;
  return others.toSpliced(position, 0, hash);
}

/** Where the state keeps the hash of the manifest: the ledger's record of active versions. */
export function manifestRecordKey(): RecordKey {
  return { set: recordSetOf(LEDGER_NUMBER, ACTIVATION_NUMBER), key: new Uint8Array() };
}

/** The hash inside the stored value of that record; undefined for bytes that hold none. */
export function manifestHashIn(value: Uint8Array): Hash | undefined {
  const decoded = decodeCanonical(value, { bytesMax: LIMITS.blockBytesHardMax, depthMax: 8 });
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 6) return undefined;
  const fields = (decoded.value as readonly CborValue[])[5];
  if (typeof fields !== 'object' || fields === null || fields instanceof Uint8Array) {
    return undefined;
  }
  const { manifestHash } = fields as Readonly<Record<string, CborValue>>;
  return isHash(manifestHash) ? asHash(manifestHash) : undefined;
}

/** The same from the hashes of its contracts, ascending by number. */
export function manifestHashOfContracts(hashes: readonly Uint8Array[]): Hash {
  return hashTagged(TAGS.MANIFEST, encodeCanonical([MANIFEST_FORMAT, [...hashes]]));
}

function isHash(value: CborValue | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

function isList(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value);
}

function malformed(fact: string): Result<never, DecodeFailure> {
  return fail({ code: 'CORE_MALFORMED', title: 'schema', offset: 0, fact });
}

function ordered(value: Plain): CborValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isPlainList(value)) return [LIST, ...value.map(ordered)];
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return [OBJECT, ...members.flatMap(([name, member]) => [name, ordered(member)])];
}

function isPlainList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function decodeContract(
  face: Uint8Array,
  record: Uint8Array,
): Result<SchemaContract, DecodeFailure> {
  const who = decodePart(face);
  const records = decodePart(record);
  if (!isSchemaFace(who)) return malformed('the first part is not the face of a contract');
  if (!isRecordTable(records)) return malformed('the last part is not a record');
  return ok({ ...who, records });
}

function decodePart(bytes: Uint8Array): unknown {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  return decoded.ok ? plainOf(decoded.value) : undefined;
}

/** Undoes `ordered`; undefined for what it cannot have made. */
function plainOf(value: CborValue): Plain | undefined {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint' ? undefined : value;
  }
  if (!Array.isArray(value)) return undefined;
  const [kind, ...rest] = value as readonly CborValue[];
  if (kind === LIST) return definedItems(rest.map(plainOf));
  return kind === OBJECT ? objectOf(rest) : undefined;
}

function definedItems(items: readonly (Plain | undefined)[]): readonly Plain[] | undefined {
  const defined = items.filter((item) => item !== undefined);
  return defined.length === items.length ? defined : undefined;
}

function objectOf(parts: readonly CborValue[]): Plain | undefined {
  const members: Record<string, Plain> = Object.create(null);
  for (let index = 0; index < parts.length; index += 2) {
    const name = parts[index];
    const part = parts[index + 1];
    const member = part === undefined ? undefined : plainOf(part);
    if (typeof name !== 'string' || member === undefined || name in members) return undefined;
    members[name] = member;
  }
  return members;
}
