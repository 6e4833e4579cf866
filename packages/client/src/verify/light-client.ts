/**
 * The light client (protocol §17): from a genesis document, through every change of the validator
 * set, to a header that a quorum of the right set finalised. Each step has the strength of full
 * consensus; nothing is believed because a node says so.
 */
import type { Genesis, Hash, Header, Result, SetChange, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  asValidatorId,
  blockHash,
  buildValidatorSet,
  compareBytes,
  decodeCanonical,
  decodeCertificate,
  decodeHeader,
  equalBytes,
  eraOf,
  fail,
  HEADER_VERSION,
  LIMITS,
  ok,
  readGenesis,
  readRecovery,
  recoverySet,
  toHex,
  validatorsHash,
  verifyCertificate,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';

/** Where trust stands: a set, and the lowest height it may sign. */
export interface TrustedSet {
  readonly chain: Hash;
  readonly validators: ValidatorSet;
  /** Headers below this height were signed by an earlier set. */
  readonly from: number;
  /** What votes bind after a recovery; the chain id before one. */
  readonly era?: Hash;
  /** Recoveries on the way to this set; each must be trusted by itself (spec C-33). */
  readonly recoveries?: readonly KnownEra[];
}

/** A recovery that a file went through. */
export interface KnownEra {
  readonly era: Hash;
  /** First height of the era. */
  readonly fromHeight: number;
  readonly reason: string;
}

const GENESIS_DEPTH_MAX = 8;
const RECOVERY_DEPTH_MAX = 6;

/** Reads the canonical genesis document: the chain id and the first validator set follow from it. */
export function readTrustedGenesis(bytes: Uint8Array): Result<Genesis, VerifyFailure> {
  const limits = { bytesMax: LIMITS.genesisBytesMax, depthMax: GENESIS_DEPTH_MAX };
  const decoded = decodeCanonical(bytes, limits);
  if (!decoded.ok) return fail({ code: 'CLIENT_GENESIS_INVALID', fact: decoded.reason.code });
  const genesis = readGenesis(decoded.value);
  if (!genesis.ok) return fail({ code: 'CLIENT_GENESIS_INVALID', fact: genesis.reason.code });
  // The document is hashed as it was read: what it derives must be the same bytes again.
  if (!equalBytes(genesis.value.bytes, bytes)) {
    return fail({ code: 'CLIENT_GENESIS_INVALID', fact: 'not the canonical document' });
  }
  return genesis;
}

/** A header that has to be shown final. */
export interface CertifiedHeader {
  readonly header: Uint8Array;
  readonly certificate: Uint8Array;
}

/** A header with the number of validators that sealed it. */
export interface FinalHeader {
  readonly header: Header;
  readonly signers: number;
}

/** The failure that names both chains. */
export function foreign(expected: Hash, found: Hash): Result<never, VerifyFailure> {
  return fail({ code: 'CLIENT_CHAIN_FOREIGN', expected: toHex(expected), found: toHex(found) });
}

/**
 * Checks a header with its certificate against the set that must have signed it (spec L-1, L-2). The
 * timestamp is judged by the caller: whose clock is wrong, no proof can tell.
 */
export function verifyHeader(
  proof: CertifiedHeader,
  trusted: TrustedSet,
): Result<FinalHeader, VerifyFailure> {
  const header = decodeHeader(proof.header);
  const certificate = decodeCertificate(proof.certificate);
  if (!header.ok) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: header.reason.code });
  if (!certificate.ok) {
    return fail({ code: 'CLIENT_CERTIFICATE_INVALID', fact: certificate.reason.code });
  }
  const { chain, height, version, validatorsHash: named } = header.value;
  if (version !== HEADER_VERSION) {
    return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: `version ${version}` });
  }
  if (!equalBytes(chain, trusted.chain)) return foreign(trusted.chain, chain);
  if (height < trusted.from || !equalBytes(named, validatorsHash(trusted.validators))) {
    return fail({ code: 'CLIENT_VALIDATORS_WRONG', height });
  }
  const verified = verifyCertificate(certificate.value, {
    kind: 'commit',
    chain: trusted.era ?? trusted.chain,
    height,
    blockHash: blockHash(header.value),
    validators: trusted.validators,
  });
  if (!verified.ok) {
    return fail({ code: 'CLIENT_CERTIFICATE_INVALID', fact: verified.reason.code });
  }
  return ok({ header: header.value, signers: certificate.value.signers.length });
}

/** A set as it stands in files: ascending by id, each once; undefined for anything else. */
export function readSet(members: SetChange['validators']): ValidatorSet | undefined {
  if (members.length === 0 || members.length > LIMITS.validatorsMax) return undefined;
  const ascending = members.every(([id], index) => {
    const before = members[index - 1]?.[0];
    return before === undefined || compareBytes(before, id) < 0;
  });
  if (!ascending) return undefined;
  return buildValidatorSet(
    members.map(([id, publicKey]) => ({
      id: asValidatorId(id),
      publicKey: asPublicKey(publicKey),
    })),
  );
}

/** Hands trust on over one change (spec L-3): the old set signed the header that names the new one. */
export function followChange(
  change: SetChange,
  trusted: TrustedSet,
): Result<TrustedSet, VerifyFailure> {
  const final = verifyHeader(change, trusted);
  if (!final.ok) return final;
  const validators = readSet(change.validators);
  if (change.recovery !== undefined) {
    const recovered = recoveredSet(change.recovery, final.value.header, trusted);
    const isSame =
      recovered !== undefined &&
      validators !== undefined &&
      equalBytes(validatorsHash(recovered.validators), validatorsHash(validators));
    if (isSame) return ok(recovered);
    return fail({ code: 'CLIENT_VALIDATORS_WRONG', height: final.value.header.height + 1 });
  }
  const { height, nextValidatorsHash, validatorsHash: old } = final.value.header;
  const isNamed =
    validators !== undefined && equalBytes(validatorsHash(validators), nextValidatorsHash);
  if (!isNamed || equalBytes(old, nextValidatorsHash)) {
    return fail({ code: 'CLIENT_VALIDATORS_WRONG', height: height + 1 });
  }
  return ok({ ...trusted, validators, from: height + 1 });
}

/** The set by which a chain goes on from a final block; whether to trust it is for the caller. */
function recoveredSet(
  payload: Uint8Array,
  header: Header,
  trusted: TrustedSet,
): TrustedSet | undefined {
  const limits = { bytesMax: LIMITS.transactionBytesMax, depthMax: RECOVERY_DEPTH_MAX };
  const decoded = decodeCanonical(payload, limits);
  const file = decoded.ok ? readRecovery(decoded.value) : undefined;
  if (file?.ok !== true) return undefined;
  const { plan } = file.value;
  const validators = recoverySet(plan);
  const isHere =
    equalBytes(plan.chain, trusted.chain) &&
    plan.height === header.height &&
    equalBytes(plan.blockHash, blockHash(header));
  if (validators === undefined || !isHere) return undefined;
  const { chain, recoveries = [] } = trusted;
  const [era, from] = [eraOf(plan), header.height + 1];
  const known = { era, fromHeight: from, reason: plan.reason };
  return { chain, validators, from, era, recoveries: [...recoveries, known] };
}

/** Trust at the start of a chain. */
export function trustGenesis(genesis: Genesis): TrustedSet {
  return { chain: genesis.chain, validators: genesis.validators, from: 1 };
}
