/** Contracts over a map, into which the import tests carry their plans. */
import { applications, treasury } from '@daybook/applications';
import { openRecords } from '@daybook/contracts';
import type { Call, Transaction } from '@daybook/core';
import { assert } from '@daybook/core';
import type {
  ImportPlan,
  KeptLine,
  KeptRow,
  PlannedCall,
  Present,
  RecordSource,
} from '@daybook/formats';
import { movedBy } from '@daybook/formats';
import { createLedger } from '../../packages/applications/test/ledger.ts';

const CALLS_PER_SETUP = 50;

/** One officer with all roles of each of these departments. */
const DEPARTMENTS = [
  'hm-treasury',
  'cabinet-office',
  'government-property-agency',
  'crown-commercial-service',
];
const ROLES = [
  'treasury.appropriator',
  'treasury.budgeter',
  'treasury.payer',
  'treasury.controller',
  'procurement.publisher',
];
const officerOf = (organisation: string): string => `${organisation}/officer`;

/** An import without network and disk. */
export function createBooks() {
  const officers = Object.fromEntries(DEPARTMENTS.map((slug) => [officerOf(slug), ROLES]));
  const ledger = createLedger(applications, officers);
  const transactionOf = (calls: readonly Call[], organisations: readonly string[]): Transaction =>
    ledger.transaction(calls, [...new Set(organisations)].map(officerOf));
  /** Executes transactions in blocks. @returns codes of those that were refused */
  const run = (transactions: readonly Transaction[]): readonly string[] =>
    ledger.blocks(transactions).flatMap(({ failure }) => failure?.code ?? []);
  return { view: ledger.view, transactionOf, run };
}

export const signersOf = ({ signers }: PlannedCall): readonly string[] =>
  signers.map(({ organisation }) => organisation);

/** Engine, state, and a way to sign and execute transactions. */
export type Books = ReturnType<typeof createBooks>;

export const rowsOf = openRecords(treasury);

/** What the books hold of an import, as the planner asks for it. */
export function presentIn({ view }: Books): Present {
  return {
    amountOf: (source) => {
      const row = rowsOf.source(view, source);
      return row && movedBy(row);
    },
    leftIn: ({ record, fund, name }) => {
      if (record === 'appropriation') return rowsOf.appropriation(view, { fund })?.left;
      if (record === 'allocation') return rowsOf.allocation(view, { fund, allocation: name })?.left;
      return rowsOf.commitment(view, { fund, commitment: name })?.left;
    },
  };
}

/** An imported line as the books keep it, with what their own rows say of it. */
export function keptLine({ view }: Books, key: RecordSource): KeptLine | undefined {
  const line = rowsOf.source(view, key);
  if (line === undefined) return undefined;
  const { fund, action, name, amount, details, ...source } = line;
  const kept = { source, action, amount, details };
  const payment = rowsOf.payment(view, { fund, payment: name });
  if (payment === undefined) {
    const promised = rowsOf.commitment(view, { fund, commitment: name });
    const opened = rowsOf.allocation(view, { fund, allocation: name });
    const holder = promised?.holder ?? opened?.holder;
    return { ...kept, holder, payee: promised?.payee.name, title: opened?.title };
  }
  const rows: KeptRow[] = [];
  const { commitment } = payment;
  let above = rowsOf.commitment(view, { fund, commitment })?.allocation ?? fund;
  while (above !== fund) {
    const row = rowsOf.allocation(view, { fund, allocation: above });
    assert(row !== undefined, 'an allocation hangs on another or on the appropriation');
    rows.unshift({ name: above, title: row.title });
    above = row.parent;
  }
  const { date, payee, description } = payment;
  return { ...kept, payee: payee.name, payment: { date, description, rows } };
}

/** Budget calls in as few transactions as their signers allow, in order. */
function batched(
  calls: readonly PlannedCall[],
  transactionOf: ReturnType<typeof createBooks>['transactionOf'],
): readonly Transaction[] {
  const transactions: Transaction[] = [];
  let batch: PlannedCall[] = [];
  const close = (): void => {
    const [first] = batch;
    if (first !== undefined) {
      transactions.push(
        transactionOf(
          batch.map(({ call }) => call),
          signersOf(first),
        ),
      );
    }
    batch = [];
  };
  for (const planned of calls) {
    const [first] = batch;
    const isSame = first === undefined || `${signersOf(first)}` === `${signersOf(planned)}`;
    if (!isSame || batch.length === CALLS_PER_SETUP) close();
    batch.push(planned);
  }
  close();
  return transactions;
}

export function carryOut(plan: ImportPlan, books: Books): readonly string[] {
  const budget = [...plan.appropriations, ...plan.allocations, ...plan.commitments];
  const lines = plan.lines
    .flat()
    .map((planned) => books.transactionOf([planned.call], signersOf(planned)));
  return [...books.run(batched(budget, books.transactionOf)), ...books.run(lines)];
}
