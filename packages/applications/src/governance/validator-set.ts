/**
 * Changes of the validator set (protocol §15): refused early where nothing could admit them, kept
 * until their boundary, and admitted there by the rules that keep a quorum alive.
 */
import type { RowOf } from '@daybook/contracts';
import type { PublicKey, Validator, ValidatorId, ValidatorSet } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  assert,
  asValidatorId,
  buildValidatorSet,
  carryRotation,
  equalBytes,
  indexOfValidator,
  isGoodPublicKey,
  isPlanted,
  LIMITS,
  possessionSignBytes,
  quorumOf,
  validatorIdOf,
  verifyStrict,
  ZERO_HASH,
} from '@daybook/core';
import type { Hall, Keeper, PendingChange, Proposal } from './context.ts';
import {
  boundaryAfter,
  epochOf,
  setAt,
  settleProposal,
  storedSetOf,
  validatorsMin,
} from './ground.ts';
import type { records } from './records.ts';
import { PENDING_MAX } from './records.ts';
import { putRotation, rotationOf } from './turns.ts';

/** A change that no boundary admits is given up after so long: whoever joins needs days, not blocks. */
const PATIENCE_MS = 30 * 24 * 3_600_000;
/** How many epochs back a READY may name a block. */
export const READY_EPOCHS = 2;

export function needValidator(context: Hall, id: Uint8Array): RowOf<typeof records.validator> {
  const row = context.records.validator.get({ id });
  context.check(row?.status === 'active', 'VALIDATOR_UNKNOWN');
  assert(row !== undefined, 'a check ends the transaction');
  return row;
}

/** spec X-13 (2), and the proof that whoever proposes the key holds it. */
export function checkConsensusKey(
  context: Hall,
  key: Uint8Array,
  holder: { readonly organisation: string; readonly proof: Uint8Array },
): void {
  context.check(isGoodPublicKey(key), 'KEY_UNUSABLE');
  context.check(!context.records.consensusKey.has({ publicKey: key }), 'KEY_USED');
  const publicKey = asPublicKey(key);
  const claim = { purpose: 'consensus', publicKey } as const;
  const message = possessionSignBytes(asHash(context.chain), claim, holder.organisation);
  const isHeld = verifyStrict(publicKey, message, asSignature(holder.proof));
  context.check(isHeld, 'KEY_NOT_POSSESSED');
}

/** A change that could never be admitted is refused before anybody votes. */
export function checkSetSize(context: Hall, difference: 1 | -1): void {
  const row = context.records.validators.get({});
  const present = row === undefined ? [] : setAt(row, context.height);
  const waiting = context.records.pending.get({})?.changes ?? [];
  const joining = waiting.filter((one) => one.kind === 'addValidator').length;
  const leaving = waiting.filter((one) => one.kind === 'removeValidator').length;
  const count = present.length + joining - leaving + difference;
  const min = validatorsMin(context);
  const max = LIMITS.validatorsMax;
  context.check(difference > 0 || count >= min, 'VALIDATORS_TOO_FEW', { count, min });
  context.check(difference < 0 || count <= max, 'VALIDATORS_TOO_MANY', { count, max });
}

/**
 * spec X-13 (6), before anybody votes: whoever misses its turns is taken to be down, and a change
 * that would leave fewer live validators than the new quorum is refused. One that joins, or returns
 * with a new key, counts as live: nothing is admitted without its READY.
 */
export function checkQuorumKept(
  context: Hall,
  { removed, joining }: { readonly removed?: Uint8Array; readonly joining: 0 | 1 },
): void {
  const row = context.records.validators.get({});
  const present = row === undefined ? [] : setAt(row, context.height);
  if (present.length < LIMITS.validatorsMin) return;
  const resting = (context.records.rotation.get({})?.entries ?? []).filter(
    ({ restUntil }) => restUntil > context.height,
  );
  const staying = present.filter((one) => removed === undefined || !equalBytes(one.id, removed));
  const silent = staying.filter(({ id }) => resting.some((entry) => equalBytes(entry.id, id)));
  const count = staying.length + joining;
  const { quorum } = quorumOf(Math.min(count, LIMITS.validatorsMax));
  const live = count - silent.length;
  const names = silent.map(({ id }) => context.records.validator.get({ id })?.organisation ?? '');
  const facts = { count, live, quorum, silent: names.join(', ') || 'none' };
  context.check(live >= quorum, 'QUORUM_AT_RISK', facts);
}

export function adoptSetChange(context: Hall, row: Proposal, what: PendingChange['kind']): void {
  const changes = context.records.pending.get({})?.changes ?? [];
  context.check(changes.length < PENDING_MAX, 'CHANGES_FULL', { max: PENDING_MAX });
  const { organisation: owner = '', publicKey: key, validator: existing } = row.change;
  const id = existing ?? (key === undefined ? ZERO_HASH : validatorIdOf(asPublicKey(key)));
  const boundary = boundaryAfter(context, row);
  const until = context.timestampMs + PATIENCE_MS;
  const waiting = { proposal: row.number, kind: what, id, organisation: owner, publicKey: key };
  const added = { ...waiting, boundary, tries: 0, until };
  context.records.pending.put({ changes: [...changes, added] });
  settleProposal(context, { ...row, status: 'adopted', effectiveHeight: boundary });
}

/** A set under construction at one boundary. */
export interface Draft {
  readonly set: ValidatorSet;
  readonly changes: number;
  readonly newcomers: number;
}

/**
 * At A-1: applies the waiting changes in the order they were decided, each admitted against the set
 * that the one before it produced; what a rule refuses waits for the next boundary.
 */
export function crossBoundary(context: Keeper, boundary: number): void {
  const sets = context.records.validators.get({});
  const waiting = context.records.pending.get({})?.changes ?? [];
  if (sets === undefined || waiting.length === 0) return;
  const present = setAt(sets, boundary - 1);
  const kept: PendingChange[] = [];
  let draft: Draft = { set: present, changes: 0, newcomers: 0 };
  for (const waitingChange of waiting) {
    if (waitingChange.boundary > boundary) {
      kept.push(waitingChange);
      continue;
    }
    const judged = judgeChange(context, waitingChange, { present, draft, boundary });
    if ('draft' in judged) {
      draft = judged.draft;
      enact(context, waitingChange, boundary);
    } else {
      const delayed = delay(context, waitingChange, { ...judged, boundary });
      if (delayed !== undefined) kept.push(delayed);
    }
  }
  context.records.pending.put({ changes: kept });
  if (draft.changes > 0) installSet(context, present, { set: draft.set, boundary });
}

export function installSet(
  context: Keeper,
  present: ValidatorSet,
  { set, boundary }: { readonly set: ValidatorSet; readonly boundary: number },
): void {
  const next = storedSetOf(set);
  context.records.validators.put({ present: storedSetOf(present), next, nextFrom: boundary });
  putRotation(context, carryRotation(rotationOf(context.records.rotation.get({})), set));
  context.emit('setChanged', { fromHeight: boundary, count: set.length });
}

/** Why a change is not admitted; `forEver` when no later boundary could admit it either. */
export interface Refused {
  readonly rule: string;
  readonly forEver?: true;
}

export interface Judging {
  readonly present: ValidatorSet;
  readonly draft: Draft;
  readonly boundary: number;
}

/** spec X-13: the admission rules of protocol §15, by their numbers. */
export function judgeChange(
  context: Keeper,
  waiting: PendingChange,
  { present, draft, boundary }: Judging,
): { readonly draft: Draft } | Refused {
  const applied = applyChange(draft.set, waiting);
  if (applied === undefined) return { rule: 'the validator is not in the set', forEver: true };
  const { kind: what, publicKey: key } = waiting;
  const count = applied.length;
  const min = validatorsMin(context);
  // (1)
  if (count < min && what === 'removeValidator')
    return { rule: `(1) fewer than ${min} validators` };
  if (count > LIMITS.validatorsMax)
    return { rule: `(1) more than ${LIMITS.validatorsMax} validators` };
  // (2) Possession and torsion were proven when it was proposed; another may have taken the key.
  if (key !== undefined && context.records.consensusKey.has({ publicKey: key })) {
    return { rule: '(2) the key is or was in use', forEver: true };
  }
  // (3)
  const changesMax = Math.max(1, quorumOf(present.length).faultyMax);
  if (draft.changes + 1 > changesMax && !isPlanted('set-change-unbounded'))
    return { rule: `(3) more than ${changesMax} changes at once` };
  // (4)
  const since = boundary - READY_EPOCHS * epochOf(context);
  const isReady = (one: Uint8Array): boolean =>
    (context.records.ready.get({ publicKey: one })?.height ?? -1) >= Math.max(since, 0);
  if (key !== undefined && !isReady(key)) return { rule: '(4) no fresh READY of the newcomer' };
  // (5)
  const newcomers = draft.newcomers + (key === undefined ? 0 : 1);
  const { quorum } = quorumOf(count);
  if (present.length >= LIMITS.validatorsMin && newcomers > count - quorum) {
    return { rule: '(5) too many newcomers for the quorum' };
  }
  // (6)
  const readyCount = applied.filter((one) => isReady(one.publicKey)).length;
  if (readyCount < quorum) return { rule: `(6) ${readyCount} of ${quorum} validators are READY` };
  return { draft: { set: applied, changes: draft.changes + 1, newcomers } };
}

/** The set after a change; undefined if the change no longer fits it. */
export function applyChange(set: ValidatorSet, waiting: PendingChange): ValidatorSet | undefined {
  const id: ValidatorId = asValidatorId(waiting.id);
  const { kind: what, publicKey: key } = waiting;
  const isMember = indexOfValidator(set, id) !== undefined;
  const others = set.filter((one) => !equalBytes(one.id, id));
  if (what === 'removeValidator') return isMember && others.length > 0 ? others : undefined;
  if (key === undefined || isMember !== (what === 'rotateValidator')) return undefined;
  const publicKey: PublicKey = asPublicKey(key);
  const joining: Validator = { id, publicKey };
  return others.length < LIMITS.validatorsMax ? buildValidatorSet([...others, joining]) : undefined;
}

/** Keeps the records of an admitted change. */
export function enact(context: Keeper, waiting: PendingChange, boundary: number): void {
  const { id, organisation: owner, publicKey: key, proposal } = waiting;
  const row = context.records.validator.get({ id });
  if (row !== undefined) retireKey(context, row.publicKey, boundary);
  if (waiting.kind === 'removeValidator') {
    if (row !== undefined) context.records.validator.put({ ...row, status: 'removed' });
  } else if (key !== undefined) {
    const sinceHeight = row?.sinceHeight ?? boundary;
    const next = { id, organisation: owner, publicKey: key, sinceHeight };
    context.records.validator.put({ ...next, status: 'active' });
    context.records.consensusKey.insert({ publicKey: key, id, fromHeight: boundary });
  }
  const decided = context.records.proposal.need({ number: proposal });
  settleProposal(context, { ...decided, status: 'done', effectiveHeight: boundary });
}

function retireKey(context: Keeper, publicKey: Uint8Array, untilHeight: number): void {
  const row = context.records.consensusKey.need({ publicKey });
  context.records.consensusKey.put({ ...row, untilHeight });
}

/** Moves a change to the next boundary, or gives it up. */
export function delay(
  context: Keeper,
  waiting: PendingChange,
  { rule, forEver, boundary }: Refused & { readonly boundary: number },
): PendingChange | undefined {
  const tries = waiting.tries + 1;
  if (forEver === true || context.timestampMs > waiting.until) {
    const decided = context.records.proposal.need({ number: waiting.proposal });
    settleProposal(context, { ...decided, status: 'failed', outcome: rule });
    return undefined;
  }
  const next = boundary + epochOf(context);
  // Told when the reason is new: a busy chain crosses a boundary every few seconds.
  if (rule !== waiting.rule) {
    context.emit('changeDelayed', { proposal: waiting.proposal, boundary: next, rule });
  }
  return { ...waiting, boundary: next, tries, rule };
}
