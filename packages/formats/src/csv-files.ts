/** Records as a publisher's CSV files again, by the mapping that read them: a mapping works both ways. */
import { encodeUtf8 } from '@daybook/core';
import { formatAmount } from './amount.ts';
import { writeCsvRows } from './csv.ts';
import type { CsvFields, CsvMapping } from './csv-mapping.ts';
import { OCCURRENCE_HEADER } from './csv-table.ts';
import { countOccurrences } from './names.ts';
import type { Money, OtherCell, RecordSource, SourceFile } from './records.ts';

/** Cells of one line; what is left out is empty. */
export type CsvCells<Field extends string> = Readonly<Partial<Record<Field, string | undefined>>>;

interface Written {
  readonly source: RecordSource;
  readonly more?: readonly OtherCell[];
}

const BYTE_ORDER_MARK = '\ufeff';

/**
 * One file for each file that was read, under its name, lines in the order in which they come.
 * @param fields   of the format: a file has the columns that the mapping names, in this order
 * @param cellsOf  the line of a record
 */
export function writeCsvFiles<Field extends string, T extends Written>(
  records: Iterable<T>,
  mapping: CsvMapping<Field>,
  {
    fields,
    cellsOf,
  }: { readonly fields: CsvFields<Field>; cellsOf: (record: T) => CsvCells<Field> },
): readonly SourceFile[] {
  const { columns, separator, encodings } = mapping;
  const named = [...fields.required, ...fields.optional].flatMap((field) => {
    const header = columns[field]?.[0];
    return header === undefined ? [] : [{ field, header }];
  });
  const files = Map.groupBy(records, ({ source }) => fileNameOf(source));
  const rowsOf = (lines: readonly T[]): readonly (readonly string[])[] => {
    const rows = lines.map((line) => {
      const cells = cellsOf(line);
      return named.map(({ field }) => cells[field] ?? '');
    });
    const added = [...otherColumns(lines), ...occurrenceColumn(lines)];
    const headers = [...named.map(({ header }) => header), ...added.map(({ header }) => header)];
    return [
      headers,
      ...rows.map((row, at) => [...row, ...added.map(({ cells }) => cells[at] ?? '')]),
    ];
  };
  // Without the mark another encoding of the mapping would be tried first.
  const mark = encodings[0] === 'utf-8' ? '' : BYTE_ORDER_MARK;
  return [...files].map(([name, lines]) => ({
    name,
    bytes: encodeUtf8(mark + writeCsvRows(rowsOf(lines), separator)),
  }));
}

interface Column {
  readonly header: string;
  /** One for each line. */
  readonly cells: readonly string[];
}

/** Columns that no field holds; a header that stands in a line twice makes two. */
function otherColumns(lines: readonly Written[]): readonly Column[] {
  const columns = new Map<string, { readonly header: string; readonly cells: string[] }>();
  for (const [at, { more = [] }] of lines.entries()) {
    const timesOf = countOccurrences();
    for (const [header, text] of more) {
      const id = `${timesOf(header)} ${header}`;
      const column = columns.get(id) ?? { header, cells: lines.map(() => '') };
      columns.set(id, column);
      column.cells[at] = text;
    }
  }
  return [...columns.values()];
}

/** Needed where lines with the same number were refused: counting what is left would give others. */
function occurrenceColumn(lines: readonly Written[]): readonly Column[] {
  const occurrenceOf = countOccurrences();
  const isCounted = lines
    .map(({ source: { number, occurrence } }) => occurrenceOf(number) === occurrence)
    .every(Boolean);
  if (isCounted) return [];
  const cells = lines.map(({ source: { occurrence } }) => String(occurrence));
  return [{ header: OCCURRENCE_HEADER, cells }];
}

/** The file of a source: the dataset is `<series>/<file name without ending>`. */
function fileNameOf({ dataset }: RecordSource): string {
  return `${dataset.slice(dataset.indexOf('/') + 1)}.csv`;
}

/** An amount as the publisher writes it. */
export function amountCell(
  { minor, currency }: Money,
  { decimalSign }: Pick<CsvMapping<string>, 'decimalSign'>,
): string {
  return formatAmount(minor, currency).replace('.', decimalSign);
}
