/** What the ledger holds of an import already: read once, list by list, before anything is planned. */
import type { treasury } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import type { PlannedRecord, SpendPresent } from '@daybook/formats';

type Books = ContractClient<(typeof treasury)['records'], never>['records'];

function idOf(record: PlannedRecord['record'], fund: string, name: string): string {
  return `${record} ${fund} ${name}`;
}

async function readFund(books: Books, fund: string, found: Map<string, bigint>): Promise<void> {
  const appropriation = await books.appropriation.get({ fund });
  if (appropriation === undefined) return;
  found.set(idOf('appropriation', fund, fund), appropriation.row.left);
  for await (const { row } of books.allocation.list({ fund })) {
    found.set(idOf('allocation', fund, row.allocation), row.left);
  }
  for await (const { row } of books.commitment.list({ fund })) {
    found.set(idOf('commitment', fund, row.commitment), row.left);
  }
  for await (const { row } of books.payment.list({ fund })) {
    const { minor } = row.amount;
    found.set(idOf('payment', fund, row.payment), row.kind === 'credit' ? -minor : minor);
  }
}

/** @param funds  names of the appropriations the import is about */
export async function readPresent(books: Books, funds: readonly string[]): Promise<SpendPresent> {
  const found = new Map<string, bigint>();
  await Promise.all(funds.map((fund) => readFund(books, fund, found)));
  return {
    amountOf: ({ fund, name }) => found.get(idOf('payment', fund, name)),
    leftIn: ({ record, fund, name }) => found.get(idOf(record, fund, name)),
  };
}
