/** Imported lines of a publisher, read from the ledger with the payments and rows they became. */
import type { treasury } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import type { KeptLine, KeptRow } from '@daybook/formats';
import { connect } from '../connect.ts';
import type { Input } from '../frame/input.ts';

type Books = ContractClient<(typeof treasury)['records'], never>['records'];

/** What a fund's own rows say of imported lines. */
interface Fund {
  readonly titles: ReadonlyMap<string, string>;
  readonly payees: ReadonlyMap<string, string | undefined>;
  readonly payments: ReadonlyMap<string, Pick<KeptLine, 'payee' | 'payment'>>;
}

/** Lines of one publisher in the order of their identity; funds are read once each. */
export async function readKept(input: Input, publisher: string): Promise<readonly KeptLine[]> {
  const { treasury } = await import('@daybook/applications');
  const books: Books = (await connect(input)).contractOf(treasury).records;
  const funds = new Map<string, Fund>();
  const lines: KeptLine[] = [];
  for await (const { row } of books.source.list({ publisher })) {
    const { fund, action, name, amount, details, ...source } = row;
    const known = funds.get(fund) ?? (await readFund(books, fund));
    funds.set(fund, known);
    lines.push({ source, action, amount, details, ...rowsOf(action, name, known) });
  }
  return lines;
}

function rowsOf(action: string, name: string, { titles, payees, payments }: Fund) {
  if (action === 'allocate') return { title: titles.get(name) };
  const isPayment = action === 'disburse' || action === 'credit';
  return isPayment ? payments.get(name) : { payee: payees.get(name) };
}

async function readFund(books: Books, fund: string): Promise<Fund> {
  const allocations = new Map<string, { readonly title: string; readonly parent: string }>();
  for await (const { row } of books.allocation.list({ fund })) allocations.set(row.allocation, row);
  const above = new Map<string, string>();
  const payees = new Map<string, string | undefined>();
  for await (const { row } of books.commitment.list({ fund })) {
    above.set(row.commitment, row.allocation);
    payees.set(row.commitment, row.payee.name);
  }
  const payments = new Map<string, Pick<KeptLine, 'payee' | 'payment'>>();
  for await (const { row } of books.payment.list({ fund })) {
    const { date, payee, description, commitment } = row;
    const rows = rowsAbove(above.get(commitment) ?? fund, allocations);
    payments.set(row.payment, { payee: payee.name, payment: { date, description, rows } });
  }
  const titles = new Map([...allocations].map(([name, { title }]) => [name, title]));
  return { titles, payees, payments };
}

/** Allocations from the top down to the one that is named; none where that is the fund itself. */
function rowsAbove(
  lowest: string,
  allocations: ReadonlyMap<string, { readonly title: string; readonly parent: string }>,
): readonly KeptRow[] {
  const rows: KeptRow[] = [];
  for (let name = lowest; ; ) {
    const row = allocations.get(name);
    if (row === undefined) return rows;
    rows.unshift({ name, title: row.title });
    name = row.parent;
  }
}
