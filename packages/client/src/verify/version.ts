/**
 * Older versions of records (spec S-12): the result of the transaction that wrote one names the hash
 * of its value, the result root of that block covers the result, and the history root of a sealed
 * header covers the block. Of what was written later it says nothing.
 */
import type { Header, Result, VersionBundle } from '@daybook/core';
import {
  decodeHeader,
  decodeResult,
  equalBytes,
  fail,
  leafHash,
  treeKeyOf,
  valueHashOf,
  verifyInclusion,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
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
  const leaf = leafHash(version.result);
  if (!verifyInclusion({ root: old.value.resultRoot, leaf, ...version.place })) {
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
  return isSame ? old : unproven('the value is another');
}

function unproven(fact: string): Result<never, VerifyFailure> {
  return fail({ code: 'CLIENT_RECORD_UNPROVEN', fact });
}
