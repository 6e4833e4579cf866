/** Records as a publisher's CSV files again, by the mapping that read them: a mapping works both ways. */
import { encodeUtf8 } from '@daybook/core';
import { formatAmount } from './amount.ts';
import { writeCsvRows } from './csv.ts';
import type { CsvFields, CsvMapping } from './csv-mapping.ts';
import type { Money, RecordSource, SourceFile } from './records.ts';

/** Cells of one line; what is left out is empty. */
export type CsvCells<Field extends string> = Readonly<Partial<Record<Field, string | undefined>>>;

const BYTE_ORDER_MARK = '\ufeff';

/**
 * One file for each file that was read, under its name, lines in the order in which they come.
 * @param fields   of the format: a file has the columns that the mapping names, in this order
 * @param cellsOf  the line of a record
 */
export function writeCsvFiles<Field extends string, T extends { readonly source: RecordSource }>(
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
  const files = new Map<string, (readonly string[])[]>();
  for (const record of records) {
    const name = fileNameOf(record.source);
    const rows = files.get(name) ?? [named.map(({ header }) => header)];
    files.set(name, rows);
    const cells = cellsOf(record);
    rows.push(named.map(({ field }) => cells[field] ?? ''));
  }
  // Without the mark another encoding of the mapping would be tried first.
  const mark = encodings[0] === 'utf-8' ? '' : BYTE_ORDER_MARK;
  return [...files].map(([name, rows]) => ({
    name,
    bytes: encodeUtf8(mark + writeCsvRows(rows, separator)),
  }));
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
