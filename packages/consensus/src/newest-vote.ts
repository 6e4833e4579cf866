/**
 * The newest message that is held of a validator: what its peers tell it when it starts (protocol
 * §12), so that it learns of votes its own log lacks.
 */
import type { Signed, Unsigned, VoteMessage } from '@daybook/core';
import { votesOf } from './contradiction.ts';
import { comparePositions, positionOf } from './slot.ts';
import type { NextHeight, State, VotesOfHeight } from './state.ts';
import type { Table } from './votes.ts';
import { heldAt, roundsOf } from './votes.ts';

function ofHeight(votes: VotesOfHeight, sender: number): readonly Signed<Unsigned>[] {
  const { proposals, prepares, commits, roundChanges } = votes;
  const found: Signed<Unsigned>[] = Object.values(proposals).filter(
    (signed) => signed.sender === sender,
  );
  const tables: readonly Table<VoteMessage>[] = [prepares, commits, roundChanges];
  for (const table of tables) {
    for (const round of roundsOf(table)) {
      const held = heldAt(table, round, sender);
      if (held !== undefined) found.push(held.message.signed);
    }
  }
  return found;
}

function ofNext(next: NextHeight, sender: number): readonly Signed<Unsigned>[] {
  const proposals = Object.values(next.proposals).map(({ message }) => message.signed);
  const rows = [next.prepares[sender], next.commits[sender], next.roundChanges[sender]];
  const votes = rows.flatMap((held) => (held === undefined ? [] : [held.message.signed]));
  return [...proposals.filter((signed) => signed.sender === sender), ...votes];
}

/** @param sender  position in V of the present height */
export function newestVoteOf(state: State, sender: number): Signed<Unsigned> | undefined {
  const { current, past, next } = state;
  const held = [
    ...(past === undefined ? [] : ofHeight(past, sender)),
    ...(current === undefined ? [] : ofHeight(votesOf(current), sender)),
    ...ofNext(next, sender),
  ];
  return held.reduce<Signed<Unsigned> | undefined>((newest, signed) => {
    if (newest === undefined) return signed;
    const order = comparePositions(positionOf(signed.content), positionOf(newest.content));
    return order > 0 ? signed : newest;
  }, undefined);
}
