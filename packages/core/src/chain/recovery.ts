/**
 * Recovery after the permanent loss of too many validators (protocol §19): the plan names a final
 * block and the set that goes on from it; governance keys consent to exactly this plan. From the
 * next height on, votes bind the era instead of G, so that nothing signed before can mix in. The
 * consents stand outside the plan, as the founders' stand outside G.
 */
import { concatBytes } from '../codec/bytes.ts';
import type { CborValue } from '../codec/cbor.ts';
import { decodeCanonical, encodeCanonical, isCanonicalText } from '../codec/cbor.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { isGoodPublicKey, verifyStrict } from '../crypto/ed25519.ts';
import { sha256 } from '../crypto/hash.ts';
import { TAGS } from '../crypto/tags.ts';
import type { Hash, Height, PublicKey, Signature, ValidatorId } from './ids.ts';
import { asHash, asPublicKey, asSignature, asValidatorId, SIGNATURE_SIZE } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { ValidatorSet } from './validators.ts';
import { buildValidatorSet } from './validators.ts';

export const RECOVERY_FORMAT = 'daybook-recovery/1';

export interface RecoveryValidator {
  readonly id: ValidatorId;
  readonly publicKey: PublicKey;
  /** Slug of the organisation behind it. */
  readonly organisation: string;
}

/** What is agreed on. */
export interface RecoveryPlan {
  /** G. */
  readonly chain: Hash;
  /** The final block from which the chain goes on. */
  readonly height: Height;
  readonly blockHash: Hash;
  /** Who signs from the next height on, ascending by id. */
  readonly validators: readonly RecoveryValidator[];
  /** For people, shown for ever. */
  readonly reason: string;
}

export interface RecoveryConsent {
  readonly organisation: string;
  /** By its governance key, over `recoverySignBytes`. */
  readonly signature: Signature;
}

export interface RecoveryFile {
  readonly plan: RecoveryPlan;
  readonly consents: readonly RecoveryConsent[];
}

export type RecoveryFailure =
  | { readonly code: 'CORE_RECOVERY_MALFORMED'; readonly fact: string }
  | { readonly code: 'CORE_RECOVERY_CHAIN' }
  | { readonly code: 'CORE_RECOVERY_BLOCK'; readonly height: Height }
  | { readonly code: 'CORE_RECOVERY_SET'; readonly fact: string }
  | {
      readonly code: 'CORE_RECOVERY_UNSIGNED';
      readonly consenting: readonly string[];
      readonly needed: number;
    };

const REASON_CHARACTERS_MAX = 1000;
const FILE_BYTES_MAX = 64 * 1024;
const DEPTH_MAX = 6;

/** Canonical bytes of a plan: what everything about it hashes. */
export function encodeRecoveryPlan(plan: RecoveryPlan): Uint8Array {
  return encodeCanonical([
    RECOVERY_FORMAT,
    plan.chain,
    plan.height,
    plan.blockHash,
    plan.validators.map(({ id, publicKey, organisation }) => [id, publicKey, organisation]),
    plan.reason,
  ]);
}

/** What a governance key signs. The hash of these bytes is the era. */
export function recoverySignBytes(plan: RecoveryPlan): Uint8Array {
  return concatBytes(TAGS.RECOVERY, plan.chain, sha256(encodeRecoveryPlan(plan)));
}

/** What votes bind from the height after the plan's on. */
export function eraOf(plan: RecoveryPlan): Hash {
  return asHash(sha256(recoverySignBytes(plan)));
}

/** Payload of the system transaction `recovery`: `[plan bytes, [[organisation, signature]…]]`. */
export function encodeRecovery({ plan, consents }: RecoveryFile): CborValue {
  const given = consents.map(({ organisation, signature }) => [organisation, signature]);
  return [encodeRecoveryPlan(plan), given];
}

function malformed(fact: string): Result<never, RecoveryFailure> {
  return fail({ code: 'CORE_RECOVERY_MALFORMED', fact });
}

function isBytes(value: CborValue | undefined, size: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === size;
}

/** Name of an organisation. */
export function isSlug(value: CborValue | undefined): value is string {
  return typeof value === 'string' && /^[a-z0-9-]{2,64}$/.test(value);
}

function listOf(value: CborValue | undefined, size?: number): readonly CborValue[] | undefined {
  if (!Array.isArray(value) || (size !== undefined && value.length !== size)) return undefined;
  return value as readonly CborValue[];
}

function readMember(value: CborValue): RecoveryValidator | undefined {
  const [id, publicKey, organisation] = listOf(value, 3) ?? [];
  if (!isBytes(id, 32) || !isBytes(publicKey, 32) || !isSlug(organisation)) return undefined;
  if (!isGoodPublicKey(publicKey)) return undefined;
  return { id: asValidatorId(id), publicKey: asPublicKey(publicKey), organisation };
}

function readConsent(value: CborValue): RecoveryConsent | undefined {
  const [organisation, signature] = listOf(value, 2) ?? [];
  if (!isSlug(organisation) || !isBytes(signature, SIGNATURE_SIZE)) return undefined;
  return { organisation, signature: asSignature(signature) };
}

function all<T>(items: readonly (T | undefined)[]): readonly T[] | undefined {
  return items.every((item) => item !== undefined) ? items : undefined;
}

function readPlan(bytes: Uint8Array): RecoveryPlan | undefined {
  const decoded = decodeCanonical(bytes, { bytesMax: FILE_BYTES_MAX, depthMax: DEPTH_MAX });
  const fields = decoded.ok ? listOf(decoded.value, 6) : undefined;
  if (fields === undefined) return undefined;
  const [format, chain, height, blockHash, members, reason] = fields;
  if (format !== RECOVERY_FORMAT || !isBytes(chain, 32) || !isBytes(blockHash, 32))
    return undefined;
  if (typeof height !== 'number' || height < 0) return undefined;
  if (typeof reason !== 'string' || reason.length > REASON_CHARACTERS_MAX) return undefined;
  if (!isCanonicalText(reason)) return undefined;
  const validators = all((listOf(members) ?? []).map(readMember));
  if (validators === undefined || validators.length === 0) return undefined;
  if (validators.length > LIMITS.validatorsMax) return undefined;
  return { chain: asHash(chain), height, blockHash: asHash(blockHash), validators, reason };
}

/** Reads a payload; its form only. */
export function readRecovery(payload: CborValue): Result<RecoveryFile, RecoveryFailure> {
  const [bytes, given] = listOf(payload, 2) ?? [];
  if (!(bytes instanceof Uint8Array)) return malformed('it is not a plan with consents');
  const plan = readPlan(bytes);
  if (plan === undefined) return malformed('its plan is not one');
  const list = listOf(given);
  const consents = list && list.length <= 256 ? all(list.map(readConsent)) : undefined;
  if (consents === undefined) return malformed('its consents are not a list of signatures');
  return ok({ plan, consents });
}

/** The set of a plan. @returns undefined unless it is ascending by id, ids and keys unique */
export function recoverySet({ validators }: RecoveryPlan): ValidatorSet | undefined {
  const ids = new Set(validators.map(({ id }) => id.join()));
  const keys = new Set(validators.map(({ publicKey }) => publicKey.join()));
  if (ids.size !== validators.length || keys.size !== validators.length) return undefined;
  const set = buildValidatorSet(validators.map(({ id, publicKey }) => ({ id, publicKey })));
  const isOrdered = set.every(({ id }, index) => id.join() === validators[index]?.id.join());
  return isOrdered ? set : undefined;
}

/** Organisations whose consent holds, each once. @param keyOf  governance key of an organisation */
export function consentingTo(
  { plan, consents }: RecoveryFile,
  keyOf: (organisation: string) => Uint8Array | undefined,
): readonly string[] {
  const message = recoverySignBytes(plan);
  const good = consents.filter(({ organisation, signature }) => {
    const key = keyOf(organisation);
    return key !== undefined && verifyStrict(asPublicKey(key), message, signature);
  });
  const slugs = [...new Set(good.map(({ organisation }) => organisation))];
  return slugs.sort((a, b) => (a < b ? -1 : 1));
}
