/** Imported lines of a publisher, read from the ledger with the payments and rows they became. */
import type { treasury } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import type { KeptLine, KeptRow } from '@daybook/formats';

type Books = ContractClient<(typeof treasury)['records'], never>['records'];

interface Fund {
  readonly payments: ReadonlyMap<string, KeptLine['payment']>;
}

/** Lines of one publisher in the order of their identity; funds are read once each. */
export async function* readKept(books: Books, publisher: string): AsyncGenerator<KeptLine> {
  const funds = new Map<string, Fund>();
  for await (const { row } of books.source.list({ publisher })) {
    const { fund, action, name, amount, details, ...source } = row;
    const known = funds.get(fund) ?? (await readFund(books, fund));
    funds.set(fund, known);
    const payment = known.payments.get(name);
    yield { source, action, amount, details, ...(payment !== undefined && { payment }) };
  }
}

async function readFund(books: Books, fund: string): Promise<Fund> {
  const allocations = new Map<string, { readonly title: string; readonly parent: string }>();
  for await (const { row } of books.allocation.list({ fund })) allocations.set(row.allocation, row);
  const above = new Map<string, string>();
  for await (const { row } of books.commitment.list({ fund }))
    above.set(row.commitment, row.allocation);
  const payments = new Map<string, KeptLine['payment']>();
  for await (const { row } of books.payment.list({ fund })) {
    const { date, payee, description, commitment } = row;
    const rows = rowsAbove(above.get(commitment) ?? fund, allocations);
    payments.set(row.payment, { date, payee: payee.name ?? '', description, rows });
  }
  return { payments };
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
