/**
 * Own messages: back from the signer, and such as only another holder of the key can have signed.
 */
import type { VoteMessage } from '@daybook/core';
import type { Draft, Work } from './draft.ts';
import { emit } from './draft.ts';
import { ingest } from './ingest.ts';
import { isQuarantinedAt, settleRequest } from './sign.ts';
import { comparePositions, positionOf } from './slot.ts';
import { stop } from './stop.ts';

/** Raises the known position of the guard; a logged message returned again leaves it (G1). */
export function raiseGuard(draft: Draft, message: VoteMessage): void {
  const position = positionOf(message.signed.content);
  const { guard } = draft.state;
  if (guard === undefined || comparePositions(position, guard) > 0) draft.state.guard = position;
}

/** Answer to `sign`: durable now, so it may leave, and counts like any other vote. */
export function uponSigned(work: Work, message: VoteMessage): void {
  raiseGuard(work, message);
  const { content } = message.signed;
  const { context } = work.height;
  if (content.height !== context.height) return;
  const request = settleRequest(work, content.round, content.type);
  if (request?.type === 'commit') work.height.lock = request.lock;
  if (context.validators.length > 1) emit(work, { type: 'send', message, to: 'validators' });
  if (work.state.phase !== 'running') return;
  ingest(work, message, { receivedWallMs: work.now.wallMs, sound: true });
}

/**
 * R15: the own key signed something the own log does not know, at a height that is not history.
 * Below the guard the log is pruned, in quarantine it is known to be incomplete.
 */
export function uponStranger(work: Work, message: VoteMessage): void {
  const { height } = message.signed.content;
  const { guard } = work.state;
  if (isQuarantinedAt(work.state, height) || height < work.height.context.height) return;
  if (guard !== undefined && height < guard.height) return;
  stop(work, {
    code: 'CONSENSUS_KEY_ELSEWHERE',
    content: message.signed.content,
    seenIn: 'message',
  });
}
