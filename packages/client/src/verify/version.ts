/**
 * Older versions of records (spec S-12): the result of the transaction that wrote one names the hash
 * of its value, the result root of that block covers the result, and the history root of a sealed
 * header covers the block; what genesis wrote is proven by its state. Of what was written later it
 * says nothing.
 */
import type { Header, RecordClaim, Result, ResultClaim, VersionBundle } from '@daybook/core';
import {
  decodeHeader,
  decodeResult,
  equalBytes,
  fail,
  leafHash,
  ok,
  treeKeyOf,
  valueHashOf,
  verifyInclusion,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import { verifyClaim } from './claims.ts';
import { verifyAncestor } from './history.ts';

/**
 * @param bundle  of which the header was verified
 * @returns       the header of the block that wrote the version
 */
export function verifyVersion({
  header: recentBytes,
  version,
}: VersionBundle): Result<Header, VerifyFailure> {
  const recent = decodeHeader(recentBytes);
  if (!recent.ok) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: recent.reason.code });
  const old = verifyAncestor({ header: version.header, path: version.history }, recent.value);
  if (!old.ok) return old;
  const written =
    'proof' in version ? verifyFounding(version, old.value) : verifyResult(version, old.value);
  return written.ok ? old : written;
}

/** Genesis has no results: what it wrote is its state. */
function verifyFounding(claim: RecordClaim, header: Header): Result<void, VerifyFailure> {
  if (header.height !== 0)
    return unproven('a block after genesis proves what it wrote by a result');
  if (claim.value === undefined) return unproven('genesis removes no record');
  return verifyClaim(claim, header.stateRoot);
}

/** The result of a transaction names the value, and the block names the result. */
function verifyResult(version: ResultClaim, header: Header): Result<void, VerifyFailure> {
  const leaf = leafHash(version.result);
  if (!verifyInclusion({ root: header.resultRoot, leaf, ...version.place })) {
    return unproven('the result is not one of its block');
  }
  const result = decodeResult(version.result);
  if (!result.ok) return unproven(result.reason.code);
  const treeKey = treeKeyOf(version.recordKey);
  const write = result.value.writes.find((one) => equalBytes(one.treeKey, treeKey));
  if (write === undefined) return unproven('the transaction did not write the record');
  const { value } = version;
  const { valueHash } = write;
  const isSame =
    value === undefined || valueHash === undefined
      ? value === valueHash
      : equalBytes(valueHash, valueHashOf(value));
  return isSame ? ok(undefined) : unproven('the value is another');
}

function unproven(fact: string): Result<never, VerifyFailure> {
  return fail({ code: 'CLIENT_RECORD_UNPROVEN', fact });
}
