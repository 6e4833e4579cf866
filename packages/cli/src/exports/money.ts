/** Imported lines of a publisher, read from the ledger with the payments and rows they became. */
import type { treasury } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import type { KeptLine, KeptRow } from '@daybook/formats';
import { connect } from '../connect.ts';
import type { Input } from '../frame/input.ts';

export type Books = ContractClient<(typeof treasury)['records'], never>['records'];

/** What a fund's own rows say of imported lines. */
interface Fund {
  readonly allocations: ReadonlyMap<string, AllocationRow>;
  readonly commitments: ReadonlyMap<string, Pick<KeptLine, 'payee' | 'holder'>>;
  readonly payments: ReadonlyMap<string, Pick<KeptLine, 'payee' | 'payment' | 'holder'>>;
}

/** The books of the node that is asked. */
export async function openBooks(input: Input): Promise<Books> {
  const { treasury } = await import('@daybook/applications');
  return (await connect(input)).contractOf(treasury).records;
}

/** Lines of one publisher in the order of their identity; funds are read once each. */
export async function readKept(books: Books, publisher: string): Promise<readonly KeptLine[]> {
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

function rowsOf(action: string, name: string, { allocations, commitments, payments }: Fund) {
  if (action === 'allocate') {
    const row = allocations.get(name);
    return { title: row?.title, holder: row?.holder };
  }
  const isPayment = action === 'disburse' || action === 'credit';
  return isPayment ? payments.get(name) : commitments.get(name);
}

async function readFund(books: Books, fund: string): Promise<Fund> {
  const allocations = new Map<string, AllocationRow>();
  for await (const { row } of books.allocation.list({ fund })) allocations.set(row.allocation, row);
  const above = new Map<string, string>();
  const commitments = new Map<string, Pick<KeptLine, 'payee' | 'holder'>>();
  for await (const { row } of books.commitment.list({ fund })) {
    above.set(row.commitment, row.allocation);
    commitments.set(row.commitment, { payee: row.payee.name, holder: row.holder });
  }
  const payments = new Map<string, Pick<KeptLine, 'payee' | 'payment' | 'holder'>>();
  for await (const { row } of books.payment.list({ fund })) {
    const { date, payee, description, commitment } = row;
    const rows = rowsAbove(above.get(commitment) ?? fund, allocations);
    const holder = commitments.get(commitment)?.holder;
    payments.set(row.payment, { payee: payee.name, payment: { date, description, rows }, holder });
  }
  return { allocations, commitments, payments };
}

interface AllocationRow {
  readonly title: string;
  readonly parent: string;
  readonly holder: string;
}

/** Allocations from the top down to the one that is named; none where that is the fund itself. */
function rowsAbove(
  lowest: string,
  allocations: ReadonlyMap<string, AllocationRow>,
): readonly KeptRow[] {
  const rows: KeptRow[] = [];
  for (let name = lowest; ; ) {
    const row = allocations.get(name);
    if (row === undefined) return rows;
    rows.unshift({ name, title: row.title });
    name = row.parent;
  }
}
