/**
 * OCDS files to releases: release packages, record packages and single releases. Real publishers
 * are rarely valid, so nothing but a file that is no JSON is refused: every release comes out with
 * its own findings, its JSON as it was, and a neutral record as far as it could be read.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Finding, FormatsFailure } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { isExactObject, readExactJson } from '../exact-json.ts';
import { JsonView } from '../json-view.ts';
import type { ProcurementRelease, SourceFile } from '../records.ts';
import { readRelease } from './release.ts';
import type { OcdsValidator } from './validator.ts';

/** Fields of a package beside its releases or records. */
export type OcdsMetadata = ExactObject;

/** One release of a file. */
export interface OcdsRelease {
  /** Where it stands in the file. */
  readonly pointer: string;
  /** As it was, numbers exact. */
  readonly json: ExactObject;
  /** Undefined if it lacks its ocid, id or date, or stands in the file twice. */
  readonly release: ProcurementRelease | undefined;
  readonly findings: readonly Finding[];
}

/** One record: the releases of a process, and what they add up to. */
export interface OcdsRecord {
  readonly pointer: string;
  readonly json: ExactObject;
  readonly process: string | undefined;
  /** Embedded releases in the order of the file. */
  readonly releases: readonly OcdsRelease[];
  /** Releases that are only linked to. */
  readonly linked: readonly ExactObject[];
  readonly compiled: OcdsRelease | undefined;
  /** Those of the record itself; `missing` is one of them. */
  readonly findings: readonly Finding[];
  /** Why there is nothing to read in it: releases are only linked to, or there are none. */
  readonly missing: Finding | undefined;
}

export interface OcdsPackage {
  readonly kind: 'release-package' | 'record-package' | 'release';
  /** The whole file, numbers exact. */
  readonly json: ExactObject;
  /** Empty for a single release. */
  readonly metadata: OcdsMetadata;
  readonly releases: readonly OcdsRelease[];
  readonly records: readonly OcdsRecord[];
  /** Of the package itself; those of releases and records stand with them. */
  readonly findings: readonly Finding[];
}

/**
 * Reads an OCDS file.
 * @returns its releases and records, or why it is no OCDS at all
 */
export function readOcdsFile(
  file: SourceFile,
  validate: OcdsValidator,
): Result<OcdsPackage, FormatsFailure> {
  const read = readExactJson(file);
  if (!read.ok) {
    return read;
  }
  const { json, findings } = read.value;
  const kind = isExactObject(json) ? kindOf(json) : undefined;
  if (!isExactObject(json) || kind === undefined) {
    const expected = 'a release package, a record package or a release of OCDS';
    return fail({ code: 'FORMATS_PACKAGE_UNKNOWN', file: file.name, expected });
  }
  const reader = new PackageReader(file.name, validate);
  return ok(reader.read(kind, json, findings));
}

function kindOf(json: ExactObject): OcdsPackage['kind'] | undefined {
  if (Array.isArray(json.records)) return 'record-package';
  if (Array.isArray(json.releases)) return 'release-package';
  return Object.hasOwn(json, 'ocid') ? 'release' : undefined;
}

class PackageReader {
  readonly #file: string;
  readonly #validate: OcdsValidator;
  readonly #seen = new Set<string>();

  constructor(file: string, validate: OcdsValidator) {
    this.#file = file;
    this.#validate = validate;
  }

  read(kind: OcdsPackage['kind'], json: ExactObject, findings: readonly Finding[]): OcdsPackage {
    if (kind === 'release') {
      const releases = [this.#release(json, '')];
      return { kind, json, metadata: {}, releases, records: [], findings };
    }
    const list = kind === 'release-package' ? 'releases' : 'records';
    const { [list]: entries = [], ...metadata } = json;
    const part = kind === 'release-package' ? 'releasePackage' : 'recordPackage';
    const own = [...findings, ...this.#validate(part, metadata, { file: this.#file, pointer: '' })];
    const objects = this.#objectsOf(entries, `/${list}`, own);
    const package_ = { kind, json, metadata, releases: [], records: [], findings: own };
    return kind === 'release-package'
      ? { ...package_, releases: objects.map(([at, entry]) => this.#release(entry, at)) }
      : { ...package_, records: objects.map(([at, entry]) => this.#record(entry, at)) };
  }

  #objectsOf(
    entries: ExactJson,
    pointer: string,
    findings: Finding[],
  ): readonly (readonly [pointer: string, json: ExactObject])[] {
    return (Array.isArray(entries) ? entries : []).flatMap((entry: ExactJson, index) => {
      const at = `${pointer}/${index}`;
      if (isExactObject(entry)) return [[at, entry] as const];
      const found = String(entry).slice(0, FOUND_SHOWN_MAX);
      const code = 'FORMATS_SCHEMA_MISMATCH';
      findings.push({ file: this.#file, pointer: at, code, expected: 'object', found });
      return [];
    });
  }

  #release(json: ExactObject, pointer: string): OcdsRelease {
    const file = this.#file;
    const findings = [...this.#validate('release', json, { file, pointer })];
    if (findings.some(({ code }) => code === 'FORMATS_RECORD_TOO_LARGE')) {
      return { pointer, json, release: undefined, findings };
    }
    const reading = readRelease(new JsonView(json, pointer), file);
    findings.push(...reading.findings);
    const { release } = reading;
    const identity = release === undefined ? undefined : `${release.process} ${release.id}`;
    if (identity !== undefined && this.#seen.has(identity)) {
      const expected = 'each release once in a file';
      const code = 'FORMATS_RECORD_TWICE';
      findings.push({ file, pointer, code, expected, found: identity.slice(0, FOUND_SHOWN_MAX) });
      return { pointer, json, release: undefined, findings };
    }
    if (identity !== undefined) this.#seen.add(identity);
    return { pointer, json, release, findings };
  }

  #record(json: ExactObject, pointer: string): OcdsRecord {
    const file = this.#file;
    const view = new JsonView(json, pointer);
    const findings = [...this.#validate('record', json, { file, pointer })];
    const entries = this.#objectsOf(json.releases ?? [], view.at('releases'), findings);
    const embedded = entries.filter(([, entry]) => Object.hasOwn(entry, 'ocid'));
    const linked = entries.filter(([, entry]) => !Object.hasOwn(entry, 'ocid'));
    for (const [at, entry] of linked) {
      findings.push(...this.#validate('linkedRelease', entry, { file, pointer: at }));
    }
    const compiled = view.object('compiledRelease');
    const links = linked.map(([, entry]) => entry);
    const isEmpty = embedded.length === 0 && compiled === undefined;
    // A compiled release without whole ones is brought, and holds what stands behind the links.
    const isTold = embedded.length === 0 && compiled !== undefined;
    const place = { file, pointer: view.at('releases') };
    const unread = isTold ? undefined : findUnread(links, { place, isEmpty });
    if (unread !== undefined) findings.push(unread);
    return {
      pointer,
      json,
      process: view.text('ocid'),
      releases: embedded.map(([at, entry]) => this.#release(entry, at)),
      linked: links,
      compiled: compiled === undefined ? undefined : this.#release(compiled.json, compiled.pointer),
      findings,
      missing: isEmpty ? unread : undefined,
    };
  }
}

/** What of a record does not stand in its file; undefined if all of it does. */
function findUnread(
  links: readonly ExactObject[],
  {
    place,
    isEmpty,
  }: { readonly place: Pick<Finding, 'file' | 'pointer'>; readonly isEmpty: boolean },
): Finding | undefined {
  if (links.length === 0) {
    const expected = 'releases or a compiled release';
    return isEmpty ? { ...place, code: 'FORMATS_FIELD_MISSING', expected, found: '' } : undefined;
  }
  const [first = ''] = links.flatMap(({ url }) => (typeof url === 'string' ? [url] : []));
  const count = links.length === 1 ? '1 link' : `${links.length} links`;
  const found = `${count}: ${first}`.slice(0, FOUND_SHOWN_MAX);
  const expected = isEmpty ? 'whole releases or a compiled release' : 'whole releases';
  return { ...place, code: 'FORMATS_RELEASES_LINKED', expected, found };
}
