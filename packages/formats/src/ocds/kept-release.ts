/**
 * The way back of OCDS: the JSON that the ledger keeps of an imported release. Whoever imports it
 * announces hash and names; the ledger compares the hash with the parts, and nothing on it reads the
 * names in the JSON. A reader compares both: the ledger's answer is a node's.
 */
import type { Result } from '@daybook/core';
import { equalBytes, fail, ok, sha256, toHex } from '@daybook/core';
import type { LineFault } from '../errors.ts';
import { explainFormats, FOUND_SHOWN_MAX } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import { namesOf } from './ledger-plan.ts';
import { readOcdsFile } from './package.ts';
import type { OcdsValidator } from './validator.ts';

/** An imported release as the ledger keeps it. */
export interface KeptRelease {
  readonly ocid: string;
  readonly release: string;
  /** SHA-256 that was announced. */
  readonly hash: Uint8Array;
  /** All parts together. */
  readonly bytes: Uint8Array;
}

/** The release as it was published, or why these bytes are not it. */
export function readKeptRelease(
  { ocid, release: name, hash, bytes }: KeptRelease,
  validate: OcdsValidator,
): Result<ExactObject, LineFault> {
  const found = sha256(bytes);
  if (!equalBytes(found, hash)) {
    return fault('FORMATS_DETAILS_DIFFER', '/hash', [toHex(hash), toHex(found)]);
  }
  const read = readOcdsFile({ name, bytes }, validate);
  if (!read.ok) {
    return fault('FORMATS_DETAILS_INVALID', '', ['a release', explainFormats(read.reason)]);
  }
  const { kind, json, releases } = read.value;
  const release = releases[0]?.release;
  if (kind !== 'release' || release === undefined) {
    return fault('FORMATS_DETAILS_INVALID', '', ['a release', kind]);
  }
  const names = namesOf(release, hash);
  if (names.ocid !== ocid) {
    return fault('FORMATS_DETAILS_DIFFER', '/ocid', [ocid, release.process]);
  }
  return names.releases.includes(name)
    ? ok(json)
    : fault('FORMATS_DETAILS_DIFFER', '/id', [name, release.id]);
}

function fault(
  code: LineFault['code'],
  field: string,
  [expected, found]: readonly [string, string],
): Result<never, LineFault> {
  return fail({ field, code, expected, found: found.slice(0, FOUND_SHOWN_MAX) });
}
