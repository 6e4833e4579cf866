/**
 * Asking for signatures (protocol §9). The guard has the last word; the machine asks only for what
 * it expects to be granted: above every position signed, and once per slot.
 */
import type { Height, Round } from '@daybook/core';
import type { Work } from './draft.ts';
import { emit } from './draft.ts';
import type { SignRequest } from './effect.ts';
import type { SigningStep, SignRefused } from './event.ts';
import { comparePositions, slotKey } from './slot.ts';
import type { State } from './state.ts';

/** Whether nothing may be signed at this height because the vote log is incomplete (§12). */
export function isQuarantinedAt({ quarantine }: State, height: Height): boolean {
  if (quarantine === undefined) return false;
  return quarantine.resumeAbove === undefined || height <= quarantine.resumeAbove;
}

/** I16: a validator of V_h outside quarantine. */
export function isSigner(work: Work): boolean {
  const { context } = work.height;
  return context.selfIndex !== undefined && !isQuarantinedAt(work.state, context.height);
}

/** Whether a request for this slot makes sense now (G1): not asked, not refused, not passed. */
export function maySign(work: Work, round: Round, step: SigningStep): boolean {
  if (!isSigner(work)) return false;
  const key = slotKey(round, step);
  const { pending, refused, paused, context } = work.height;
  if (pending[key] !== undefined || refused.includes(key) || paused.includes(key)) return false;
  const { guard } = work.state;
  return (
    guard === undefined || comparePositions({ height: context.height, round, step }, guard) > 0
  );
}

function slotOfRequest(request: SignRequest): { round: Round; step: SigningStep } {
  const round = request.type === 'pre-prepare' ? request.round : request.content.round;
  return { round, step: request.type };
}

/** Emits `sign` and remembers the request until its answer. */
export function requestSignature(work: Work, request: SignRequest): void {
  const { round, step } = slotOfRequest(request);
  work.height.pending = { ...work.height.pending, [slotKey(round, step)]: request };
  emit(work, { type: 'sign', request });
}

/** Takes a request out of the books and returns it. */
export function settleRequest(
  work: Work,
  round: Round,
  step: SigningStep,
): SignRequest | undefined {
  const { [slotKey(round, step)]: request, ...rest } = work.height.pending;
  work.height.pending = rest;
  return request;
}

/** The lock as the guard will hold it once every request made so far is granted. */
export function comingLock(work: Work): Work['height']['lock'] {
  let lock = work.height.lock;
  for (const request of Object.values(work.height.pending)) {
    if (request.type !== 'commit') continue;
    if (lock === undefined || request.lock.round > lock.round) lock = request.lock;
  }
  return lock;
}

/**
 * A ROUND-CHANGE that named another lock than the log holds deserves a second, corrected request:
 * the one it named was never logged, or one was logged of which the machine has learned since.
 */
function isOutdated(work: Work, request: SignRequest | undefined): boolean {
  if (request?.type !== 'round-change') return false;
  return request.content.prepared?.round !== comingLock(work)?.round;
}

/** The guard did not grant a request: for ever, or until the next RESEND. */
export function uponRefused(work: Work, { slot, reason }: SignRefused): void {
  if (slot.height !== work.height.context.height) return;
  const { round, type: step } = slot;
  const key = slotKey(round, step);
  const request = settleRequest(work, round, step);
  const { height } = work;
  emit(work, {
    type: 'notice',
    notice: { code: 'CONSENSUS_SIGNING_REFUSED', height: slot.height, round, step, reason },
  });
  if (reason === 'paused') {
    height.paused = [...height.paused, key];
    return;
  }
  if (!isOutdated(work, request)) height.refused = [...height.refused, key];
  // R4: the guard knows of another PREPARE in this round; the proposal is not accepted after all.
  if (step !== 'prepare' || round !== height.round) return;
  height.accepted = undefined;
  const proposal = height.proposals[round];
  if (proposal === undefined) return;
  height.proposals = { ...height.proposals, [round]: { ...proposal, stage: 'refused' } };
}
