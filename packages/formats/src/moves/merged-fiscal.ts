/**
 * A kept Fiscal Data Package as it comes out again: its descriptor and its tables as they were, but
 * for rows that are not on the ledger and for what the ledger says otherwise since. A table that has
 * to be changed is written anew, with the same cells.
 */
import { encodeUtf8 } from '@daybook/core';
import { formatAmount } from '../amount.ts';
import { writeCsvRows } from '../csv.ts';
import { OCCURRENCE_HEADER } from '../csv-table.ts';
import type { FiscalModel } from '../fiscal/model.ts';
import { attributeOf, startsIn } from '../fiscal/model.ts';
import type { FiscalFact, FiscalPackage } from '../fiscal/package.ts';
import { NUMBER_HEADER, readFiscalPackage } from '../fiscal/package.ts';
import type { Resource, ResourceRow } from '../fiscal/resource.ts';
import type { SourceFile } from '../records.ts';
import { encodeText } from '../text.ts';
import { fiscalSource } from './fiscal.ts';
import type { KeptFinding } from './kept.ts';
import type { Correction, LedgerWord } from './ledger-word.ts';
import { differs, wordOf } from './ledger-word.ts';
import type { KeptSeries, MergedFiles, MergePass } from './merged-file.ts';
import { settle } from './merged-file.ts';

/** What its schema finds was told at the import. */
const unvalidated = (): readonly [] => [];

/** Cells of a row that change, by the header of their column. */
type Cells = ReadonlyMap<string, string>;

/**
 * The package with the ledger's word in it.
 * @param files  the descriptor, `*.json`, and the tables by their paths
 */
export function mergeFiscal(files: readonly SourceFile[], series: KeptSeries): MergedFiles {
  return settle(files, series, (own) => mergeOnce(own, series));
}

function mergeOnce(files: readonly SourceFile[], series: KeptSeries): MergePass {
  const descriptor = files.find(({ name }) => name.endsWith('.json'));
  const nothing = { files: [], findings: [], isChanged: false };
  if (descriptor === undefined) return nothing;
  const tables = files.filter((file) => file !== descriptor);
  const read = readFiscalPackage(descriptor, tables, unvalidated);
  if (!read.ok) return nothing;
  const merge = new PackageMerge(read.value, series);
  const { facts } = read.value;
  const words = facts.map((fact) => merge.wordOn(fact));
  const { findings } = merge;
  if (words.every(({ kind }) => kind !== 'there')) return { ...nothing, findings };
  const written = [...new Set(facts.map(({ table }) => table))].map((table) => ({
    table,
    bytes: merge.write(table, tables),
  }));
  const changed = written.filter(({ bytes }) => bytes !== undefined);
  const bytesOf = new Map(changed.map(({ table, bytes }) => [table.file, bytes]));
  return {
    files: files.map((file) => ({ ...file, bytes: bytesOf.get(file.name) ?? file.bytes })),
    findings,
    isChanged: changed.length > 0,
  };
}

class PackageMerge {
  readonly #model: FiscalModel;
  readonly #series: KeptSeries;
  /** What becomes of the cells of rows that come out. */
  readonly #rows = new Map<ResourceRow, Map<string, string>>();
  readonly #facts: readonly FiscalFact[];
  /** Facts that do not come out. */
  readonly #absent = new Set<FiscalFact>();
  readonly findings: KeptFinding[] = [];

  constructor({ model, facts }: FiscalPackage, series: KeptSeries) {
    this.#model = model;
    this.#facts = facts;
    this.#series = series;
  }

  wordOn(fact: FiscalFact): LedgerWord {
    const { record, row } = fact;
    const source = fiscalSource(fact.source, this.#series);
    const told: LedgerWord =
      record === undefined ? { kind: 'absent' } : wordOf(record, this.#series.lineOf(source));
    const cells = told.kind === 'there' ? this.#cellsOf(fact, told.correction) : told;
    if ('kind' in cells) {
      if (cells.kind === 'differs') this.findings.push({ source, ...cells.fault });
      this.#absent.add(fact);
      return cells;
    }
    this.#rows.set(row, new Map([...(this.#rows.get(row) ?? []), ...cells]));
    return told;
  }

  /** New cells of a row, or what the ledger says and no cell of its table can. */
  #cellsOf(fact: FiscalFact, { money, date, purpose, title }: Correction): Cells | LedgerWord {
    const { measure, table } = fact;
    const cells = new Map<string, string>();
    if (money !== undefined) {
      const amount = formatAmount(money.minor, money.currency);
      if (money.currency !== measure.currency || measure.factor !== '1') {
        return differs(measure.column, `${money.currency} ${amount}`, 'another amount');
      }
      const sign = table.styles.get(measure.column)?.decimalSign ?? '.';
      cells.set(measure.column, amount.replace('.', sign));
    }
    const text = purpose ?? title;
    const places = [
      { text: date, at: startsIn(this.#model) },
      { text, at: [['purpose', 'text']] as const },
    ];
    for (const { text: said, at } of places) {
      if (said === undefined) continue;
      const columns = at.map(([dimension, attribute]) =>
        this.#columnOf(table, dimension, attribute),
      );
      const column = columns.find((one) => one !== undefined && this.#cell(fact, one) !== '');
      if (column === undefined) return differs(at[0]?.[0] ?? '', said, 'no cell of this row');
      cells.set(column, said);
    }
    return cells;
  }

  #columnOf(table: Resource, dimension: string, attribute: string): string | undefined {
    const found = attributeOf(this.#model, dimension, attribute);
    if (found === undefined || 'constant' in found) return undefined;
    return found.resource === table.name ? found.column : undefined;
  }

  #cell({ table, row }: FiscalFact, column: string): string {
    return row.cells[table.headers.indexOf(column)] ?? '';
  }

  /** The table with what the ledger says; undefined if that is what it said before. */
  write(table: Resource, files: readonly SourceFile[]): Uint8Array | undefined {
    const facts = this.#facts.filter((fact) => fact.table === table);
    for (const { row, measure } of facts.filter((fact) => this.#absent.has(fact))) {
      const at = table.headers.indexOf(measure.column);
      if (row.cells[at] !== '') this.#rows.get(row)?.set(measure.column, '');
    }
    const kept = table.rows.filter((row) => this.#rows.has(row));
    const stated = this.#identitiesOf(facts);
    const isWhole = kept.length === table.rows.length && !table.isPartial;
    const isSame = kept.every((row) => this.#rows.get(row)?.size === 0);
    if (isWhole && isSame && stated.size === 0) return undefined;
    const added = [...stated.keys()].filter((header) => !table.headers.includes(header));
    const headers = [...table.headers, ...added];
    const rows = kept.map((row) =>
      headers.map((header, at) => {
        // A header that stands there twice is that of its first column.
        const isFirst = headers.indexOf(header) === at;
        const said = stated.get(header)?.get(row) ?? this.#rows.get(row)?.get(header);
        return (isFirst ? said : undefined) ?? row.cells[at] ?? '';
      }),
    );
    const like = files.find(({ name }) => name === table.file)?.bytes ?? new Uint8Array();
    const text = writeCsvRows([headers, ...rows], table.separator);
    // What the encoding of the table has not does not read as what the ledger says.
    return encodeText(text, { encoding: table.encoding, like }) ?? encodeUtf8(text);
  }

  /** Columns by which rows keep their identity, where reading would count or make up others. */
  #identitiesOf(
    facts: readonly FiscalFact[],
  ): ReadonlyMap<string, ReadonlyMap<ResourceRow, string>> {
    const kept = facts.filter(({ row }) => this.#rows.has(row));
    const gone = new Set(
      facts.filter(({ row }) => !this.#rows.has(row)).map(({ source }) => source.number),
    );
    const isStated = ({ row, table, source }: FiscalFact): boolean =>
      row.cells[table.headers.indexOf(OCCURRENCE_HEADER)] === String(source.occurrence);
    const measures = new Set(facts.map(({ measure }) => measure.column));
    const isKeyChanged = ({ row }: FiscalFact): boolean =>
      [...(this.#rows.get(row)?.keys() ?? [])].some((column) => !measures.has(column));
    const columns = new Map<string, ReadonlyMap<ResourceRow, string>>();
    // A number that is made of keys is another one when a key is.
    if (kept.some(isKeyChanged)) {
      columns.set(NUMBER_HEADER, new Map(kept.map(({ row, source }) => [row, source.number])));
    }
    if (kept.some((fact) => gone.has(fact.source.number) && !isStated(fact))) {
      const occurrences = kept.map(({ row, source }) => [row, `${source.occurrence}`] as const);
      columns.set(OCCURRENCE_HEADER, new Map(occurrences));
    }
    return columns;
  }
}
