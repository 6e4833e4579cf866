/**
 * Own votes out of the vote log (protocol §12, recovery 5), as if they had been received: after a
 * restart all of the interrupted height, and in the middle of a height those whose answer was lost.
 */
import { assert, isPlanted } from '@daybook/core';
import { addBlock } from './blocks.ts';
import type { Work } from './draft.ts';
import type { Recovered, VotesRecalled } from './event.ts';
import { ingest } from './ingest.ts';
import { raiseGuard } from './own.ts';
import { resend } from './resend.ts';
import { enterRound } from './round.ts';
import { settleRequest } from './sign.ts';
import { isAbove, positionOf } from './slot.ts';

function takeIn(work: Work, { blocks, messages }: Omit<Recovered, 'lock'>): void {
  const { context } = work.height;
  for (const block of blocks) addBlock(work, block);
  const reception = { receivedWallMs: work.now.wallMs, sound: true };
  for (const message of isPlanted('own-votes-forgotten') ? [] : messages) {
    assert(message.signed.sender === context.selfIndex, 'recovered messages are own ones');
    assert(message.signed.content.height === context.height, 'and of the height being decided');
    ingest(work, message, reception);
  }
}

/** A height that is entered anew: the round of the guard, the lock, and every own message. */
export function recover(work: Work, recovered: Recovered): void {
  const { guard } = work.state;
  const { height } = work;
  if (guard === undefined || guard.height !== height.context.height) return;
  height.round = guard.round;
  height.lock = recovered.lock;
  height.want = true;
  takeIn(work, recovered);
}

/**
 * The log was read again while the height goes on. Votes above the guard as the machine knows it
 * were logged and their answers lost, the newest perhaps with a lock: they are taken in, and slots
 * that were refused for want of them may be asked for again. A log that holds nothing new changes
 * nothing, so that no refusal is repeated for ever.
 */
export function uponRecalled(work: Work, { height: of, recovered }: VotesRecalled): void {
  const { state, height } = work;
  if (state.phase !== 'running' || of !== height.context.height) return;
  const known = state.guard;
  const lost = recovered.messages.filter(({ signed }) => {
    return known === undefined || isAbove(positionOf(signed.content), known);
  });
  if (lost.length === 0) return;
  for (const message of lost) {
    const { round, type } = message.signed.content;
    raiseGuard(work, message);
    settleRequest(work, round, type);
    if (round > height.round) enterRound(work, round);
  }
  const { lock } = recovered;
  if (lock !== undefined && lock.round > (height.lock?.round ?? -1)) height.lock = lock;
  height.refused = [];
  height.want = true;
  takeIn(work, { ...recovered, messages: lost });
  // As after a restart, R11 at once: nobody has these votes yet.
  if (work.state.phase === 'running') resend(work);
}
