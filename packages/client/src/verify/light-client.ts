/**
 * The light client (protocol §17): from a genesis document, through every change of the validator
 * set, to a header that a quorum of the right set finalised. The rules are those of `core`, the same
 * for nodes that join; here their faults get the words that a reader of a verdict meets.
 */
import type {
  CertifiedHeader,
  FinalHeader,
  FollowFault,
  Genesis,
  Hash,
  Result,
  SetChange,
  TrustedSet,
} from '@daybook/core';
import {
  assertNever,
  decodeCanonical,
  equalBytes,
  fail,
  followChanges,
  LIMITS,
  lastSet,
  ok,
  readGenesis,
  toHex,
  verifyFinalHeader,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';

const GENESIS_DEPTH_MAX = 8;

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
  const final = verifyFinalHeader(proof, trusted);
  return final.ok ? final : refusalOf(final.reason);
}

/** Hands trust on over all changes, in order (spec L-3). @returns the set after the last of them */
export function followSets(
  start: TrustedSet,
  changes: readonly SetChange[],
): Result<TrustedSet, VerifyFailure> {
  const sets = followChanges(start, changes);
  return sets.ok ? ok(lastSet(sets.value)) : refusalOf(sets.reason);
}

function refusalOf(fault: FollowFault): Result<never, VerifyFailure> {
  switch (fault.kind) {
    case 'header malformed':
      return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: fault.fact });
    case 'header of another chain':
      return foreign(fault.expected, fault.found);
    case 'header of another set':
    case 'next set not named':
      return fail({ code: 'CLIENT_VALIDATORS_WRONG', height: fault.height });
    case 'certificate invalid':
      return fail({ code: 'CLIENT_CERTIFICATE_INVALID', fact: fault.fact });
    default:
      return assertNever(fault);
  }
}
