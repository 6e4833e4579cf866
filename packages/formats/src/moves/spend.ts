/** Spending lines as payments: publisher and year, then body, area and payee. */
import { fiscalYearOf } from '../civil-date.ts';
import { slugFor } from '../names.ts';
import type { OtherCell } from '../records.ts';
import type { SpendLine } from '../spend-csv.ts';
import type { SpendPayment } from '../spend-line.ts';
import { UNSPECIFIED_AREA } from '../spend-line.ts';
import type { SpendMapping } from '../spend-mapping.ts';
import { writeDetails } from './details.ts';
import type { MoneyLine, MoneyRow, PaymentMove } from './move.ts';
import { checkDetails } from './move.ts';

const PUBLISHER_SHOWN_MAX = 48;

/** What a spending line says beside its payment. */
export interface SpendDetails {
  readonly payee?: string;
  readonly area?: string;
  readonly body?: string;
  readonly more?: readonly OtherCell[];
}

/** @param holder  organisation that keeps all budgets; else those of the mapping do */
export function spendMoves(
  lines: Iterable<SpendLine>,
  mapping: SpendMapping,
  holder?: string,
): readonly MoneyLine[] {
  return Array.from(lines, (line): MoneyLine => {
    if (!line.ok) return line;
    const { file, line: number, payment } = line;
    return checkDetails(moveOf(payment, mapping, holder), { file, line: number });
  });
}

function moveOf(payment: SpendPayment, mapping: SpendMapping, holder?: string): PaymentMove {
  const { kind, source, date, amount, currency, purpose } = payment;
  const year = fiscalYearOf(date, mapping.fiscalYearStart);
  return {
    kind: kind === 'credit' ? 'credit' : 'payment',
    source,
    rows: rowsOf(payment, mapping, year.name).map((row) => (holder ? { ...row, holder } : row)),
    amount,
    currency,
    period: { start: year.start, end: year.end },
    date,
    purpose,
    // The rows have the spelling of their first line: case makes no other payee or area.
    details: writeDetails(detailsOf(payment)),
  };
}

/** What no row of the treasury says: spellings of this line, and cells that the mapping left. */
function detailsOf({ payee, area, body, bodyName, more }: SpendPayment): SpendDetails {
  return {
    payee,
    ...(area && { area }),
    ...(bodyName !== body.title && { body: bodyName }),
    ...(more.length > 0 && { more }),
  };
}

function rowsOf(
  { body, payee, currency, area = UNSPECIFIED_AREA }: SpendPayment,
  { publisher, title, currency: usual }: SpendMapping,
  year: string,
): readonly MoneyRow[] {
  const foreign = currency === usual ? '' : `-${currency.toLowerCase()}`;
  const holder = body.heldBy ?? body.body;
  const areaName = slugFor([body.body, area]);
  const record = 'allocation';
  return [
    {
      record: 'appropriation',
      name: `${publisher.slice(0, PUBLISHER_SHOWN_MAX)}-${year}${foreign}`,
      title: `${title}, ${year}`,
      holder: publisher,
      purpose: publisher,
    },
    { record, name: body.body, title: body.title, holder, purpose: body.body },
    { record, name: areaName, title: area, holder, purpose: areaName },
    {
      record: 'commitment',
      name: slugFor([body.body, area, payee]),
      title: payee,
      holder,
      purpose: '',
    },
  ];
}
