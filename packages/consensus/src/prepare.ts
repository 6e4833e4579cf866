/** R5: PREPAREs. A quorum of them locks the accepted block and lets the node COMMIT. */
import type { Prepare } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { reportContradictions, votesOf } from './contradiction.ts';
import type { Work } from './draft.ts';
import { selfOf } from './draft.ts';
import { relayHeld } from './relay.ts';
import { maySign, requestSignature } from './sign.ts';
import { certificateOf, heldAt, votesFor, withVote } from './votes.ts';

/** Whether votes of this round have a place (§11). */
export function isInWindow(work: Work, round: number): boolean {
  const { height } = work;
  const { roundWindow } = height.context.parameters;
  return round >= height.round - roundWindow && round <= height.round + roundWindow;
}

/** Stores a PREPARE of the present height; a second, different one becomes evidence. */
export function uponPrepare(work: Work, message: Prepare): void {
  const { height, now } = work;
  const { content, sender, signature } = message.signed;
  const { round } = content;
  if (!isInWindow(work, round)) return;
  reportContradictions(work, votesOf(height), message.signed);
  const held = heldAt(height.prepares, round, sender);
  if (held !== undefined && !equalBytes(held.message.signed.signature, signature)) return;
  const place = { round, sender, count: height.context.validators.length };
  const kept = relayHeld(work, held ?? { message, sinceMonoMs: now.monoMs });
  if (kept !== held) height.prepares = withVote(height.prepares, place, kept);
}

/**
 * R5: a quorum has PREPAREd the accepted block, this node among those that logged it. The lock is
 * written together with the COMMIT that needs it (G2). The own PREPARE counts only if signed.
 */
export function voteCommit(work: Work): void {
  const { accepted, round, context, prepares, quorum } = work.height;
  const self = selfOf(work);
  if (accepted === undefined || self === undefined || !maySign(work, round, 'commit')) return;
  const own = heldAt(prepares, round, self)?.message.signed.content;
  if (own === undefined || !equalBytes(own.blockHash, accepted)) return;
  const votes = votesFor(prepares[round], accepted);
  if (votes.length < quorum.quorum) return;

  const seals = votes.slice(0, quorum.quorum);
  const certificate = certificateOf('prepare', seals, context.validators.length);
  requestSignature(work, {
    type: 'commit',
    content: { type: 'commit', height: context.height, round, blockHash: accepted },
    lock: { round, blockHash: accepted, certificate },
  });
}
