/**
 * An OCDS file without its releases: package data, extensions, records with their links and compiled
 * releases. Where a release stood there is the hash of its JSON, under which the ledger has it; a
 * release is an object in every OCDS file, so a text in its place is nothing else.
 */
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { isExactObject, writeExactJson } from '../exact-json.ts';
import type { OcdsPackage } from './package.ts';

/** What stands in a file beside its releases. */
export function frameOf({ kind, json }: Pick<OcdsPackage, 'kind' | 'json'>): ExactJson {
  if (kind === 'release') return hashOf(json);
  if (kind === 'release-package') return { ...json, releases: listOf(json.releases).map(hashOf) };
  return { ...json, records: listOf(json.records).map(recordFrame) };
}

/**
 * The file of a frame.
 * @returns undefined where none of its releases is found
 */
export function fillFrame(
  frame: ExactJson,
  releaseOf: (hash: string) => ExactObject | undefined,
): ExactObject | undefined {
  if (typeof frame === 'string') return releaseOf(frame);
  if (!isExactObject(frame)) return undefined;
  const fill = (entry: ExactJson): readonly ExactObject[] => {
    const release = typeof entry === 'string' ? releaseOf(entry) : undefined;
    return release === undefined ? [] : [release];
  };
  if (!Array.isArray(frame.records)) {
    const releases = listOf(frame.releases).flatMap(fill);
    return releases.length === 0 ? undefined : { ...frame, releases };
  }
  const records = frame.records.flatMap((record: ExactJson) => fillRecord(record, fill));
  return records.length === 0 ? undefined : { ...frame, records };
}

/** Of a record without whole releases the compiled one is what was imported. */
function recordFrame(record: ExactJson): ExactJson {
  if (!isExactObject(record)) return record;
  const { releases, compiledRelease } = record;
  if (Array.isArray(releases) && releases.some(isWhole)) {
    const own = releases.map((entry: ExactJson) => (isWhole(entry) ? hashOf(entry) : entry));
    return { ...record, releases: own };
  }
  return isExactObject(compiledRelease)
    ? { ...record, compiledRelease: hashOf(compiledRelease) }
    : record;
}

/** A record of which nothing is on the ledger is its keeper's word only, and does not come out. */
function fillRecord(
  record: ExactJson,
  fill: (entry: ExactJson) => readonly ExactObject[],
): readonly ExactObject[] {
  if (!isExactObject(record)) return [];
  const { releases, compiledRelease } = record;
  if (typeof compiledRelease === 'string') {
    const links = listOf(releases).filter((entry) => isExactObject(entry) && !isWhole(entry));
    const own = Array.isArray(releases) ? { releases: links } : {};
    return fill(compiledRelease).map((compiled) => ({
      ...record,
      ...own,
      compiledRelease: compiled,
    }));
  }
  const found = listOf(releases).map((entry) =>
    isExactObject(entry) && !isWhole(entry) ? [entry] : fill(entry),
  );
  const isAny = listOf(releases).some((entry, at) => !isExactObject(entry) && found[at]?.length);
  return isAny ? [{ ...record, releases: found.flat() }] : [];
}

/** Whole releases have their ocid, links have not. */
function isWhole(entry: ExactJson): boolean {
  return isExactObject(entry) && Object.hasOwn(entry, 'ocid');
}

function hashOf(release: ExactJson): string {
  return toHex(sha256(encodeUtf8(writeExactJson(release))));
}

function listOf(value: ExactJson | undefined): readonly ExactJson[] {
  return Array.isArray(value) ? value : [];
}
