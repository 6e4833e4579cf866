/**
 * R11: sending again what may have been lost. This is what makes the protocol live under message
 * loss; it is not an optimisation. Everything is sent byte-identical to how it was signed.
 */
import type { VoteMessage } from '@daybook/core';
import { isPlanted } from '@daybook/core';
import { hasBit } from './bitmap.ts';
import { clockOffset } from './clock.ts';
import type { Work } from './draft.ts';
import { emit, forgetTimer, jittered, schedule, selfOf } from './draft.ts';
import { RESEND_AGE_MS, RESEND_MS, STATUS_IDLE_MS } from './limits.ts';
import { isIdle } from './pacing.ts';
import { sendStatus } from './status.ts';
import { heldAt, roundsOf } from './votes.ts';

/** Own votes that count: RC of the highest round, PREPARE of this one, COMMITs of the window. */
function ownVotes(work: Work, self: number): readonly VoteMessage[] {
  const { round, prepares, commits, roundChanges, context } = work.height;
  const highest = roundsOf(roundChanges)
    .map((asked) => heldAt(roundChanges, asked, self))
    .filter((held) => held !== undefined)
    .at(-1);
  const recent = roundsOf(commits)
    .filter((past) => past >= round - context.parameters.roundWindow)
    .map((past) => heldAt(commits, past, self));
  const votes = [highest, heldAt(prepares, round, self), ...recent];
  return votes.flatMap((held) => (held === undefined ? [] : [held.message]));
}

/** The own proposal goes again only to those whose STATUS does not show it: it is large. */
function resendProposal(work: Work, self: number): void {
  const { round, proposals, context } = work.height;
  const proposal = proposals[round]?.message;
  if (proposal?.signed.sender !== self) return;
  const to = context.validators.flatMap((_, index) => {
    const status = work.state.peers[index]?.status;
    const holds =
      status?.height === context.height &&
      status.round === round &&
      hasBit(status.held.prePrepare, self);
    return index === self || holds ? [] : [index];
  });
  if (to.length > 0) emit(work, { type: 'send', message: proposal, to });
}

function resendOwn(work: Work): void {
  const self = selfOf(work);
  if (self === undefined || isPlanted('no-resend')) return;
  resendProposal(work, self);
  for (const message of ownVotes(work, self)) {
    emit(work, { type: 'send', message, to: 'validators' });
  }
}

function refetch(work: Work): void {
  for (const { hash, from } of Object.values(work.height.missing)) {
    emit(work, { type: 'fetch', hash, from });
  }
}

/** §14: warns from half of PRECISION on; beyond it the node does not propose. */
function warnOfClock(work: Work): void {
  const { quorum, context } = work.height;
  const offsetMs = clockOffset(work.state, work.now, quorum.quorum - 1);
  const { precisionMs } = context.parameters;
  if (offsetMs === undefined || Math.abs(offsetMs) * 2 <= precisionMs) return;
  const proposing = Math.abs(offsetMs) <= precisionMs;
  emit(work, { type: 'notice', notice: { code: 'CONSENSUS_CLOCK_OFF', offsetMs, proposing } });
}

/** Shows the status, sends own votes again, and sets the timer for the next time. */
export function resend(work: Work): void {
  sendStatus(work);
  for (const message of work.state.carried) {
    emit(work, { type: 'send', message, to: 'validators' });
  }
  if (work.state.phase === 'running') {
    work.height.paused = [];
    resendOwn(work);
    refetch(work);
  }
  schedule(
    work,
    'resend',
    work.now.monoMs + (isIdle(work) ? STATUS_IDLE_MS : jittered(work, RESEND_MS)),
  );
}

/** RESEND has passed. In a height younger than RESEND nothing has had the time to get lost. */
export function uponResendTimeout(work: Work): void {
  forgetTimer(work, 'resend');
  warnOfClock(work);
  if (work.now.monoMs - work.height.enteredMonoMs >= RESEND_AGE_MS) {
    resend(work);
    return;
  }
  sendStatus(work);
  work.height.paused = [];
  schedule(
    work,
    'resend',
    work.now.monoMs + (isIdle(work) ? STATUS_IDLE_MS : jittered(work, RESEND_MS)),
  );
}
