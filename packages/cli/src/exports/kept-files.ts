/** Files that were imported, as the ledger keeps them, with the lines that may come out of them. */
import { toHex } from '@daybook/core';
import type { FileBundle, KeptFinding, KeptLine, KeptSeries, RecordSource } from '@daybook/formats';
import type { Books } from './money.ts';

/** Files that are read together, with what the ledger has of their series. */
export interface ListedFiles {
  readonly bundle: FileBundle;
  readonly series: KeptSeries;
  /** Under which the ledger has them. */
  readonly hash: string;
}

/** A part has up to 48 KiB. */
const PAGE_SIZE = 20;

/** Files whose parts are there, one after the other; what cannot be read becomes a finding. */
export async function* readFiles(
  books: Books,
  { publisher, lines }: { readonly publisher: string; readonly lines: readonly KeptLine[] },
  findings: KeptFinding[],
): AsyncGenerator<ListedFiles> {
  const { readKeptFiles } = await import('@daybook/formats');
  const known = new Map(lines.map((line) => [sourceId(line.source), line]));
  for await (const { parts, bytes, ...key } of collectParts(books, publisher)) {
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
    const lineOf = (source: RecordSource): KeptLine | undefined => {
      const line = known.get(sourceId(source));
      // Nobody else's word counts for the lines of a fund.
      return line?.holder === holder ? line : undefined;
    };
    yield { bundle: read.value, series: { publisher, dataset, lineOf }, hash };
  }
}

type PartRow = NonNullable<Awaited<ReturnType<Books['filePart']['get']>>>['row'];
type Parts = Pick<PartRow, 'dataset' | 'holder' | 'files' | 'parts'> & {
  /** In their order. */
  readonly bytes: readonly Uint8Array[];
};

/** Parts stand in the order of their keys: those of one hash one after the other. */
async function* collectParts(books: Books, publisher: string): AsyncGenerator<Parts> {
  let open:
    | { readonly id: string; readonly row: PartRow; readonly bytes: Uint8Array[] }
    | undefined;
  for await (const { row } of books.filePart.list({ publisher }, { pageSize: PAGE_SIZE })) {
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
