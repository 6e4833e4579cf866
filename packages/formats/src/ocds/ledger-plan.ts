/**
 * From releases of OCDS files to calls of the procurement contract: the JSON of each release as it
 * was, in parts that fit into transactions, and its rows. Older releases of a process come first,
 * whatever the order of the files; a release that stands in several files is brought once.
 */
import type { Call } from '@daybook/core';
import { encodeUtf8, equalBytes, sha256, toHex } from '@daybook/core';
import type { Finding, LineFault } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import { writeExactJson } from '../exact-json.ts';
import type { ProcurementRelease } from '../records.ts';
import { cleanText } from '../text.ts';
import { idOf, partyOf, rowsOfRelease, withoutItems } from './ledger-rows.ts';
import type { OcdsPackage, OcdsRelease } from './package.ts';

/** Bytes of JSON in one call; the contract takes 48 KiB, and a transaction 64 KiB. */
const PART_BYTES = 48 * 1024;
const PARTS_MAX = 15;
/** Rows and the first part share a transaction with its signatures and names. */
const FIRST_BYTES_MAX = 56 * 1024;
const RELEASE_ID_MAX = 160;
const TAG_MAX = 40;
const TAGS_MAX = 32;
const INITIATION_MAX = 40;
const SOURCE_MAX = 200;

/** A file of releases with its name. */
export interface OcdsSource {
  readonly file: string;
  readonly package: OcdsPackage;
}

/** A place in a file of JSON. */
export interface JsonPlace {
  readonly file: string;
  /** RFC 6901. */
  readonly pointer: string;
}

/** One release: calls to be made in this order, each a transaction of its own. */
export interface PlannedRelease extends JsonPlace {
  readonly ocid: string;
  readonly release: string;
  /** Milliseconds since 1970. */
  readonly dateMs: number;
  /** SHA-256 of the JSON. */
  readonly hash: Uint8Array;
  readonly calls: readonly Call[];
}

/** A release that cannot be brought to the ledger, or that contradicts another. */
export interface FaultyRelease extends JsonPlace {
  readonly fault: LineFault;
}

export interface OcdsPlan {
  /** From the oldest to the newest; equal dates in the order of the files. */
  readonly releases: readonly PlannedRelease[];
  readonly refused: readonly FaultyRelease[];
  /**
   * Releases under an id that another release of the process has, too, though it says something
   * else: they are brought under their id with the beginning of their hash.
   */
  readonly differing: readonly FaultyRelease[];
  /** Releases of these files that the ledger holds as they are. */
  readonly present: number;
  /** Releases that stand in the files again, the same. */
  readonly repeated: number;
}

export interface OcdsPlanOptions {
  /** Slug of the organisation of the ledger that brings the releases. */
  readonly publisher: string;
  /** Hash of a release that the ledger holds whole; left out, it holds none. */
  readonly hashOf?: (ocid: string, release: string) => Uint8Array | undefined;
}

/** Plans every release of the files that can be identified. */
export function planReleases(
  sources: readonly OcdsSource[],
  { publisher, hashOf }: OcdsPlanOptions,
): OcdsPlan {
  const planned = new Map<string, PlannedRelease>();
  const refused: FaultyRelease[] = [];
  const differing: FaultyRelease[] = [];
  let present = 0;
  let repeated = 0;
  const known = (ocid: string, release: string): Uint8Array | undefined =>
    hashOf?.(ocid, release) ?? planned.get(`${ocid} ${release}`)?.hash;
  for (const { file, entry } of releasesOf(sources)) {
    const place = { file, pointer: entry.pointer };
    const read = planRelease(entry, place, publisher);
    if ('code' in read) {
      refused.push({ ...place, fault: read });
      continue;
    }
    const { ocid, hash } = read;
    const first = known(ocid, read.release);
    const isOther = first !== undefined && !equalBytes(first, hash);
    const own = isOther ? renamed(read) : read;
    if (known(ocid, own.release) === undefined) {
      planned.set(`${ocid} ${own.release}`, own);
      if (isOther) differing.push({ ...place, fault: twice(read.release) });
    } else if (planned.has(`${ocid} ${own.release}`)) {
      repeated += 1;
    } else {
      present += 1;
    }
  }
  refused.push(...emptyRecords(sources));
  const releases = [...planned.values()].sort((a, b) => a.dateMs - b.dateMs);
  return { releases, refused, differing, present, repeated };
}

const HASH_SHOWN = 8;

/** The release under a name of its own. */
function renamed(planned: PlannedRelease): PlannedRelease {
  const release = renamedId(planned.release, planned.hash);
  const calls = planned.calls.map(({ args, ...call }) => ({ ...call, args: { ...args, release } }));
  return { ...planned, release, calls };
}

function renamedId(id: string, hash: Uint8Array): string {
  const mark = `~${toHex(hash).slice(0, HASH_SHOWN)}`;
  return `${idOf(id, RELEASE_ID_MAX - mark.length)}${mark}`;
}

/**
 * Under which the ledger may keep a release: of its process, by its id, or by a name of its own.
 * @param hash  SHA-256 of its JSON
 */
export function namesOf(
  { process, id }: Pick<ProcurementRelease, 'process' | 'id'>,
  hash: Uint8Array,
): { readonly ocid: string; readonly releases: readonly string[] } {
  const release = idOf(id, RELEASE_ID_MAX);
  return { ocid: idOf(process), releases: [release, renamedId(release, hash)] };
}

/** Every release of the files; of a record without whole releases, what they add up to. */
function* releasesOf(
  sources: Iterable<OcdsSource>,
): Generator<{ readonly file: string; readonly entry: OcdsRelease }> {
  for (const { file, package: read } of sources) {
    for (const entry of read.releases) yield { file, entry };
    for (const { releases, compiled } of read.records) {
      for (const entry of releases) yield { file, entry };
      if (releases.length === 0 && compiled !== undefined) yield { file, entry: compiled };
    }
  }
}

/** Records that would otherwise vanish without a word: nothing of them can be brought. */
function emptyRecords(sources: readonly OcdsSource[]): readonly FaultyRelease[] {
  return sources.flatMap(({ file, package: { records } }) =>
    records.flatMap(({ pointer, missing }) =>
      missing === undefined ? [] : [{ file, pointer, fault: faultIn(pointer, missing) }],
    ),
  );
}

function planRelease(
  { release, json, findings }: OcdsRelease,
  place: JsonPlace,
  publisher: string,
): PlannedRelease | LineFault {
  if (release === undefined) return unread(findings, place.pointer);
  const dateMs = millisecondsOf(release.date);
  if (dateMs === undefined) {
    const found = release.date.slice(0, FOUND_SHOWN_MAX);
    const expected = 'a date-time of RFC 3339 since 1970';
    return { field: '/date', code: 'FORMATS_DATE_UNREADABLE', expected, found };
  }
  const bytes = encodeUtf8(writeExactJson(json));
  const ocid = idOf(release.process);
  const id = idOf(release.id, RELEASE_ID_MAX);
  const hash = sha256(bytes);
  const rows = fittingRows(release);
  const first = Math.min(PART_BYTES, FIRST_BYTES_MAX - sizeOf(rows));
  const parts = partsOf(bytes, first);
  if (parts.length > PARTS_MAX) return tooLarge(bytes.length);
  const [json0 = bytes, ...others] = parts;
  const head = headOf(release, place.file);
  const args = { publisher, ocid, release: id, date: dateMs, hash, parts: parts.length, ...head };
  const calls = [
    callOf('publishRelease', { ...args, json: json0, ...rows }),
    ...others.map((part, index) =>
      callOf('continueRelease', { ocid, release: id, hash, part: index + 1, json: part }),
    ),
  ];
  return { ...place, ocid, release: id, dateMs, hash, calls };
}

function callOf(action: string, args: Call['args']): Call {
  return { contract: 'procurement', action, args };
}

function headOf(release: ProcurementRelease, file: string): Call['args'] {
  const { tags, initiation = '', language = '', buyer } = release;
  const named = tags
    .map((tag) => cleanText(tag).slice(0, TAG_MAX))
    .filter((tag) => tag !== '')
    .slice(0, TAGS_MAX);
  const tongue = /^[ -~]{2,35}$/.test(language) ? { language } : {};
  const party = partyOf(buyer);
  return {
    tag: named,
    initiationType: cleanText(initiation).slice(0, INITIATION_MAX) || 'unstated',
    source: cleanText(file).slice(0, SOURCE_MAX),
    ...tongue,
    ...(party && { buyer: party }),
  };
}

/** All rows; without items where they would not leave room for a part of the JSON. */
function fittingRows(release: ProcurementRelease): Call['args'] {
  const rows = rowsOfRelease(release);
  if (sizeOf(rows) <= FIRST_BYTES_MAX / 2) return rows;
  const smaller = withoutItems(rows);
  return sizeOf(smaller) <= FIRST_BYTES_MAX / 2 ? smaller : {};
}

/** Bytes that the rows take at most: JSON has quotes and signs that CBOR has not. */
function sizeOf(rows: Call['args']): number {
  const json = JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return encodeUtf8(json).length;
}

function partsOf(bytes: Uint8Array, first: number): readonly Uint8Array[] {
  const parts = [bytes.slice(0, first)];
  for (let from = first; from < bytes.length; from += PART_BYTES) {
    parts.push(bytes.slice(from, from + PART_BYTES));
  }
  return parts;
}

const DATE_TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?)?$/;

/** Publishers leave out the zone, or the time; both are then taken to be UTC, and midnight. */
function millisecondsOf(text: string): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] = DATE_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  const milliseconds = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(milliseconds) || milliseconds < 0 ? undefined : milliseconds;
}

function unread(findings: OcdsRelease['findings'], pointer: string): LineFault {
  const finding = findings.find(({ code }) => code === 'FORMATS_RECORD_TWICE') ?? findings[0];
  if (finding === undefined) {
    const expected = 'ocid, id and date';
    return { field: '', code: 'FORMATS_FIELD_MISSING', expected, found: '' };
  }
  return faultIn(pointer, finding);
}

/** The finding as a fault of what stands at a pointer, which its own begins with. */
function faultIn(pointer: string, { pointer: whole, code, expected, found }: Finding): LineFault {
  return { field: whole.slice(pointer.length), code, expected, found };
}

function twice(release: string): LineFault {
  const expected = 'the release as it was published before, or another id';
  const found = release.slice(0, FOUND_SHOWN_MAX);
  return { field: '/id', code: 'FORMATS_RECORD_TWICE', expected, found };
}

function tooLarge(size: number): LineFault {
  const expected = `at most ${PARTS_MAX} parts of ${PART_BYTES} bytes`;
  return { field: '', code: 'FORMATS_RECORD_TOO_LARGE', expected, found: `${size} bytes` };
}
