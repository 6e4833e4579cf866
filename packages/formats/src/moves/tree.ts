/**
 * The tree of a fund while a plan grows: every move names its rows from the appropriation down, and
 * each row must hold what all rows below it still lack. Budgets are planned from the leaves up.
 */
import type { Call, CallArguments } from '@daybook/core';
import { assertNever } from '@daybook/core';
import type { SourcePlace } from '../records.ts';
import type { Days, MoneyRow, Move, OpeningMove } from './move.ts';
import { shown } from './move.ts';
import type { PlannedCall, PlannedRecord, PlannedSigner, PlanOptions } from './plan.ts';

const INCREASE_REASON = 'Reconstructed from payments that the publisher reported later.';

/** A line that opens a row. */
export interface OpeningLine extends SourcePlace {
  readonly move: OpeningMove;
}

/** A row of the money tree while the plan grows. */
export interface Branch {
  readonly row: MoneyRow;
  readonly parent: Branch | undefined;
  readonly target: PlannedRecord;
  /** Purpose path from the appropriation. */
  readonly purpose: string;
  readonly period: Days;
  readonly currency: string;
  /** Whose lines come into the fund. */
  readonly publisher: string;
  /** The line that opens it, where one does. */
  opening: OpeningLine | undefined;
  /**
   * Minor units that must pass through this row for what is not yet on the ledger; below zero
   * where lines themselves promise more than is paid.
   */
  need: bigint;
}

/** In the order of growth: parents before children. */
export type Tree = Map<string, Branch>;

/** The branch of a move, grown where it is not there yet. */
export function growPath(tree: Tree, { rows, period, currency, source }: Move): Branch | undefined {
  let grown: Branch | undefined;
  for (const row of rows) {
    const fund: string = grown?.target.fund ?? row.name;
    const id = `${fund} ${row.record} ${row.name}`;
    const known = tree.get(id);
    const parent: Branch | undefined = grown;
    grown = known ?? {
      row,
      parent,
      target: targetOf(row.record, fund, row.name),
      purpose: [parent?.purpose ?? '', row.purpose].filter((part) => part !== '').join('/'),
      period,
      currency,
      publisher: source.publisher,
      opening: undefined,
      need: 0n,
    };
    tree.set(id, grown);
  }
  return grown;
}

export function targetOf(
  record: PlannedRecord['record'],
  fund: string,
  name: string,
): PlannedRecord {
  const key = record === 'appropriation' ? { fund } : { fund, [record]: name };
  return { record, fund, name, key };
}

/** A call of the budget with the branch it opens or enlarges. */
export interface BudgetCall extends PlannedCall {
  readonly branch: Branch;
  /** Minor units that it opens the row with, or adds. */
  readonly amount: bigint;
}

/** Budget calls, parents first. */
export function planBudget(
  tree: Tree,
  options: Pick<PlanOptions, 'grantor' | 'controller' | 'present'>,
): readonly BudgetCall[] {
  const calls: BudgetCall[] = [];
  for (const branch of [...tree.values()].toReversed()) {
    const left = options.present?.leftIn(branch.target);
    const lack = atLeast(branch.need - (left ?? 0n), 0n);
    const amount = left === undefined ? atLeast(lack, branch.opening?.move.amount ?? 0n) : lack;
    if (left === undefined) {
      calls.push({ ...planOpening(branch, amount, options), branch, amount });
    } else if (amount > 0n) {
      calls.push({ ...planIncrease(branch, amount, options), branch, amount });
    }
    if (branch.parent !== undefined) {
      branch.parent.need += amount;
    }
  }
  return calls.toReversed();
}

const atLeast = (amount: bigint, least: bigint): bigint => (amount > least ? amount : least);

/** Who may put money into a row: the grantor with the holder's consent, or the holder above. */
export function signersOf({ parent, row }: Branch, grantor: string): readonly PlannedSigner[] {
  const budgeter = 'treasury.budgeter';
  return parent === undefined
    ? [
        { organisation: grantor, role: 'treasury.appropriator' },
        { organisation: row.holder, role: budgeter },
      ]
    : [{ organisation: parent.row.holder, role: budgeter }];
}

/** The identity of a line with its details, as an action takes it. */
export function importedOf({ source, details }: Move): CallArguments {
  return { ...source, ...(details !== undefined && { details }) };
}

function planOpening(
  branch: Branch,
  minor: bigint,
  { grantor, controller }: Pick<PlanOptions, 'grantor' | 'controller'>,
): PlannedCall {
  const { target, row, parent, purpose, period, currency, publisher, opening } = branch;
  const { holder } = row;
  const title = shown(row.title);
  const opened = {
    ...target.key,
    title,
    amount: { minor, currency },
    purposes: [purpose],
    // Even where the publisher states the amount: lines that were paid elsewhere hang on the row.
    basis: 'reconstructed',
    ...(opening && { source: importedOf(opening.move) }),
  };
  const signers = signersOf(branch, grantor);
  const above = parent?.target.name ?? '';
  switch (row.record) {
    case 'appropriation': {
      const bound = { holder, controller, publisher, period: { ...period } };
      return { target, call: callOf('appropriate', { ...opened, ...bound }), signers };
    }
    case 'allocation': {
      const call = callOf('allocate', { ...opened, holder, parent: above });
      return { target, call, signers };
    }
    case 'commitment': {
      const call = callOf('commit', { ...opened, allocation: above, payee: { name: title } });
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

function planIncrease(
  branch: Branch,
  minor: bigint,
  { grantor }: Pick<PlanOptions, 'grantor'>,
): PlannedCall {
  const { target, row, currency } = branch;
  const args = { ...target.key, amount: { minor, currency }, reason: INCREASE_REASON };
  const call = callOf(INCREASES[row.record], args);
  return { target, call, signers: signersOf(branch, grantor) };
}

export function callOf(action: string, args: CallArguments): Call {
  return { contract: 'treasury', action, args };
}
