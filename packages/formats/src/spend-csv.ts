/**
 * Spending files (HM Treasury columns and their kin) to payment lines. Bytes in, lines out: every
 * line of every file comes out once, either as a payment or with all its faults, so that the sums
 * of a file are the sums of what was imported and what was refused.
 */
import type { Result } from '@daybook/core';
import { ok } from '@daybook/core';
import { compileDatePattern } from './civil-date.ts';
import type { TableLine } from './csv-table.ts';
import { openCsvTable } from './csv-table.ts';
import type { FormatsFailure } from './errors.ts';
import { countOccurrences, datasetOf } from './names.ts';
import type { SourceFile, SourcePlace } from './records.ts';
import type { LineLayout, LineReading } from './spend-line.ts';
import { readLine } from './spend-line.ts';
import type { SpendBody, SpendField, SpendMapping } from './spend-mapping.ts';
import { SPEND_FIELDS } from './spend-mapping.ts';

/** What became of one line. */
export type SpendLine = SourcePlace & LineReading;

/**
 * All lines of one file in order.
 * @returns the lines, or why no line of this file can be read
 */
export function readSpendFile(
  file: SourceFile,
  mapping: SpendMapping,
): Result<readonly SpendLine[], FormatsFailure> {
  const table = openCsvTable<SpendField>(file, mapping, SPEND_FIELDS);
  if (!table.ok) {
    return table;
  }
  const { headers, columns, lines } = table.value;
  const layout = { ...layOut(file.name, mapping), headers, columns };
  return ok([...readLines(file.name, lines, layout)]);
}

function layOut(file: string, mapping: SpendMapping): Omit<LineLayout, 'headers' | 'columns'> {
  const names = mapping.bodies.flatMap((body) =>
    body.names.map((name): [string, SpendBody] => [name.toLowerCase(), body]),
  );
  return {
    mapping,
    dataset: datasetOf(mapping, file),
    dates: mapping.dates.flatMap((pattern) => compileDatePattern(pattern) ?? []),
    bodies: new Map(names),
  };
}

function* readLines(
  file: string,
  lines: Iterable<TableLine<SpendField>>,
  layout: LineLayout,
): Generator<SpendLine> {
  const occurrenceOf = countOccurrences();
  for (const entry of lines) {
    const { line } = entry;
    if ('fault' in entry) {
      const { currency } = layout.mapping;
      yield { file, line, ok: false, faults: [entry.fault], amount: undefined, currency };
    } else {
      const occurrence = occurrenceOf(entry.cell('number'), entry.occurrence);
      yield { file, line, ...readLine(entry, occurrence, layout) };
    }
  }
}
