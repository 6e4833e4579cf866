/** The tables of a data package: rows with their lines, columns by name, joins by foreign keys. */
import type { CsvRow } from '../csv.ts';
import { readCsvRows } from '../csv.ts';
import type { Finding } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import { checkSize } from '../file-size.ts';
import type { JsonView } from '../json-view.ts';
import type { SourceFile } from '../records.ts';
import type { Encoding } from '../text.ts';
import { decodeText, ENCODINGS } from '../text.ts';

/** A record of a table with the physical line it starts on. */
export interface ResourceRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** How numbers of a column are written. */
export interface NumberStyle {
  readonly decimalSign: string;
  readonly groupSign: string;
}

export interface Resource {
  readonly name: string;
  readonly file: string;
  readonly encoding: Encoding;
  readonly separator: string;
  readonly headers: readonly string[];
  readonly rows: readonly ResourceRow[];
  /** Whether lines were passed over that are no rows. */
  readonly isPartial: boolean;
  readonly styles: ReadonlyMap<string, NumberStyle>;
  readonly joins: readonly Join[];
}

interface Join {
  readonly column: string;
  readonly resource: string;
  readonly target: string;
}

/** Under which a file is named; of several the first. */
export function pathOf(view: JsonView): string {
  return view.text('path') ?? view.texts('path')[0] ?? '';
}

/** Reads the table of one resource; what cannot be read is a finding. */
export function readResource(
  view: JsonView,
  files: ReadonlyMap<string, SourceFile>,
  findings: Finding[],
  descriptor: string,
): Resource | undefined {
  const path = pathOf(view);
  const file = files.get(path);
  const found = path.slice(0, FOUND_SHOWN_MAX);
  if (file === undefined || checkSize(file) !== undefined) {
    const code = file === undefined ? 'FORMATS_REFERENCE_UNKNOWN' : 'FORMATS_RECORD_TOO_LARGE';
    const expected = 'a file that is there and not too large';
    findings.push({ file: descriptor, pointer: view.at('path'), code, expected, found });
    return undefined;
  }
  const wanted = (view.text('encoding') ?? 'utf-8').toLowerCase();
  const encoding = ENCODINGS.find((name) => name === wanted) ?? 'utf-8';
  const decoded = decodeText(file.bytes, [encoding]);
  if (decoded === undefined) {
    const code = 'FORMATS_SCHEMA_MISMATCH';
    findings.push({ file: path, pointer: '', code, expected: encoding, found: 'other bytes' });
    return undefined;
  }
  const separator = view.object('dialect')?.text('delimiter') ?? ',';
  const [header, ...rest] = readCsvRows(decoded.text, separator);
  const headers = header !== undefined && 'cells' in header ? header.cells : [];
  const rows = rest.flatMap((row) => checkRow(row, headers.length, path, findings));
  return {
    name: view.text('name') ?? '',
    file: path,
    encoding: decoded.encoding,
    separator,
    headers,
    rows,
    isPartial: rows.length < rest.length,
    ...readSchema(view),
  };
}

function checkRow(
  row: CsvRow,
  width: number,
  file: string,
  findings: Finding[],
): readonly ResourceRow[] {
  const { line } = row;
  if ('fault' in row) {
    const found = row.text.slice(0, FOUND_SHOWN_MAX);
    const expected = 'quotes in pairs around a cell';
    findings.push({ file, line, pointer: '', code: 'FORMATS_LINE_QUOTING', expected, found });
    return [];
  }
  if (row.cells.length !== width) {
    const found = `${row.cells.length} cells`;
    const expected = `${width} cells`;
    findings.push({ file, line, pointer: '', code: 'FORMATS_LINE_WIDTH', expected, found });
    return [];
  }
  return [row];
}

function readSchema(view: JsonView): Pick<Resource, 'styles' | 'joins'> {
  const schema = view.object('schema');
  const styles = (schema?.objects('fields') ?? []).map((field) => {
    const decimalSign = field.text('decimalChar') ?? '.';
    const groupSign = field.text('groupChar') ?? (decimalSign === ',' ? '.' : ',');
    return [field.text('name') ?? '', { decimalSign, groupSign }] as const;
  });
  const joins = (schema?.objects('foreignKeys') ?? []).flatMap((key) => {
    const reference = key.object('reference');
    const column = key.text('fields') ?? key.texts('fields')[0];
    const target = reference?.text('fields') ?? reference?.texts('fields')[0];
    const resource = reference?.text('resource');
    return column && target && resource ? [{ column, resource, target }] : [];
  });
  return { styles: new Map(styles), joins };
}

/** Looks up a column of a row, over foreign keys where it stands in another table. */
export type Lookup = (row: ResourceRow, resource: string, column: string) => string | undefined;

/** Makes the lookup of a table among the others; the first row of a key counts. */
export function createLookup(table: Resource, others: readonly Resource[]): Lookup {
  const indexes = new Map(
    table.joins.map((join) => {
      const target = others.find(({ name }) => name === join.resource);
      const at = target?.headers.indexOf(join.target) ?? -1;
      const entries = (target?.rows ?? []).map((row) => [row.cells[at] ?? '', row] as const);
      return [join.resource, { join, target, rows: new Map(entries.toReversed()) }] as const;
    }),
  );
  const own: Lookup = (row, resource, column) => {
    if (resource === table.name) {
      return row.cells[table.headers.indexOf(column)];
    }
    const index = indexes.get(resource);
    const key = index && own(row, table.name, index.join.column);
    const joined = key === undefined ? undefined : index?.rows.get(key);
    return joined?.cells[index?.target?.headers.indexOf(column) ?? -1];
  };
  return own;
}
