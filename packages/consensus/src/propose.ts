/**
 * R3 and R10: proposing, in round 0 when a block is wanted, later when Q have asked for the round.
 */
import type { Hash, Justification, RoundChange } from '@daybook/core';
import { addBlock, blockOf, fetchBlock, judgeVouched, storeBlock } from './blocks.ts';
import type { Choice } from './choose.ts';
import { chooseRoundChanges } from './choose.ts';
import { clockOffset } from './clock.ts';
import type { Work } from './draft.ts';
import { emit, isScheduled, proposerOfRound, selfOf } from './draft.ts';
import type { BlockBuilt } from './event.ts';
import { maySign, requestSignature } from './sign.ts';

/** Proposes a valid block; PREPARE follows at once, so that one synced write serves both. */
function requestProposal(
  work: Work,
  blockHash: Hash,
  justification: Justification | undefined,
): void {
  const { context, round } = work.height;
  const slot = { height: context.height, round, blockHash };
  storeBlock(work, blockHash);
  const proof = justification && { justification };
  requestSignature(work, { type: 'pre-prepare', ...slot, ...proof });
  if (!maySign(work, round, 'prepare')) return;
  requestSignature(work, { type: 'prepare', content: { type: 'prepare', ...slot } });
}

/**
 * §14: with a clock beyond PRECISION from the others' median, others would refuse the timestamp.
 */
function isClockGood(work: Work): boolean {
  const { context, quorum } = work.height;
  const offset = clockOffset(work.state, work.now, quorum.quorum - 1);
  return offset === undefined || Math.abs(offset) <= context.parameters.precisionMs;
}

/** Has a block built, then proposes it. */
function proposeFresh(work: Work, justification: Justification | undefined): void {
  const { context, round, proposing } = work.height;
  const built = proposing?.round === round ? proposing.blockHash : undefined;
  if (built !== undefined && blockOf(work, built)?.verdict === 'valid') {
    requestProposal(work, built, justification);
    return;
  }
  if (proposing?.round === round || !isClockGood(work)) return;
  work.height.proposing = { round };
  const timestampMs = Math.max(work.now.wallMs, context.parent.timestampMs + 1);
  emit(work, { type: 'build', height: context.height, round, timestampMs });
}

/** Proposes a prepared block again, once it is found valid here, too. */
function proposeAgain(work: Work, blockHash: Hash, justification: Justification): void {
  const entry = blockOf(work, blockHash);
  if (entry === undefined || !judgeVouched(work, entry, 'prepared')) return;
  requestProposal(work, blockHash, justification);
}

/** The block of the present round is ready. */
export function uponBuilt(work: Work, { height, round, block }: BlockBuilt): void {
  const { context, proposing } = work.height;
  if (height !== context.height || round !== work.height.round) return;
  if (proposing?.round !== round || proposing.blockHash !== undefined) return;
  work.height.proposing = { round, blockHash: block.hash };
  addBlock(work, block, 'valid');
}

/** R10: Q of the ROUND-CHANGEs for exactly this round, fetching what a better choice needs. */
function chooseForRound(work: Work): Choice | undefined {
  const { roundChanges, round, quorum } = work.height;
  const votes: RoundChange[] = [];
  for (const held of roundChanges[round] ?? []) {
    if (held !== undefined) votes.push(held.message);
  }
  const isHere = (hash: Hash): boolean => blockOf(work, hash) !== undefined;
  const { choice, wanted } = chooseRoundChanges(votes, quorum.quorum, isHere);
  for (const { hash, from } of wanted) fetchBlock(work, hash, from);
  return choice;
}

/** R3 in round 0, R10 above: propose once, if it is this node's turn and the guard allows. */
export function propose(work: Work): void {
  const { round, proposals } = work.height;
  if (proposals[round] !== undefined || !maySign(work, round, 'pre-prepare')) return;
  if (proposerOfRound(work, round) !== selfOf(work)) return;
  if (round === 0) {
    // R2 arms timer(0) exactly when a block is wanted and BLOCK_INTERVAL has passed.
    if (isScheduled(work, 'round')) proposeFresh(work, undefined);
    return;
  }
  const choice = chooseForRound(work);
  if (choice === undefined) return;
  if (choice.repeat === undefined) proposeFresh(work, choice.justification);
  else proposeAgain(work, choice.repeat, choice.justification);
}
