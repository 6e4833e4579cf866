/** Payments as spending CSV again, by the mapping that read them. */
import { writeDates } from './civil-date.ts';
import type { CsvCells } from './csv-files.ts';
import { amountCell, writeCsvFiles } from './csv-files.ts';
import type { Payment, SourceFile } from './records.ts';
import { UNSPECIFIED_AREA } from './spend-line.ts';
import type { SpendBody, SpendField, SpendMapping } from './spend-mapping.ts';
import { SPEND_FIELDS } from './spend-mapping.ts';

/** The files of payments as `readKeptLines` gives them; reading them gives the same lines. */
export function writeSpendFiles(
  payments: Iterable<Payment>,
  mapping: SpendMapping,
): readonly SourceFile[] {
  return writeCsvFiles(payments, mapping, {
    fields: SPEND_FIELDS,
    cellsOf: (payment) => cellsOf(payment, mapping),
  });
}

function cellsOf(payment: Payment, mapping: SpendMapping): CsvCells<SpendField> {
  const { source, date = '', money, payee, purpose, classifications = [] } = payment;
  const levelOf = (level: string) =>
    classifications.find(({ scheme }) => scheme === `${source.publisher}/${level}`);
  const [body, area] = [levelOf('body'), levelOf('area')];
  const known = mapping.bodies.find((one) => one.body === body?.code);
  return {
    number: source.number,
    date: writeDates(date, mapping.dates)[0] ?? date,
    amount: amountCell(money, mapping),
    payee: payee?.name,
    body: known === undefined ? body?.title : nameOf(known, body?.title),
    area: area?.title === UNSPECIFIED_AREA ? '' : area?.title,
    purpose,
    currency: money.currency,
  };
}

/** The spelling of the line where it is one of the body's, else the first. */
function nameOf({ names }: SpendBody, spelled = ''): string | undefined {
  const isKnown = names.some((name) => name.toLowerCase() === spelled.toLowerCase());
  return isKnown ? spelled : names[0];
}
