/**
 * Files of a publisher on the ledger as they came, beside the lines that were read from them, so
 * that what no record holds comes out again, too. Files that are read together are one sequence of
 * bytes (canonical CBOR), named by its hash and cut into parts that fit into transactions.
 */
import type { Call, CborValue, Result } from '@daybook/core';
import {
  assert,
  concatBytes,
  decodeCanonical,
  decodeUtf8,
  encodeCanonical,
  encodeUtf8,
  equalBytes,
  fail,
  ok,
  sha256,
} from '@daybook/core';
import type { FormatsFailure, LineFault } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import { isExactObject, readExactJson, writeExactJson } from '../exact-json.ts';
import { pathOf } from '../fiscal/resource.ts';
import { JsonView } from '../json-view.ts';
import { fillFrame, frameOf } from '../ocds/frame.ts';
import type { OcdsSource } from '../ocds/ledger-plan.ts';
import type { SourceFile } from '../records.ts';
import type { BooksMapping } from './books.ts';
import { decodeBooksMapping } from './books.ts';
import type { KeptSeries, MergedFiles } from './merged-file.ts';
import { mergeFiscal } from './merged-fiscal.ts';
import { mergeIati } from './merged-iati.ts';
import type { PlannedSigner } from './plan.ts';

/** Largest files that are kept, in bytes; those that are read together count as one. */
export const KEPT_FILES_BYTES_MAX = 16 * 1024 * 1024;
/** As `treasury.keepFiles` takes it. */
const PART_BYTES = 48 * 1024;
/** A list of files, each a list of name and content, behind the format. */
const DEPTH_MAX = 4;
const NAME_CHARACTERS_MAX = 200;
/** A step of a path; publishers put times with colons into names, and what else a disk takes. */
const SAFE_STEP = /^(?!\.{1,2}$)[^\p{C}/\\]+$/u;

/** Files that are read together. */
export interface FileBundle {
  /** Of `ocds` files the frames, in which hashes stand for releases. */
  readonly format: BooksMapping['format'] | 'ocds';
  readonly files: readonly SourceFile[];
}

/** One part with the call that keeps it. */
export interface PlannedPart {
  readonly key: {
    readonly publisher: string;
    readonly dataset: string;
    readonly holder: string;
    /** SHA-256 of all parts together. */
    readonly files: Uint8Array;
    /** From 0. */
    readonly part: number;
  };
  readonly call: Call;
  readonly signer: PlannedSigner;
}

/**
 * Plans what keeps the files of an import. CSV files need nothing: every cell of theirs stands in
 * the details of its line.
 * @returns parts, or why the files or their mapping cannot be kept
 */
export function planKeptFiles(
  format: string,
  files: readonly SourceFile[],
  { mapping, holder }: { readonly mapping: unknown; readonly holder?: string },
): Result<readonly PlannedPart[], FormatsFailure> {
  if (format !== 'iati' && format !== 'fiscal') return ok([]);
  const own = format === 'iati' ? 'iati' : 'fiscal-package';
  const decoded = decodeBooksMapping(mapping, own);
  if (!decoded.ok) return decoded;
  const { publisher, dataset } = decoded.value;
  const bundles = own === 'iati' ? files.map((file) => [file]) : [packageFiles(files)];
  const keeper = { publisher, dataset, holder: holder ?? publisher };
  return planBundles(
    bundles.map((bundle) => ({ format: own, files: bundle })),
    keeper,
  );
}

/**
 * Plans what keeps the frames of OCDS files: all that stands in them beside their releases.
 * @param publisher  organisation of the ledger that brings the releases
 */
export function planOcdsFrames(
  sources: readonly OcdsSource[],
  publisher: string,
): Result<readonly PlannedPart[], FormatsFailure> {
  const bundles = sources.map(({ file, package: read }) => ({
    format: 'ocds' as const,
    files: [{ name: file, bytes: encodeUtf8(writeExactJson(frameOf(read))) }],
  }));
  return planBundles(bundles, { publisher, dataset: 'ocds', holder: publisher });
}

type Keeper = Pick<PlannedPart['key'], 'publisher' | 'dataset' | 'holder'>;

function planBundles(
  bundles: readonly FileBundle[],
  keeper: Keeper,
): Result<readonly PlannedPart[], FormatsFailure> {
  const parts: PlannedPart[] = [];
  for (const bundle of bundles) {
    const failure = findUnkept(bundle.files);
    if (failure !== undefined) return fail(failure);
    parts.push(...partsOf(bundle, keeper));
  }
  return ok(parts);
}

/** The descriptor and the tables that it names; others were not read either. */
function packageFiles(files: readonly SourceFile[]): readonly SourceFile[] {
  const descriptor = files.find(({ name }) => name.endsWith('.json'));
  const read = descriptor && readExactJson(descriptor);
  const json = read?.ok ? read.value.json : undefined;
  const view = isExactObject(json) ? new JsonView(json, '') : undefined;
  const paths = new Set(view?.objects('resources').map(pathOf));
  return files.filter((file) => file === descriptor || paths.has(file.name));
}

function findUnkept(files: readonly SourceFile[]): FormatsFailure | undefined {
  const size = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const largest = files.toSorted((a, b) => b.bytes.length - a.bytes.length)[0]?.name ?? '';
  if (size > KEPT_FILES_BYTES_MAX) {
    const sizeMax = KEPT_FILES_BYTES_MAX;
    return { code: 'FORMATS_FILE_TOO_LARGE', file: largest, size, sizeMax };
  }
  const odd = files.find(({ name }) => !isSafe(name));
  const expected = 'under a name that stays inside a folder';
  return odd && { code: 'FORMATS_PACKAGE_UNKNOWN', file: odd.name, expected };
}

function isSafe(name: string): boolean {
  const steps = name.split('/');
  return name.length <= NAME_CHARACTERS_MAX && steps.every((step) => SAFE_STEP.test(step));
}

function partsOf(bundle: FileBundle, keeper: Keeper): readonly PlannedPart[] {
  const bytes = encodeBundle(bundle);
  const [contract, role] =
    bundle.format === 'ocds' ? ['procurement', 'publisher'] : ['treasury', 'budgeter'];
  const hash = sha256(bytes);
  const parts = Math.ceil(bytes.length / PART_BYTES);
  return Array.from({ length: parts }, (_, part) => {
    const key = { ...keeper, files: hash, part };
    const own = bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
    return {
      key,
      call: { contract, action: 'keepFiles', args: { ...key, parts, bytes: own } },
      signer: { organisation: keeper.holder, role: `${contract}.${role}` },
    };
  });
}

/** The same files in any order are the same bytes. */
function encodeBundle({ format, files }: FileBundle): Uint8Array {
  const entries = files
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, bytes }) => [encodeUtf8(name), bytes]);
  return encodeCanonical([format, entries]);
}

/**
 * Reads what `planKeptFiles` planned, from the ledger, like a stranger's file.
 * @param parts  in their order
 * @param hash   under which the ledger has them
 */
export function readKeptFiles(
  parts: readonly Uint8Array[],
  hash: Uint8Array,
): Result<FileBundle, LineFault> {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  if (size > KEPT_FILES_BYTES_MAX + PART_BYTES) return unreadable('files of at most 16 MiB');
  const bytes = concatBytes(...parts);
  if (!equalBytes(sha256(bytes), hash)) return unreadable('all parts of the files');
  const decoded = decodeCanonical(bytes, { bytesMax: bytes.length, depthMax: DEPTH_MAX });
  const [format, entries] = listOf(decoded.ok ? decoded.value : null);
  const isKnown = format === 'iati' || format === 'fiscal-package' || format === 'ocds';
  if (!isKnown) return unreadable('files of a format');
  const read = listOf(entries).map(readEntry);
  const files = read.filter((file) => file !== undefined);
  const isWhole =
    files.length === read.length && (format === 'fiscal-package' || files.length === 1);
  return isWhole ? ok({ format, files }) : unreadable('files with their names');
}

function listOf(value: CborValue | undefined): readonly CborValue[] {
  return Array.isArray(value) ? value : [];
}

function readEntry(entry: CborValue): SourceFile | undefined {
  const [bytes, content] = listOf(entry);
  if (!(bytes instanceof Uint8Array) || !(content instanceof Uint8Array)) return undefined;
  const name = decodeUtf8(bytes);
  return name.ok && isSafe(name.value) ? { name: name.value, bytes: content } : undefined;
}

function unreadable(expected: string): Result<never, LineFault> {
  const code = 'FORMATS_DETAILS_INVALID';
  return fail({ field: '', code, expected, found: 'other bytes' });
}

/** The files with the ledger's word in them, in the format in which they came. */
export function mergeKeptFiles({ format, files }: FileBundle, series: KeptSeries): MergedFiles {
  if (format === 'fiscal-package') return mergeFiscal(files, series);
  const [file] = files;
  assert(files.length === 1 && file !== undefined, 'other files are read by themselves');
  return format === 'iati' ? mergeIati(file, series) : { files: [], findings: [] };
}

/**
 * The OCDS file of a frame, with the releases in their places.
 * @param releaseOf  JSON of an imported release by its SHA-256 in hex; what is not on the ledger
 *   does not come out
 */
export function mergeOcdsFrame(
  { format, files }: FileBundle,
  releaseOf: (hash: string) => ExactObject | undefined,
): readonly SourceFile[] {
  if (format !== 'ocds') return [];
  return files.flatMap(({ name, bytes }) => {
    const frame = readExactJson({ name, bytes });
    const filled = frame.ok ? fillFrame(frame.value.json, releaseOf) : undefined;
    return filled === undefined ? [] : [{ name, bytes: encodeUtf8(writeExactJson(filled)) }];
  });
}
