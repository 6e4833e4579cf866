/** What became of a transaction that was handed in. */
import type { TransactionId } from '@daybook/core';
import type { Decoder } from '../wire/decode.ts';
import { integer, list, object, optional } from '../wire/decode.ts';
import type { Problem } from '../wire/problem.ts';
import { decodeProblem } from '../wire/problem.ts';
import type { Pending, Receipt } from '../wire/receipt.ts';
import { decodePending, decodeReceipt } from '../wire/receipt.ts';

/**
 * `committed`: final and effective. `refused`: a contract refused it (then it is final, has no
 * effect, and `problem.receipt` says where it stands), or a node did not admit it. `pending`: not
 * final yet. `expired`: no block included it in time and none ever will.
 */
export type Outcome =
  | { readonly state: 'committed'; readonly id: TransactionId; readonly receipt: Receipt }
  | { readonly state: 'refused'; readonly id: TransactionId; readonly problem: Problem }
  | {
      readonly state: 'pending';
      readonly id: TransactionId;
      readonly progress: Pending['state'];
    }
  | { readonly state: 'expired'; readonly id: TransactionId };

/** One item of the answer to a batch: exactly one of the three is there. */
export interface BatchItem {
  readonly status: number;
  readonly pending?: Pending;
  readonly receipt?: Receipt;
  readonly problem?: Problem;
}

export const decodeBatch: Decoder<{ readonly items: readonly BatchItem[] }> = object({
  items: list(
    object({
      status: integer,
      pending: optional(decodePending),
      receipt: optional(decodeReceipt),
      problem: optional(decodeProblem),
    }),
  ),
});

/** A receipt as outcome; the problem of a refused one is made from its failure. */
export function outcomeOfReceipt(id: TransactionId, receipt: Receipt): Outcome {
  if (receipt.succeeded) return { state: 'committed', id, receipt };
  const { failure } = receipt;
  const problem: Problem = {
    status: 422,
    code: failure?.code ?? 'NODE_TRANSACTION_FAILED',
    title: failure?.detail ?? 'The contract refused the transaction.',
    detail: failure?.detail ?? `The contract refused the transaction (code ${receipt.code}).`,
    remedy: failure?.remedy ?? 'Ask a node that keeps the words of this receipt.',
    ...(failure?.errors !== undefined && { errors: failure.errors }),
    receipt,
  };
  return { state: 'refused', id, problem };
}
