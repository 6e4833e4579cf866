/** R8: ROUND-CHANGEs. One honest request pulls nobody; F1 of them pull everybody up. */
import type { Round, RoundChange } from '@daybook/core';
import { assert, equalBytes, isPlanted } from '@daybook/core';
import { reportContradictions, votesOf } from './contradiction.ts';
import type { Work } from './draft.ts';
import { selfOf } from './draft.ts';
import { ROUND_CHANGES_PER_VALIDATOR } from './limits.ts';
import { relayHeld } from './relay.ts';
import { moveTo } from './round.ts';
import { comingLock, maySign, requestSignature } from './sign.ts';
import type { Table } from './votes.ts';
import { heldAt, keepRounds, roundsOf, withHeld, withVote } from './votes.ts';

/** Rounds in which a validator's ROUND-CHANGE is held, ascending. */
function roundsHeld(table: Table<RoundChange>, sender: number): readonly Round[] {
  return roundsOf(table).filter((round) => heldAt(table, round, sender) !== undefined);
}

/** Keeps the highest rounds of one validator (§11). */
function dropLowest(table: Table<RoundChange>, sender: number): Table<RoundChange> {
  const lowest = roundsHeld(table, sender)[0];
  const row = lowest === undefined ? undefined : table[lowest];
  if (lowest === undefined || row === undefined) return table;
  const emptied = withHeld(row, sender, undefined);
  if (emptied.some((held) => held !== undefined)) return { ...table, [lowest]: emptied };
  return keepRounds(table, (round) => round !== lowest);
}

/** Whether a further ROUND-CHANGE of this round has a place among the sender's highest. */
export function hasRoundChangePlace(
  table: Table<RoundChange>,
  sender: number,
  round: Round,
): boolean {
  const rounds = roundsHeld(table, sender);
  const lowest = rounds[0];
  return lowest === undefined || rounds.length < ROUND_CHANGES_PER_VALIDATOR || round > lowest;
}

/** Stores a validRC of the present height. */
export function uponRoundChange(work: Work, message: RoundChange): void {
  const { height, now } = work;
  const { content, sender, signature } = message.signed;
  const { round } = content;
  if (round < 1) return;
  reportContradictions(work, votesOf(height), message.signed);
  height.maxRoundChange = height.maxRoundChange.with(
    sender,
    Math.max(height.maxRoundChange[sender] ?? 0, round),
  );
  const held = heldAt(height.roundChanges, round, sender);
  if (held !== undefined && !equalBytes(held.message.signed.signature, signature)) return;
  if (held === undefined && !hasRoundChangePlace(height.roundChanges, sender, round)) return;
  const kept = relayHeld(work, held ?? { message, sinceMonoMs: now.monoMs });
  if (kept === held) return;
  const place = { round, sender, count: height.context.validators.length };
  const table = withVote(height.roundChanges, place, kept);
  const over = roundsHeld(table, sender).length > ROUND_CHANGES_PER_VALIDATOR;
  height.roundChanges = over ? dropLowest(table, sender) : table;
}

/** R8: the F1-th largest round among the others; at least one correct validator is there. */
export function jumpIfAsked(work: Work): void {
  const { maxRoundChange, quorum, round } = work.height;
  const self = selfOf(work);
  const above = maxRoundChange.filter((asked, index) => asked > round && index !== self);
  if (above.length < quorum.oneCorrect) return;
  const wanted = above.sort((a, b) => b - a)[quorum.oneCorrect - 1];
  if (wanted !== undefined) moveTo(work, wanted);
}

/** `moveTo`, the vote: ask for the round that was entered, with the lock as it will be (G3). */
export function voteRoundChange(work: Work): void {
  const { asking, round, context } = work.height;
  if (!asking || !maySign(work, round, 'round-change')) return;
  assert(round > 0, 'nobody asks for round 0');
  const lock = isPlanted('round-change-forgets-lock') ? undefined : comingLock(work);
  const prepared = lock && { round: lock.round, blockHash: lock.blockHash };
  requestSignature(work, {
    type: 'round-change',
    content: { type: 'round-change', height: context.height, round, ...(prepared && { prepared }) },
    ...(lock && { certificate: lock.certificate }),
  });
}
