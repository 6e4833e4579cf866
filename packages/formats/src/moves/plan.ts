/**
 * From lines of any format to calls of the treasury contract. A spending file says what was paid
 * and not out of which budget; that budget is planned here with `basis: reconstructed` (only there
 * the treasury takes lines that were paid elsewhere), large enough for all payments even if no
 * credit ever came, so that the order of the lines does not matter. Planning the same lines again
 * gives the same names, and only what is missing.
 */
import type { Call } from '@daybook/core';
import { assert, assertNever } from '@daybook/core';
import { slugOf, wordFor } from '../names.ts';
import type { RecordSource, SourcePlace } from '../records.ts';
import type { MoneyLine, Move, PaymentMove, PromiseMove } from './move.ts';
import { shown, signedOf } from './move.ts';
import type { Branch, BudgetCall, Tree } from './tree.ts';
import { callOf, growPath, importedOf, planBudget, signersOf, targetOf } from './tree.ts';

const UNSPECIFIED = 'unspecified';
const PURPOSE_SHOWN_MAX = 60;

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

/** One call, the record it makes or changes, and who must sign. */
export interface PlannedCall {
  readonly target: PlannedRecord;
  readonly call: Call;
  readonly signers: readonly PlannedSigner[];
}

/** A call with the line it comes from: one transaction each. */
export interface PlannedLine extends PlannedCall, SourcePlace {
  /** Signed minor units that the line moves. */
  readonly amount: bigint;
  readonly currency: string;
}

/** Calls to be made in this order: parents come before what is taken out of them. */
export interface ImportPlan {
  readonly appropriations: readonly PlannedCall[];
  readonly allocations: readonly PlannedCall[];
  readonly commitments: readonly PlannedCall[];
  /** Kinds of lines one after the other: what one kind takes, those before it gave. */
  readonly lines: readonly (readonly PlannedLine[])[];
  /** Lines to which nothing was planned because people must judge them. */
  readonly changed: readonly ChangedLine[];
}

/** A line that is on the ledger with another amount: the publisher changed the file. */
export interface ChangedLine extends SourcePlace {
  readonly source: RecordSource;
  /** Signed minor units on the ledger. */
  readonly recorded: bigint;
  /** Signed minor units in the file. */
  readonly reported: bigint;
}

/** What the ledger holds already. */
export interface Present {
  /** Signed minor units of an imported line; undefined if it is not on the ledger. */
  amountOf(source: RecordSource): bigint | undefined;
  /** Minor units left in an appropriation, allocation or commitment; undefined if there is none. */
  leftIn(target: PlannedRecord): bigint | undefined;
}

export interface PlanOptions {
  /** Organisation that grants the reconstructed appropriations. */
  readonly grantor: string;
  /** Organisation whose officer signs each payment besides the holder's. */
  readonly controller: string;
  /** Left out: nothing is on the ledger. */
  readonly present?: Present;
}

type LineMove = PaymentMove | PromiseMove;

interface Pending extends SourcePlace {
  readonly move: LineMove;
  readonly branch: Branch;
}

/**
 * Plans the calls for all lines that were read; refused lines are passed over.
 * @param lines lines of one source, files in any order
 */
export function planImport(lines: Iterable<MoneyLine>, options: PlanOptions): ImportPlan {
  const tree: Tree = new Map();
  const pending: Pending[] = [];
  const changed: ChangedLine[] = [];
  for (const { file, line, ...reading } of lines) {
    if (!reading.ok) continue;
    const { move } = reading;
    const { source } = move;
    const recorded = options.present?.amountOf(source);
    if (recorded !== undefined) {
      const reported = signedOf(move);
      // An allocation is opened with what is taken out of it, if that is more than stated.
      const isSame = recorded === reported || move.kind === 'allocation';
      if (!isSame) changed.push({ file, line, source, recorded, reported });
      continue;
    }
    const branch = growPath(tree, move);
    assert(branch !== undefined, 'a move has rows');
    if (isOpening(move)) {
      branch.opening = { file, line, move };
    } else {
      claim(branch, move);
      pending.push({ file, line, move, branch });
    }
  }
  const budget = planBudget(tree, options);
  return { ...split(budget), lines: stages(budget, pending, options), changed };
}

function isOpening(move: Move): move is Exclude<Move, LineMove> {
  return move.kind === 'allocation' || move.kind === 'commitment';
}

/** What a line takes out of its commitment, or puts into it out of the row above. */
function claim(branch: Branch, { kind, amount }: LineMove): void {
  switch (kind) {
    case 'payment':
    case 'return':
      branch.need += amount;
      break;
    case 'increase':
      branch.need -= amount;
      if (branch.parent !== undefined) branch.parent.need += amount;
      break;
    case 'credit':
      break;
    default:
      assertNever(kind);
  }
}

function split(
  budget: readonly BudgetCall[],
): Pick<ImportPlan, 'appropriations' | 'allocations' | 'commitments'> {
  const callsOf = (record: PlannedRecord['record']): readonly PlannedCall[] =>
    budget.flatMap(({ target, call, signers, branch }) =>
      target.record === record && !isLine(branch) ? { target, call, signers } : [],
    );
  return {
    appropriations: callsOf('appropriation'),
    allocations: callsOf('allocation'),
    commitments: callsOf('commitment'),
  };
}

/** A commitment of the source is a line; rows that others hang on belong to the budget. */
const isLine = ({ opening }: Branch): boolean => opening?.move.kind === 'commitment';

function stages(
  budget: readonly BudgetCall[],
  pending: readonly Pending[],
  options: PlanOptions,
): readonly (readonly PlannedLine[])[] {
  const opened = budget.flatMap(({ target, call, signers, branch, amount }) => {
    const { opening, currency } = branch;
    if (!isLine(branch) || opening === undefined) return [];
    const { file, line } = opening;
    return { file, line, target, call, signers, amount, currency };
  });
  const ofKind = (...kinds: readonly Move['kind'][]): readonly PlannedLine[] =>
    pending
      .filter(({ move }) => kinds.includes(move.kind))
      .map((entry) => planLine(entry, options));
  return [opened, ofKind('increase'), ofKind('payment', 'credit'), ofKind('return')].filter(
    (stage) => stage.length > 0,
  );
}

function planLine({ file, line, move, branch }: Pending, options: PlanOptions): PlannedLine {
  const { currency } = move;
  const planned =
    'reason' in move ? planPromise(move, branch, options) : planPayment(move, branch, options);
  return { file, line, ...planned, amount: signedOf(move), currency };
}

function planPromise(move: PromiseMove, branch: Branch, { grantor }: PlanOptions): PlannedCall {
  const { target, row } = branch;
  const { amount: minor, currency, reason, kind } = move;
  const args = { ...target.key, amount: { minor, currency }, source: importedOf(move) };
  if (kind === 'increase') {
    const call = callOf('increaseCommitment', { ...args, reason });
    return { target, call, signers: signersOf(branch, grantor) };
  }
  const signers = [{ organisation: row.holder, role: 'treasury.budgeter' }];
  return { target, call: callOf('returnCommitment', args), signers };
}

function planPayment(
  move: PaymentMove,
  { target: { fund, name: commitment }, row, purpose }: Branch,
  { controller }: PlanOptions,
): PlannedCall {
  const { dataset, number, occurrence } = move.source;
  const name = `${dataset.replace('/', '.')}.${wordFor(number)}.${occurrence}`;
  const target = targetOf('payment', fund, name);
  const call = callOf(move.kind === 'credit' ? 'credit' : 'disburse', {
    ...target.key,
    commitment,
    amount: { minor: move.amount, currency: move.currency },
    date: move.date,
    purpose: `${purpose}/${slugOf(move.purpose ?? '', PURPOSE_SHOWN_MAX) || UNSPECIFIED}`,
    ...(move.purpose === undefined ? {} : { description: shown(move.purpose) }),
    source: importedOf(move),
  });
  const signers = [
    { organisation: row.holder, role: 'treasury.payer' },
    { organisation: controller, role: 'treasury.controller' },
  ];
  return { target, call, signers };
}
