/**
 * The bytes of a manifest that the chain agrees on. Canonical CBOR sorts the keys of its maps, but
 * the order of fields is meaning here (keys are encoded in it, people meet fields in it), so lists
 * become `[0, item…]` and objects `[1, name, value…]` in their own order. Each contract is hashed for
 * itself and the manifest is the hash of those hashes: one contract is proven without the others.
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

/** `ledger.activation`; the numbers are part of the protocol. */
const LEDGER_NUMBER = 0;
const ACTIVATION_NUMBER = 1;
const LIST = 0;
const OBJECT = 1;
/** Contract, records, record, fields, field, item, fields, …: what definitions nest today, twice. */
const DEPTH_MAX = 40;

/** What a contract's part of a manifest consists of. */
type Plain = string | number | boolean | null | readonly Plain[] | { readonly [k: string]: Plain };

/** A contract and the hash of the manifest that it is part of. */
export interface SchemaPart {
  readonly contract: ManifestContract;
  readonly manifestHash: Hash;
}

/** Canonical bytes of one contract. */
export function encodeContract(contract: ManifestContract): Uint8Array {
  // A manifest holds texts, safe integers, booleans, lists and objects of them.
  return encodeCanonical(ordered(contract as unknown as Plain));
}

/** What the manifest commits to for a contract. */
export function contractHashOf(contract: ManifestContract): Hash {
  return hashTagged(TAGS.MANIFEST, encodeContract(contract));
}

/** What the state keeps of a manifest. */
export function manifestHashOf({ contracts }: Manifest): Hash {
  return hashOfHashes(contracts.map(contractHashOf));
}

/**
 * The contract that owns a record set, in full, with the hashes of the others.
 * @returns undefined if no contract owns the set
 */
export function encodeSchemaPart({ contracts }: Manifest, set: number): Uint8Array | undefined {
  const owner = contracts.find(({ records }) =>
    Object.values(records).some((record) => record.set === set),
  );
  if (owner === undefined) return undefined;
  return encodeCanonical([
    MANIFEST_FORMAT,
    contracts.indexOf(owner),
    encodeContract(owner),
    contracts.filter((contract) => contract !== owner).map(contractHashOf),
  ]);
}

/**
 * Reads what `encodeSchemaPart` made. The contract may be used once the hash is known to be the one
 * in the state: its form was checked by those who agreed on it.
 */
export function decodeSchemaPart(bytes: Uint8Array): Result<SchemaPart, DecodeFailure> {
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.proofBundleBytesMax, depthMax: 3 });
  if (!decoded.ok) return decoded;
  if (!Array.isArray(decoded.value) || decoded.value.length !== 4)
    return malformed('not four parts');
  const [format, position, contractBytes, others] = decoded.value as readonly CborValue[];
  if (format !== MANIFEST_FORMAT) return malformed(`not ${MANIFEST_FORMAT}`);
  if (!(contractBytes instanceof Uint8Array)) return malformed('the contract is not bytes');
  if (!isHashList(others)) return malformed('the other contracts are not hashes');
  if (typeof position !== 'number' || position < 0 || position > others.length) {
    return malformed('the position is out of range');
  }
  const contract = decodeContract(contractBytes);
  if (!contract.ok) return contract;
  const hashes = others.toSpliced(position, 0, hashTagged(TAGS.MANIFEST, contractBytes));
  return ok({ contract: contract.value, manifestHash: hashOfHashes(hashes) });
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
  const isHash = manifestHash instanceof Uint8Array && manifestHash.length === 32;
  return isHash ? asHash(manifestHash) : undefined;
}

function hashOfHashes(hashes: readonly Uint8Array[]): Hash {
  return hashTagged(TAGS.MANIFEST, encodeCanonical([MANIFEST_FORMAT, [...hashes]]));
}

function isHashList(value: CborValue | undefined): value is readonly Uint8Array[] {
  return (
    Array.isArray(value) && value.every((item) => item instanceof Uint8Array && item.length === 32)
  );
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

function decodeContract(bytes: Uint8Array): Result<ManifestContract, DecodeFailure> {
  const limits = { bytesMax: LIMITS.proofBundleBytesMax, depthMax: DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return decoded;
  const plain = plainOf(decoded.value);
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    return malformed('the contract is not an object');
  }
  // Its hash, compared by the caller, vouches for every member.
  return ok(plain as unknown as ManifestContract);
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
