/**
 * From payment lines to calls of the treasury contract. A spending file says what was paid and not
 * out of which budget; that budget is planned here with `basis: reconstructed`, large enough for
 * all payments even if no credit ever came, so that the order of the lines does not matter.
 * Planning the same lines again gives the same names, and only what is missing.
 */
import type { Call, CallArguments } from '@daybook/core';
import { assert, assertNever } from '@daybook/core';
import type { FiscalYear } from './civil-date.ts';
import { fiscalYearOf } from './civil-date.ts';
import { slugFor, slugOf, wordFor } from './names.ts';
import type { SourcePlace } from './records.ts';
import type { SpendLine } from './spend-csv.ts';
import type { SpendPayment } from './spend-line.ts';
import type { SpendMapping } from './spend-mapping.ts';

const UNSPECIFIED = 'unspecified';
const PUBLISHER_SHOWN_MAX = 48;
const PURPOSE_SHOWN_MAX = 60;
const INCREASE_REASON = 'Reconstructed from payments that the publisher reported later.';

/** A record of the treasury contract that the plan makes or uses. */
export interface PlannedRecord {
  readonly record: 'appropriation' | 'allocation' | 'commitment' | 'payment';
  readonly fund: string;
  /** Of an appropriation, the fund again. */
  readonly name: string;
  /** Key fields for reading it. */
  readonly key: Readonly<Record<string, string>>;
}

/** Whose signature a call needs: any officer of the organisation who has the role. */
export interface PlannedSigner {
  readonly organisation: string;
  readonly role: string;
}

/** One call, the record it makes or enlarges, and who must sign. */
export interface PlannedCall {
  readonly target: PlannedRecord;
  readonly call: Call;
  readonly signers: readonly PlannedSigner[];
}

/** A payment or credit with the line it comes from: one transaction each. */
export interface PlannedPayment extends PlannedCall, SourcePlace {}

/** Calls to be made in this order: parents come before what is taken out of them. */
export interface SpendPlan {
  readonly appropriations: readonly PlannedCall[];
  readonly allocations: readonly PlannedCall[];
  readonly commitments: readonly PlannedCall[];
  readonly payments: readonly PlannedPayment[];
  /** Lines to which nothing was planned because people must judge them. */
  readonly changed: readonly ChangedLine[];
}

/** A line whose payment is on the ledger with another amount: the publisher changed the file. */
export interface ChangedLine extends SourcePlace {
  readonly target: PlannedRecord;
  /** Signed minor units on the ledger. */
  readonly recorded: bigint;
  /** Signed minor units in the file. */
  readonly reported: bigint;
}

/** What the ledger holds already. */
export interface SpendPresent {
  /** Minor units of a payment, negative for a credit; undefined if it is not on the ledger. */
  amountOf(target: PlannedRecord): bigint | undefined;
  /** Minor units left in an appropriation, allocation or commitment; undefined if there is none. */
  leftIn(target: PlannedRecord): bigint | undefined;
}

export interface SpendPlanOptions {
  readonly mapping: SpendMapping;
  /** Organisation that grants the reconstructed appropriations. */
  readonly grantor: string;
  /** Organisation whose officer signs each payment besides the holder's. */
  readonly controller: string;
  /** Left out: nothing is on the ledger. */
  readonly present?: SpendPresent;
}

/** What a row of the money tree is, apart from where it hangs. */
interface Row {
  readonly record: 'appropriation' | 'allocation' | 'commitment';
  readonly name: string;
  /** Of a commitment, the payee. */
  readonly title: string;
  readonly holder: string;
  /** The row's own part of the purpose path; empty if it is its parent's. */
  readonly purpose: string;
}

/** A row of the money tree while the plan grows. */
interface Branch {
  readonly row: Row;
  readonly parent: Branch | undefined;
  readonly target: PlannedRecord;
  readonly purpose: string;
  readonly fiscalYear: FiscalYear;
  readonly currency: string;
  /** Minor units that must pass through this row for what is not yet on the ledger. */
  need: bigint;
}

/** The tree in the order of growth: parents before children. */
type Tree = Map<string, Branch>;

/**
 * Plans the calls for all lines that were read; refused lines are passed over.
 * @param lines lines of one mapping, files in any order
 */
export function planImport(lines: Iterable<SpendLine>, options: SpendPlanOptions): SpendPlan {
  const tree: Tree = new Map();
  const payments: PlannedPayment[] = [];
  const changed: ChangedLine[] = [];
  for (const { file, line, ...reading } of lines) {
    if (!reading.ok) {
      continue;
    }
    const { payment } = reading;
    const target = paymentTarget(payment, options.mapping);
    const recorded = options.present?.amountOf(target);
    const reported = payment.kind === 'credit' ? -payment.amount : payment.amount;
    if (recorded === undefined) {
      const commitment = growCommitment(tree, payment, options.mapping);
      commitment.need += payment.kind === 'credit' ? 0n : payment.amount;
      payments.push({ file, line, target, ...planPayment(payment, commitment, options) });
    } else if (recorded !== reported) {
      changed.push({ file, line, target, recorded, reported });
    }
  }
  const budget = planBudget([...tree.values()], options);
  const callsOf = (record: PlannedRecord['record']): readonly PlannedCall[] =>
    budget.filter(({ target }) => target.record === record);
  return {
    appropriations: callsOf('appropriation'),
    allocations: callsOf('allocation'),
    commitments: callsOf('commitment'),
    payments,
    changed,
  };
}

function fundOf({ date, currency }: SpendPayment, mapping: SpendMapping): string {
  const { name } = fiscalYearOf(date, mapping.fiscalYearStart);
  const foreign = currency === mapping.currency ? '' : `-${currency.toLowerCase()}`;
  return `${mapping.publisher.slice(0, PUBLISHER_SHOWN_MAX)}-${name}${foreign}`;
}

function paymentTarget(payment: SpendPayment, mapping: SpendMapping): PlannedRecord {
  const { dataset, number, occurrence } = payment.source;
  const name = `${dataset.replace('/', '.')}.${wordFor(number)}.${occurrence}`;
  return targetOf('payment', fundOf(payment, mapping), name);
}

/** Publisher and year, then body, area and payee: the branch on which a payment hangs. */
function growCommitment(tree: Tree, payment: SpendPayment, mapping: SpendMapping): Branch {
  const { body, currency, payee } = payment;
  const area = payment.area ?? UNSPECIFIED;
  const fiscalYear = fiscalYearOf(payment.date, mapping.fiscalYearStart);
  const holder = body.heldBy ?? body.body;
  const areaName = slugFor([body.body, area]);
  const record = 'allocation';
  const rows: readonly Row[] = [
    {
      record: 'appropriation',
      name: fundOf(payment, mapping),
      title: `${mapping.title}, ${fiscalYear.name}`,
      holder: mapping.publisher,
      purpose: mapping.publisher,
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
  let grown: Branch | undefined;
  for (const row of rows) {
    grown = growBranch(tree, { parent: grown, row }, { fiscalYear, currency });
  }
  assert(grown !== undefined, 'a payment hangs on a commitment');
  return grown;
}

function growBranch(
  tree: Tree,
  { parent, row }: Pick<Branch, 'parent' | 'row'>,
  facts: Pick<Branch, 'fiscalYear' | 'currency'>,
): Branch {
  const { record, name } = row;
  const fund = parent?.target.fund ?? name;
  const id = `${fund} ${record} ${name}`;
  const known = tree.get(id);
  if (known !== undefined) {
    return known;
  }
  const purpose = [parent?.purpose ?? '', row.purpose].filter((part) => part !== '').join('/');
  const branch = { row, parent, target: targetOf(record, fund, name), purpose, ...facts, need: 0n };
  tree.set(id, branch);
  return branch;
}

function targetOf(record: PlannedRecord['record'], fund: string, name: string): PlannedRecord {
  const key = record === 'appropriation' ? { fund } : { fund, [record]: name };
  return { record, fund, name, key };
}

/** Budget calls from the leaves up, because a row must hold what all rows below it still lack. */
function planBudget(tree: readonly Branch[], options: SpendPlanOptions): readonly PlannedCall[] {
  const calls: PlannedCall[] = [];
  for (const branch of tree.toReversed()) {
    const left = options.present?.leftIn(branch.target);
    const lack = branch.need - (left ?? 0n);
    if (left === undefined) {
      calls.push(planOpening(branch, options));
    } else if (lack > 0n) {
      calls.push(planIncrease(branch, lack, options));
    }
    if (branch.parent !== undefined) {
      branch.parent.need += lack > 0n ? lack : 0n;
    }
  }
  return calls.toReversed();
}

/** Who may put money into a row: the grantor with the holder's consent, or the holder above. */
function signersOf({ parent, row }: Branch, grantor: string): readonly PlannedSigner[] {
  const budgeter = 'treasury.budgeter';
  return parent === undefined
    ? [
        { organisation: grantor, role: 'treasury.appropriator' },
        { organisation: row.holder, role: budgeter },
      ]
    : [{ organisation: parent.row.holder, role: budgeter }];
}

function planOpening(branch: Branch, { grantor, controller }: SpendPlanOptions): PlannedCall {
  const { target, row, parent, purpose, fiscalYear, need, currency } = branch;
  const opened = {
    ...target.key,
    title: row.title,
    amount: { minor: need, currency },
    purposes: [purpose],
    basis: 'reconstructed',
  };
  const signers = signersOf(branch, grantor);
  const above = parent?.target.name ?? '';
  switch (row.record) {
    case 'appropriation': {
      const { holder } = row;
      const period = { start: fiscalYear.start, end: fiscalYear.end };
      const call = callOf('appropriate', { ...opened, holder, controller, period });
      return { target, call, signers };
    }
    case 'allocation': {
      const call = callOf('allocate', { ...opened, holder: row.holder, parent: above });
      return { target, call, signers };
    }
    case 'commitment': {
      const call = callOf('commit', { ...opened, allocation: above, payee: { name: row.title } });
      return { target, call, signers };
    }
    default:
      return assertNever(row.record);
  }
}

const INCREASES = {
  appropriation: 'supplement',
  allocation: 'increaseAllocation',
  commitment: 'increaseCommitment',
} as const;

function planIncrease(branch: Branch, minor: bigint, { grantor }: SpendPlanOptions): PlannedCall {
  const { target, row, currency } = branch;
  const args = { ...target.key, amount: { minor, currency }, reason: INCREASE_REASON };
  const call = callOf(INCREASES[row.record], args);
  return { target, call, signers: signersOf(branch, grantor) };
}

function planPayment(
  payment: SpendPayment,
  { target, row, purpose }: Branch,
  { mapping, controller }: SpendPlanOptions,
): Pick<PlannedCall, 'call' | 'signers'> {
  const call = callOf(payment.kind === 'credit' ? 'credit' : 'disburse', {
    ...paymentTarget(payment, mapping).key,
    commitment: target.name,
    amount: { minor: payment.amount, currency: payment.currency },
    date: payment.date,
    purpose: `${purpose}/${slugOf(payment.purpose ?? '', PURPOSE_SHOWN_MAX) || UNSPECIFIED}`,
    ...(payment.purpose === undefined ? {} : { description: payment.purpose }),
    source: { ...payment.source },
  });
  const signers = [
    { organisation: row.holder, role: 'treasury.payer' },
    { organisation: controller, role: 'treasury.controller' },
  ];
  return { call, signers };
}

function callOf(action: string, args: CallArguments): Call {
  return { contract: 'treasury', action, args };
}
