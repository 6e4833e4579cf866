/** What the parts of governance ask of the state: the set, the epoch, the time lock, a settlement. */
import type { ValidatorSet } from '@daybook/core';
import { asPublicKey, assert, asValidatorId, equalBytes, LIMITS, toHex } from '@daybook/core';
import type { Hall, Keeper, Pending, Proposal, Sets } from './context.ts';
import type { StoredSet } from './fields.ts';

export function setAt({ present, next, nextFrom }: Sets, at: number): ValidatorSet {
  const isNext = next !== undefined && nextFrom !== undefined && at >= nextFrom;
  const chosen = isNext ? next : present;
  return chosen.map(({ id, publicKey: key }) => ({
    id: asValidatorId(id),
    publicKey: asPublicKey(key),
  }));
}

export function storedSetOf(set: ValidatorSet): StoredSet {
  return set.map(({ id, publicKey: key }) => ({ id, publicKey: key }));
}

export function isOrdered(set: StoredSet): boolean {
  const ids = set.map(({ id }) => toHex(id));
  return ids.length > 0 && ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id);
}

export function epochOf(context: Pick<Keeper, 'records'>): number {
  const row = context.records.chain.get({});
  assert(row !== undefined, 'genesis fixes the epoch');
  return row.epochBlocks;
}

export function validatorsMin(context: Pick<Keeper, 'records'>): number {
  const isDevelopment = context.records.chain.get({})?.developmentMode === true;
  return isDevelopment ? 1 : LIMITS.validatorsMin;
}

/** The end of the time lock, or the later height that the proposal states. */
export function lockedUntil(context: Hall, { notBeforeHeight: earliest }: Proposal): number {
  return Math.max(context.height + context.parameters.delayBlocks, earliest ?? 0);
}

/** spec: the first boundary that leaves the activation delay and the time lock. */
export function boundaryAfter(context: Hall, row: Proposal): number {
  const earliest = Math.max(
    context.height + context.parameters.activationDelayBlocks,
    lockedUntil(context, row),
  );
  const epoch = epochOf(context);
  return Math.ceil(earliest / epoch) * epoch;
}

export function settleProposal(context: Pick<Keeper, 'records' | 'emit'>, row: Proposal): void {
  context.records.proposal.put(row);
  const { number: proposal, status, effectiveHeight, outcome: result } = row;
  context.emit('decided', { proposal, status, effectiveHeight, outcome: result });
}

export function memberCount(context: Pick<Hall, 'contracts'>): number {
  return context.contracts.directory.sums.organisationCounts.get({ status: 'active' }).count;
}

/** Whether a consensus key is one of the set at a height, or waits to join it. */
export function isExpected(
  sets: Sets | undefined,
  pending: Pending | undefined,
  { publicKey, height }: { readonly publicKey: Uint8Array; readonly height: number },
): boolean {
  const present = sets === undefined ? [] : setAt(sets, height);
  const waiting = pending?.changes ?? [];
  return (
    present.some((one) => equalBytes(one.publicKey, publicKey)) ||
    waiting.some(({ publicKey: key }) => key !== undefined && equalBytes(key, publicKey))
  );
}
