/** Funded projects as a publisher's CSV list again, by the mapping that read them. */
import { writeDates } from './civil-date.ts';
import type { CsvCells } from './csv-files.ts';
import { amountCell, writeCsvFiles } from './csv-files.ts';
import { numberFor } from './funds-csv.ts';
import type { FundsField, FundsMapping } from './funds-mapping.ts';
import { FUNDS_AMOUNTS, FUNDS_CLASSES, FUNDS_FIELDS, fundsDates } from './funds-mapping.ts';
import type { Commitment, SourceFile } from './records.ts';

/** The files of commitments as `readKeptLines` gives them; reading them gives the same lines. */
export function writeFundsFiles(
  commitments: Iterable<Commitment>,
  mapping: FundsMapping,
): readonly SourceFile[] {
  return writeCsvFiles(commitments, mapping, {
    fields: FUNDS_FIELDS,
    cellsOf: (commitment) => cellsOf(commitment, mapping),
  });
}

type Cells = CsvCells<FundsField>;

/**
 * A list without numbers identifies a project by its cells as they are written, so of the ways to
 * write its dates the one is taken that gives its number.
 */
function cellsOf(commitment: Commitment, mapping: FundsMapping): Cells {
  const { source, period } = commitment;
  const { start = '', end = '' } = period;
  const cells = undatedCells(commitment, mapping);
  const textsOf = (date: string): readonly string[] =>
    date === '' ? [''] : writeDates(date, mapping.dates, fundsDates(mapping));
  const dated = textsOf(start).flatMap((from) =>
    textsOf(end).map((to): Cells => ({ ...cells, start: from, end: to })),
  );
  const named = dated.find((one) => numberFor((field) => one[field] ?? '') === source.number);
  return named ?? dated[0] ?? { ...cells, start, end };
}

function undatedCells(commitment: Commitment, mapping: FundsMapping): Cells {
  const { source, fund, payee, money, parts, classifications, places } = commitment;
  const amounts = FUNDS_AMOUNTS.map((name) => {
    const part = parts.find((one) => one.name === name);
    return [name, part && amountCell(part.money, mapping)] as const;
  });
  const classes = FUNDS_CLASSES.map((name) => {
    const scheme = `${mapping.publisher}/${name}`;
    return [name, classifications.find((one) => one.scheme === scheme)?.code] as const;
  });
  const levels = (commitment.placeLevels ?? []).map((level, at) => [level, places[at]] as const);
  return {
    ...Object.fromEntries([...amounts, ...classes, ...levels]),
    fund,
    payee: payee?.name,
    title: commitment.title,
    description: commitment.description,
    number: source.number,
    currency: money.currency,
  };
}
