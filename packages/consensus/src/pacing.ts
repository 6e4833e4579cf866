/**
 * R2: when a block is wanted. Nothing happens on an idle chain until work, somebody's proposal, a
 * lasting ROUND-CHANGE or EMPTY_INTERVAL makes a block wanted; all by the monotonic clock.
 */
import { roundDurationMs } from '@daybook/core';
import type { Work } from './draft.ts';
import { emit, isScheduled, jittered, schedule } from './draft.ts';
import { RESEND_JITTER_PERCENT, RESEND_MS } from './limits.ts';
import { armRound } from './round.ts';
import { isEmptyTable, roundsOf } from './votes.ts';

/** A ROUND-CHANGE makes a block wanted once T(0) has passed, and is forwarded once. */
function wantIfAsked(work: Work): void {
  const { height, now } = work;
  if (height.want) return;
  const rounds = roundsOf(height.roundChanges);
  const highest = rounds.at(-1);
  if (highest === undefined) return;
  const patientUntil = height.enteredMonoMs + roundDurationMs(height.context.parameters, 0);
  if (now.monoMs < patientUntil) {
    schedule(work, 'patience', patientUntil);
    return;
  }
  height.want = true;
  const held = height.roundChanges[highest]?.find((place) => place !== undefined);
  if (held !== undefined) emit(work, { type: 'send', message: held.message, to: 'validators' });
}

function wantIfQuiet(work: Work): void {
  const { height, now } = work;
  const { emptyIntervalMs } = height.context.parameters;
  if (now.monoMs >= height.enteredMonoMs + emptyIntervalMs) height.want = true;
}

/** Whether nothing is going on at this height, here or, as far as votes tell, elsewhere. */
export function isIdle({ height }: Work): boolean {
  const tables = [height.prepares, height.commits, height.roundChanges];
  if (height.want || height.round !== 0 || height.decision !== undefined) return false;
  return tables.every(isEmptyTable);
}

/** R11 runs at its full pace again once the height is no longer idle. */
function quickenResend(work: Work): void {
  const due = work.state.timers.resend;
  const latest = work.now.monoMs + (RESEND_MS * (100 + RESEND_JITTER_PERCENT)) / 100;
  if (due === undefined || due <= latest) return;
  schedule(work, 'resend', work.now.monoMs + jittered(work, RESEND_MS));
}

/** R2: arm timer(0) once a block is wanted and BLOCK_INTERVAL has passed. */
export function pace(work: Work): void {
  const { height, state, now } = work;
  if (state.workPending) height.want = true;
  wantIfQuiet(work);
  wantIfAsked(work);
  if (isIdle(work)) return;
  quickenResend(work);
  if (!height.want || height.round !== 0 || isScheduled(work, 'round')) return;
  const dueMonoMs = height.enteredMonoMs + height.context.parameters.blockIntervalMs;
  if (now.monoMs >= dueMonoMs) armRound(work);
  else schedule(work, 'pacing', dueMonoMs);
}
