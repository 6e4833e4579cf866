/**
 * Which set signs which height (protocol §17): from a trusted set over every change of it to a header
 * that a quorum of the right set finalised. Light clients, proofs and nodes that join follow these
 * rules and no others; each step has the strength of full consensus.
 */
import { assert } from '../codec/assert.ts';
import { compareBytes, equalBytes } from '../codec/bytes.ts';
import { decodeCanonical } from '../codec/cbor.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { decodeCertificate, verifyCertificate } from './certificate.ts';
import type { Genesis } from './genesis.ts';
import type { Header } from './header.ts';
import { blockHash, decodeHeader, HEADER_VERSION } from './header.ts';
import type { Hash, Height } from './ids.ts';
import { asPublicKey, asValidatorId } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { SetChange } from './proof-bundle.ts';
import { eraOf, readRecovery, recoverySet } from './recovery.ts';
import type { ValidatorSet } from './validators.ts';
import { buildValidatorSet, validatorsHash } from './validators.ts';

/** Where trust stands: a set, what its votes bind, and the lowest height it may sign. */
export interface TrustedSet {
  /** G. */
  readonly chain: Hash;
  /** What votes bind: G, or the era after a recovery. */
  readonly era: Hash;
  readonly validators: ValidatorSet;
  /** Headers below this height were signed by an earlier set. */
  readonly from: Height;
  /** Recoveries on the way to this set; whether to believe them is for the caller (spec C-33). */
  readonly recoveries: readonly KnownEra[];
}

/** A recovery that a chain went through. */
export interface KnownEra {
  readonly era: Hash;
  /** First height of the era. */
  readonly fromHeight: Height;
  readonly reason: string;
}

/** A header that has to be shown final. */
export interface CertifiedHeader {
  /** Encoded. */
  readonly header: Uint8Array;
  /** Encoded COMMIT certificate. */
  readonly certificate: Uint8Array;
}

/** A header that a quorum of the right set has sealed. */
export interface FinalHeader {
  readonly header: Header;
  readonly hash: Hash;
  /** How many validators sealed it. */
  readonly signers: number;
}

/** What a served header, or a change, contradicts. */
export type FollowFault =
  | { readonly kind: 'header malformed'; readonly fact: string }
  | { readonly kind: 'header of another chain'; readonly expected: Hash; readonly found: Hash }
  | { readonly kind: 'header of another set'; readonly height: Height }
  | { readonly kind: 'certificate invalid'; readonly fact: string }
  /** The height is the first that the next set would sign. */
  | { readonly kind: 'next set not named'; readonly height: Height };

const RECOVERY_DEPTH_MAX = 6;

/** Trust at the start of a chain. */
export function trustGenesis({ chain, validators }: Genesis): TrustedSet {
  return { chain, era: chain, validators, from: 1, recoveries: [] };
}

/**
 * Checks a header with its certificate against the set that must have signed it (spec L-1, L-2). The
 * timestamp is judged by the caller: whose clock is wrong, no proof can tell.
 */
export function verifyFinalHeader(
  served: CertifiedHeader,
  trusted: TrustedSet,
): Result<FinalHeader, FollowFault> {
  const header = decodeHeader(served.header);
  const certificate = decodeCertificate(served.certificate);
  if (!header.ok) return fail({ kind: 'header malformed', fact: header.reason.code });
  if (!certificate.ok) return fail({ kind: 'certificate invalid', fact: certificate.reason.code });
  const { chain, height, version, validatorsHash: named } = header.value;
  if (version !== HEADER_VERSION) {
    return fail({ kind: 'header malformed', fact: `version ${version}` });
  }
  if (!equalBytes(chain, trusted.chain)) {
    return fail({ kind: 'header of another chain', expected: trusted.chain, found: chain });
  }
  const { validators, era } = trusted;
  if (height < trusted.from || !equalBytes(named, validatorsHash(validators))) {
    return fail({ kind: 'header of another set', height });
  }
  const hash = blockHash(header.value);
  const expected = { kind: 'commit', chain: era, height, blockHash: hash, validators } as const;
  const verified = verifyCertificate(certificate.value, expected);
  if (!verified.ok) return fail({ kind: 'certificate invalid', fact: verified.reason.code });
  return ok({ header: header.value, hash, signers: certificate.value.signers.length });
}

/** A set as it stands in files: ascending by id, each once; undefined for anything else. */
export function readSet(members: SetChange['validators']): ValidatorSet | undefined {
  if (members.length === 0 || members.length > LIMITS.validatorsMax) return undefined;
  const isAscending = members.every(([id], index) => {
    const before = members[index - 1]?.[0];
    return before === undefined || compareBytes(before, id) < 0;
  });
  if (!isAscending) return undefined;
  const set = members.map(([id, key]) => ({ id: asValidatorId(id), publicKey: asPublicKey(key) }));
  return buildValidatorSet(set);
}

/** Hands trust on over one change (spec L-3): the old set signed the header that names the new one. */
export function followChange(
  change: SetChange,
  trusted: TrustedSet,
): Result<TrustedSet, FollowFault> {
  const final = verifyFinalHeader(change, trusted);
  if (!final.ok) return final;
  const { header } = final.value;
  const from = header.height + 1;
  const refusal = fail({ kind: 'next set not named', height: from } as const);
  const validators = readSet(change.validators);
  if (validators === undefined) return refusal;
  const named = validatorsHash(validators);
  if (change.recovery !== undefined) {
    const recovered = recoveredSet(change.recovery, final.value, trusted);
    if (recovered === undefined) return refusal;
    return equalBytes(validatorsHash(recovered.validators), named) ? ok(recovered) : refusal;
  }
  const isNamed = equalBytes(named, header.nextValidatorsHash);
  const isChange = !equalBytes(header.validatorsHash, header.nextValidatorsHash);
  return isNamed && isChange ? ok({ ...trusted, validators, from }) : refusal;
}

/** @returns the set before each change and, last, the one after all of them: never empty */
export function followChanges(
  start: TrustedSet,
  changes: readonly SetChange[],
): Result<readonly TrustedSet[], FollowFault> {
  const sets = [start];
  for (const change of changes) {
    const next = followChange(change, lastSet(sets));
    if (!next.ok) return next;
    sets.push(next.value);
  }
  return ok(sets);
}

/** The newest of sets that were followed. */
export function lastSet(sets: readonly TrustedSet[]): TrustedSet {
  const last = sets.at(-1);
  assert(last !== undefined, 'following begins with a set');
  return last;
}

/** The set by which a chain goes on from a final block by a recovery. */
function recoveredSet(
  payload: Uint8Array,
  { header, hash }: FinalHeader,
  { chain, recoveries }: TrustedSet,
): TrustedSet | undefined {
  const limits = { bytesMax: LIMITS.transactionBytesMax, depthMax: RECOVERY_DEPTH_MAX };
  const decoded = decodeCanonical(payload, limits);
  const file = decoded.ok ? readRecovery(decoded.value) : undefined;
  if (file?.ok !== true) return undefined;
  const { plan } = file.value;
  const validators = recoverySet(plan);
  const isHere =
    equalBytes(plan.chain, chain) &&
    plan.height === header.height &&
    equalBytes(plan.blockHash, hash);
  if (validators === undefined || !isHere) return undefined;
  const [era, from] = [eraOf(plan), header.height + 1];
  const known = { era, fromHeight: from, reason: plan.reason };
  return { chain, era, validators, from, recoveries: [...recoveries, known] };
}
