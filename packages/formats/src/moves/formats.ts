/** The formats of money by their names: each reads files by a mapping into lines of moves. */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Finding, FormatsFailure } from '../errors.ts';
import { createFiscalValidator } from '../fiscal/descriptor.ts';
import { readFiscalPackage } from '../fiscal/package.ts';
import { readFundsFile } from '../funds-csv.ts';
import { decodeFundsMapping } from '../funds-mapping.ts';
import { readIatiFile } from '../iati/file.ts';
import { locateFindings } from '../json-places.ts';
import type { SourceFile } from '../records.ts';
import { readSpendFile } from '../spend-csv.ts';
import { decodeSpendMapping } from '../spend-mapping.ts';
import type { BooksMapping } from './books.ts';
import { decodeBooksMapping } from './books.ts';
import { fiscalMoves } from './fiscal.ts';
import { fundsMoves } from './funds.ts';
import { iatiMoves } from './iati.ts';
import type { MoneyLine } from './move.ts';
import { spendMoves } from './spend.ts';

/** Reads the files of a source; fails where a whole file, or the mapping, cannot be read. */
export type MoneyReader = (
  files: readonly SourceFile[],
  mapping: unknown,
  options?: { readonly holder?: string },
) => Result<readonly MoneyLine[], FormatsFailure>;

export const MONEY_FORMATS = {
  spend: reader(decodeSpendMapping, (file, mapping, holder) => {
    const lines = readSpendFile(file, mapping);
    return lines.ok ? ok(spendMoves(lines.value, mapping, holder)) : lines;
  }),
  funds: reader(decodeFundsMapping, (file, mapping, holder) => {
    const lines = readFundsFile(file, mapping);
    return lines.ok ? ok(fundsMoves(lines.value, mapping, holder)) : lines;
  }),
  iati: reader(
    (json) => decodeBooksMapping(json, 'iati'),
    (file, mapping, holder) => {
      const read = readIatiFile(file);
      if (!read.ok) return read;
      const { activities, passedOver } = read.value;
      const lines = iatiMoves(file.name, activities, { mapping, ...(holder && { holder }) });
      return ok([...lines, ...passedOver.map((finding) => refusedBy(finding, mapping))]);
    },
  ),
  fiscal: readFiscal,
} as const satisfies Readonly<Record<string, MoneyReader>>;

/** A whole activity that was not read, as one line. */
function refusedBy(
  { file, line = 1, column = 1, pointer, code, expected, found }: Finding,
  { currency }: BooksMapping,
): MoneyLine {
  const faults = [{ field: pointer, code, expected, found }];
  return { file, line, column, ok: false, faults, amount: undefined, currency };
}

type FileReader<Mapping> = (
  file: SourceFile,
  mapping: Mapping,
  holder: string | undefined,
) => Result<readonly MoneyLine[], FormatsFailure>;

/** Files in the order of their names, so that a report is the same whatever the shell made of `*`. */
function reader<Mapping>(
  decode: (json: unknown) => Result<Mapping, FormatsFailure>,
  readFile: FileReader<Mapping>,
): MoneyReader {
  return (files, json, { holder } = {}) => {
    const mapping = decode(json);
    if (!mapping.ok) return mapping;
    const lines: MoneyLine[] = [];
    for (const file of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const read = readFile(file, mapping.value, holder);
      if (!read.ok) return read;
      for (const line of read.value) lines.push(line);
    }
    return ok(lines);
  };
}

/** A package is one descriptor, `*.json`, and the tables that it names by their paths. */
function readFiscal(
  files: readonly SourceFile[],
  json: unknown,
  { holder }: { readonly holder?: string } = {},
): Result<readonly MoneyLine[], FormatsFailure> {
  const mapping = decodeBooksMapping(json, 'fiscal-package');
  if (!mapping.ok) return mapping;
  const descriptors = files.filter(({ name }) => name.endsWith('.json'));
  const [descriptor] = descriptors;
  if (descriptor === undefined || descriptors.length > 1) {
    const file = descriptors[1]?.name ?? files[0]?.name ?? '';
    return fail({ code: 'FORMATS_PACKAGE_UNKNOWN', file, expected: 'the one descriptor, *.json' });
  }
  const tables = files.filter((file) => file !== descriptor);
  const read = readFiscalPackage(descriptor, tables, createFiscalValidator());
  if (!read.ok) return read;
  const findings = locateFindings(descriptor, read.value.findings);
  const options = { mapping: mapping.value, ...(holder && { holder }) };
  return ok(fiscalMoves(descriptor.name, { ...read.value, findings }, options));
}
