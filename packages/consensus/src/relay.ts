/**
 * R14: two validators whose direct link is down still meet through a third. A message is forwarded
 * at once to those without a link to its sender; otherwise only what a STATUS lacks and is held for
 * RESEND. A healthy mesh forwards nothing.
 */
import type { Status, VoteMessage } from '@daybook/core';
import { hasBit } from './bitmap.ts';
import type { Work } from './draft.ts';
import { emit, selfOf } from './draft.ts';
import { RESEND_AGE_MS, STATUS_FRESH_MS } from './limits.ts';
import type { PeerView } from './state.ts';
import type { Held } from './votes.ts';

function freshView(work: Work, validator: number): PeerView | undefined {
  const view = work.state.peers[validator];
  if (view === undefined) return undefined;
  return work.now.monoMs - view.atMonoMs > STATUS_FRESH_MS ? undefined : view;
}

/** Whether a link between two validators is known, from either end. */
function areLinked(work: Work, a: number, b: number): boolean {
  const self = selfOf(work);
  if (a === self) return work.state.links.includes(b);
  if (b === self) return work.state.links.includes(a);
  const ofA = freshView(work, a);
  if (ofA !== undefined) return hasBit(ofA.status.links, b);
  const ofB = freshView(work, b);
  return ofB !== undefined && hasBit(ofB.status.links, a);
}

/** Whether this node is among the F1 lowest validators that are linked to both. */
function isGoBetween(work: Work, from: number, to: number): boolean {
  const self = selfOf(work);
  const { context, quorum } = work.height;
  const between = context.validators
    .map((_, index) => index)
    .filter((index) => index !== from && index !== to)
    .filter((index) => areLinked(work, index, from) && areLinked(work, index, to))
    .slice(0, quorum.oneCorrect);
  return self !== undefined && between.includes(self);
}

/** Validators that the sender cannot reach and this node should. */
function cutOff(work: Work, sender: number): readonly number[] {
  return work.state.links.filter((index) => {
    if (index === sender) return false;
    const view = freshView(work, index);
    if (view === undefined || hasBit(view.status.links, sender)) return false;
    return isGoBetween(work, sender, index);
  });
}

/**
 * Forwards a message that has just been received, or received again, for its sender.
 * @returns the place with the time of forwarding noted
 */
export function relayHeld<Message extends VoteMessage, Place extends Held<Message>>(
  work: Work,
  held: Place,
): Place {
  const { sender } = held.message.signed;
  if (sender === selfOf(work)) return held;
  const { relayedMonoMs } = held;
  if (relayedMonoMs !== undefined && work.now.monoMs - relayedMonoMs < RESEND_AGE_MS) return held;
  const to = cutOff(work, sender);
  if (to.length === 0) return held;
  emit(work, { type: 'send', message: held.message, to });
  return { ...held, relayedMonoMs: work.now.monoMs };
}

/**
 * Votes of the round a STATUS speaks of, that it lacks and that are held long enough. Those of its own
 * sender are among them: a validator that lacks a vote of its own key has a double, and must know (R15).
 */
function lackedVotes(work: Work, status: Status): readonly VoteMessage[] {
  const { height, now } = work;
  const self = selfOf(work);
  const rows = [
    { row: height.prepares[status.round], bitmap: status.held.prepare },
    { row: height.commits[status.round], bitmap: status.held.commit },
    { row: height.roundChanges[status.round], bitmap: status.held.roundChange },
  ];
  return rows.flatMap(({ row = [], bitmap }) =>
    row.flatMap((held, index) => {
      if (held === undefined || index === self || hasBit(bitmap, index)) return [];
      return now.monoMs - held.sinceMonoMs < RESEND_AGE_MS ? [] : [held.message];
    }),
  );
}

/**
 * A proposal is large: at each turn only F1 validators supply it, others at the next turn, so that
 * thirty nodes do not send thirty copies.
 */
function suppliesProposal(work: Work, to: number, view: PeerView): boolean {
  const self = selfOf(work);
  const count = work.height.context.validators.length;
  if (self === undefined || count < 2) return false;
  const { oneCorrect } = work.height.quorum;
  const place = (self - to + count - 1) % count;
  return (place + view.supplies * oneCorrect) % (count - 1) < oneCorrect;
}

/** Answers a STATUS of this height with what it lacks, at most once per RESEND and peer. */
export function supplyLacking(work: Work, to: number, view: PeerView): PeerView {
  const { height, now } = work;
  const { status, suppliedMonoMs } = view;
  if (status.height !== height.context.height || selfOf(work) === undefined) return view;
  if (suppliedMonoMs !== undefined && now.monoMs - suppliedMonoMs < RESEND_AGE_MS) return view;

  const lacked: VoteMessage[] = [...lackedVotes(work, status)];
  const proposal = height.proposals[status.round];
  const sender = proposal?.message.signed.sender;
  const owed =
    proposal !== undefined &&
    sender !== undefined &&
    sender !== selfOf(work) &&
    sender !== to &&
    !hasBit(status.held.prePrepare, sender) &&
    now.monoMs - proposal.sinceMonoMs >= RESEND_AGE_MS;
  if (owed && suppliesProposal(work, to, view)) lacked.unshift(proposal.message);
  for (const message of lacked) emit(work, { type: 'send', message, to: [to] });
  const owes = owed || lacked.length > 0;
  return owes ? { ...view, suppliedMonoMs: now.monoMs, supplies: view.supplies + 1 } : view;
}
