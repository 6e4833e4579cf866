/**
 * From handing in to the answer: admits transactions, waits as long as the client wants, and says
 * how far each has come. `accepted` survives the loss of f nodes; only `committed` is final.
 */
import type { TransactionId } from '@daybook/core';
import { headView, receiptView } from './chain-view.ts';
import type { ContractViews } from './contract-view.ts';
import type { FinalBlocks } from './final-blocks.ts';
import type { Chain, Placement, Records, Submissions } from './ports.ts';
import type { Catalogue, Problem } from './problem.ts';
import { problemOf } from './problem.ts';
import type { View, ViewMap } from './view.ts';

export type WaitFor = 'none' | 'accepted' | 'committed';

/** How one transaction of a request came out. */
export type Outcome =
  | { readonly kind: 'pending'; readonly view: ViewMap }
  | { readonly kind: 'committed'; readonly view: ViewMap }
  /** Final, but refused by a contract: nothing was changed. */
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'refused'; readonly problem: Problem };

export interface WaitingParts {
  readonly chain: Chain;
  readonly blocks: FinalBlocks;
  readonly submissions: Submissions;
  readonly records: Records;
  /** Of the contracts that act now. */
  readonly catalogue: () => Catalogue;
  readonly views: () => ContractViews;
}

/** The receipt of a final transaction, its failure in words. */
export async function readReceipt(
  place: Placement,
  parts: WaitingParts,
): Promise<ViewMap | undefined> {
  const block = await parts.blocks.at(place.height);
  const code = block?.results[place.index]?.code;
  if (block === undefined || code === undefined) return undefined;
  const refusal = code === 0 ? undefined : await parts.records.explain(place);
  const remedy = refusal && (parts.catalogue().get(refusal.code)?.remedy ?? '');
  const failure = refusal && remedy !== undefined ? { ...refusal, remedy } : undefined;
  return receiptView(block, place, { failure, views: parts.views() });
}

/**
 * Admits transactions in wire form and waits.
 * @param signal  ends the waiting, not the transactions
 * @returns       one outcome per transaction, same order
 */
export async function submitAndWait(
  wires: readonly Uint8Array[],
  wait: { readonly for: WaitFor; readonly signal: AbortSignal },
  parts: WaitingParts,
): Promise<readonly Outcome[]> {
  const admitted = await parts.submissions.submit(wires);
  return await Promise.all(
    admitted.map(async (result): Promise<Outcome> => {
      if (!result.ok) return { kind: 'refused', problem: problemOf(result.reason) };
      return await follow(result.value.id, wait, parts);
    }),
  );
}

async function follow(
  id: TransactionId,
  wait: { readonly for: WaitFor; readonly signal: AbortSignal },
  parts: WaitingParts,
): Promise<Outcome> {
  switch (wait.for) {
    case 'none':
      return pending(id, parts);
    case 'accepted': {
      const reached = await parts.submissions.accepted(id, wait.signal);
      return reached === 'expired' ? expired(id) : pending(id, parts);
    }
    case 'committed': {
      const reached = await parts.submissions.committed(id, wait.signal);
      if (reached === 'aborted') return pending(id, parts);
      return reached === 'expired' ? expired(id) : await committed(id, reached, parts);
    }
  }
}

async function pending(id: TransactionId, parts: WaitingParts): Promise<Outcome> {
  const state = parts.submissions.pending(id);
  if (state === undefined) {
    // It left the mempool between two looks: final by now, or expired.
    const place = await parts.chain.locate(id);
    return place === undefined ? expired(id) : await committed(id, place, parts);
  }
  return { kind: 'pending', view: { id, state, head: headView(parts.chain.head()) } };
}

async function committed(
  id: TransactionId,
  place: Placement,
  parts: WaitingParts,
): Promise<Outcome> {
  const receipt = await readReceipt(place, parts);
  if (receipt === undefined) return { kind: 'pending', view: { id, state: 'accepted' } };
  if (receipt.succeeded === true) return { kind: 'committed', view: receipt };
  return { kind: 'failed', problem: failureProblem(receipt) };
}

/** A refused transaction as a problem that carries its receipt. */
function failureProblem(receipt: ViewMap): Problem {
  const failure = receipt.failure as
    | { readonly code: string; readonly detail: string; readonly errors?: Problem['errors'] }
    | undefined;
  const code = failure?.code ?? 'NODE_TRANSACTION_FAILED';
  return {
    code,
    ...(failure !== undefined && { detail: failure.detail }),
    ...(failure?.errors !== undefined && { errors: failure.errors }),
    facts: { receipt },
  };
}

function expired(id: View): Outcome {
  return { kind: 'refused', problem: { code: 'NODE_TRANSACTION_EXPIRED', facts: { id } } };
}
