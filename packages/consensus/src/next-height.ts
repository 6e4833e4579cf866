/**
 * Messages for the height after the present one (§11): a node that finalises a little later than
 * the others must not lose the start of the next height. Anything further ahead is only a hint to
 * sync.
 */
import type { Commit, Prepare, Round, RoundChange } from '@daybook/core';
import { toHex, updateRotation } from '@daybook/core';
import type { Work } from './draft.ts';
import { proposerAt, proposerUnder } from './draft.ts';
import type { ProposalReceived } from './event.ts';
import { NEXT_HEIGHT_ROUND_MAX } from './limits.ts';
import type { HeightState } from './state.ts';
import type { Row } from './votes.ts';
import { withHeld } from './votes.ts';

/**
 * Who will propose at the next height, judged by the block this height seems to decide. A wrong
 * guess (a set change, another block) costs one RESEND, never safety.
 */
export function expectedProposer(height: HeightState, round: Round): number | undefined {
  const { context, decision, accepted, blocks } = height;
  const hash = decision?.blockHash ?? accepted;
  const header = hash === undefined ? undefined : blocks[toHex(hash)]?.block.header;
  const proposer = header?.proposer ?? context.validators[proposerAt(height, 0)]?.id;
  if (proposer === undefined) return undefined;
  const { chain, validators, rotation, parameters } = context;
  const { epochBlocks } = parameters;
  const here = { chain, height: context.height, epochBlocks, validators, rotation };
  const next = { ...context, rotation: updateRotation(here, proposer) };
  return proposerUnder(next, context.height + 1, round);
}

/** Keeps a proposal of round 0 or 1 from its expected proposer. */
export function keepNextProposal(work: Work, received: Omit<ProposalReceived, 'type'>): void {
  const { message, receivedWallMs, sound } = received;
  const { round } = message.signed.content;
  const { next } = work.state;
  if (round > NEXT_HEIGHT_ROUND_MAX || next.proposals[round] !== undefined) return;
  if (message.signed.sender !== expectedProposer(work.height, round)) return;
  const proposal = { message, receivedWallMs, sound, sinceMonoMs: work.now.monoMs };
  work.state.next = { ...next, proposals: { ...next.proposals, [round]: proposal } };
}

/** The row with the vote in it, unless one of the same or a higher round is there. */
function withHigher<Vote extends Prepare | Commit | RoundChange>(
  row: Row<Vote>,
  message: Vote,
  sinceMonoMs: number,
): Row<Vote> {
  const { sender, content } = message.signed;
  const held = row[sender];
  if (held !== undefined && held.message.signed.content.round >= content.round) return row;
  return withHeld(row, sender, { message, sinceMonoMs });
}

/** Keeps one vote of each kind per validator: rounds 0 and 1, ROUND-CHANGEs of any round. */
export function keepNextVote(work: Work, message: Prepare | Commit | RoundChange): void {
  const { next } = work.state;
  const { monoMs } = work.now;
  if (message.type === 'round-change') {
    const roundChanges = withHigher(next.roundChanges, message, monoMs);
    work.state.next = { ...next, roundChanges };
    return;
  }
  if (message.signed.content.round > NEXT_HEIGHT_ROUND_MAX) return;
  if (message.type === 'prepare') {
    work.state.next = { ...next, prepares: withHigher(next.prepares, message, monoMs) };
    return;
  }
  work.state.next = { ...next, commits: withHigher(next.commits, message, monoMs) };
}
