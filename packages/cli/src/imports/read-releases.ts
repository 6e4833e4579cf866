/** OCDS files with everything that is wrong with them, each with its line where that is known. */
import type {
  FaultyRelease,
  Finding,
  JsonPlace,
  OcdsPackage,
  OcdsSource,
  SourceFile,
} from '@daybook/formats';
import { refusalOfFile } from './refused-file.ts';
import { readSourceFiles } from './source-files.ts';

/** A release that is not on the ledger after the import. */
export interface RefusedRelease extends JsonPlace {
  /** Of the release; '' for the whole of it. */
  readonly field: string;
  readonly reason: string;
  readonly expected: string;
  readonly found: string;
}

export interface ReleaseReading {
  readonly sources: readonly OcdsSource[];
  readonly findings: readonly Finding[];
  /** Files that could not be read at all; the others are. */
  readonly unreadable: readonly PlacedRelease[];
  /** Puts line and column to releases of these files. */
  readonly locate: (list: readonly RefusedRelease[]) => readonly PlacedRelease[];
}

/** A refused release with the place of what is wrong in the text of its file. */
export interface PlacedRelease extends RefusedRelease {
  readonly line?: number;
  readonly column?: number;
}

/** Every file that can be read; what is wrong with the others stands in `unreadable`. */
export async function readReleaseFiles(names: readonly string[]): Promise<ReleaseReading> {
  // Only imports read formats; loading them would slow the start of every other verb.
  const {
    createOcdsValidator,
    decodeText,
    explainFormats,
    locateFindings,
    locateJson,
    readOcdsFile,
  } = await import('@daybook/formats');
  const validate = createOcdsValidator();
  const files = await readSourceFiles(names);
  const sources: OcdsSource[] = [];
  const findings: Finding[] = [];
  const unreadable: PlacedRelease[] = [];
  for (const file of files) {
    const read = readOcdsFile(file, validate);
    if (!read.ok) {
      const words = explainFormats(read.reason);
      const isJson = read.reason.code !== 'FORMATS_JSON_INVALID';
      const expected = isJson ? 'a file of OCDS in JSON' : 'JSON';
      const refusal = refusalOfFile(file.name, read.reason, { expected, words });
      unreadable.push({ ...refusal, pointer: '' });
      continue;
    }
    sources.push({ file: file.name, package: read.value });
    findings.push(...locateFindings(file, findingsOf(read.value)));
  }
  const placesIn = ({ name, bytes }: SourceFile, list: readonly RefusedRelease[]) => {
    const pointers = list.filter((one) => one.file === name).map(wholePointer);
    const text = pointers.length === 0 ? '' : decodeText(bytes, ['utf-8'])?.text;
    return locateJson(text ?? '', pointers);
  };
  return {
    sources,
    findings,
    unreadable,
    locate: (list) => {
      const places = new Map(files.map((file) => [file.name, placesIn(file, list)] as const));
      return list.map((one) => ({ ...one, ...places.get(one.file)?.get(wholePointer(one)) }));
    },
  };
}

/** The refusal of a release before it is handed in. */
export function faultOf({ file, pointer, fault }: FaultyRelease): RefusedRelease {
  const { field, code, expected, found } = fault;
  return { file, pointer, field, reason: code, expected, found };
}

/** Where what is wrong stands in the file. */
export function wholePointer({ pointer, field }: RefusedRelease): string {
  return `${pointer}${field}`;
}

/** Of everything that is brought to the ledger, and of what stands around it. */
function findingsOf({ findings, releases, records }: OcdsPackage): readonly Finding[] {
  const inRecords = records.flatMap((record) => [
    record,
    ...record.releases,
    ...(record.releases.length === 0 && record.compiled !== undefined ? [record.compiled] : []),
  ]);
  return [...findings, ...[...releases, ...inRecords].flatMap((one) => one.findings)];
}
