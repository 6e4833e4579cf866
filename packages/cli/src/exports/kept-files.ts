/** Files that were imported, as the ledger keeps them, with the lines that may come out of them. */
import { toHex } from '@daybook/core';
import type { FileBundle, KeptFinding, KeptLine, KeptSeries, RecordSource } from '@daybook/formats';
import type { Books } from './money.ts';

/** Files that are read together. */
export interface ListedFiles {
  readonly bundle: FileBundle;
  readonly dataset: string;
  /** Organisation that keeps them. */
  readonly holder: string;
  /** Under which the ledger has them. */
  readonly hash: string;
}

/** Of any contract that keeps files. */
type FilePart = Pick<Books['filePart'], 'list'>;

/** A part has up to 48 KiB. */
const PAGE_SIZE = 20;

/** What the ledger has of the lines of kept files. */
export function seriesOf(
  lines: readonly KeptLine[],
  publisher: string,
): (files: ListedFiles) => KeptSeries {
  const known = new Map(lines.map((line) => [sourceId(line.source), line]));
  return ({ dataset, holder }) => ({
    publisher,
    dataset,
    lineOf: (source) => {
      const line = known.get(sourceId(source));
      // Nobody else's word counts for the lines of a fund.
      return line?.holder === holder ? line : undefined;
    },
  });
}

/** Files whose parts are there, one after the other; what cannot be read becomes a finding. */
export async function* readFiles(
  filePart: FilePart,
  publisher: string,
  findings: KeptFinding[],
): AsyncGenerator<ListedFiles> {
  const { readKeptFiles } = await import('@daybook/formats');
  for await (const { parts, bytes, ...key } of collectParts(filePart, publisher)) {
    const { dataset, holder, files } = key;
    const hash = toHex(files);
    const read = readKeptFiles(bytes, files);
    if (!read.ok || bytes.length !== parts) {
      const fault = read.ok
        ? ({ field: '', code: 'FORMATS_DETAILS_INVALID', expected: `${parts} parts` } as const)
        : read.reason;
      const source = { publisher, dataset, number: hash, occurrence: 1 };
      findings.push({ found: `${bytes.length} parts`, ...fault, source });
      continue;
    }
    yield { bundle: read.value, dataset, holder, hash };
  }
}

type PartRow = NonNullable<Awaited<ReturnType<Books['filePart']['get']>>>['row'];
type Parts = Pick<PartRow, 'dataset' | 'holder' | 'files' | 'parts'> & {
  /** In their order. */
  readonly bytes: readonly Uint8Array[];
};

/** Parts stand in the order of their keys: those of one hash one after the other. */
async function* collectParts(filePart: FilePart, publisher: string): AsyncGenerator<Parts> {
  let open:
    | { readonly id: string; readonly row: PartRow; readonly bytes: Uint8Array[] }
    | undefined;
  for await (const { row } of filePart.list({ publisher }, { pageSize: PAGE_SIZE })) {
    const id = `${row.dataset} ${row.holder} ${toHex(row.files)}`;
    if (open?.id !== id) {
      if (open !== undefined) yield { ...open.row, bytes: open.bytes };
      open = { id, row, bytes: [] };
    }
    open.bytes.push(row.bytes);
  }
  if (open !== undefined) yield { ...open.row, bytes: open.bytes };
}

function sourceId({ publisher, dataset, number, occurrence }: RecordSource): string {
  return JSON.stringify([publisher, dataset, number, occurrence]);
}
