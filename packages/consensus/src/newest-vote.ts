/**
 * The newest message that is held of a validator: what its peers tell it when it starts (protocol
 * §12), so that it learns of votes its own log lacks.
 */
import type { Height, Signed, Unsigned, VoteMessage } from '@daybook/core';
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

/**
 * @param senderAt  the validator's position in V of a height, undefined where it is not in it: a
 *   change of the set gives the positions of one height to others at the next
 */
export function newestVoteOf(
  state: State,
  senderAt: (height: Height) => number | undefined,
): Signed<Unsigned> | undefined {
  const { current, past, next } = state;
  const of = (height: Height, among: (sender: number) => readonly Signed<Unsigned>[]) => {
    const sender = senderAt(height);
    return sender === undefined ? [] : among(sender);
  };
  const ofPast = past === undefined ? [] : of(past.height, (sender) => ofHeight(past, sender));
  const held = [...ofPast];
  if (current !== undefined) {
    const { height } = current.context;
    held.push(...of(height, (sender) => ofHeight(votesOf(current), sender)));
    held.push(...of(height + 1, (sender) => ofNext(next, sender)));
  }
  return held.reduce<Signed<Unsigned> | undefined>((newest, signed) => {
    if (newest === undefined) return signed;
    const order = comparePositions(positionOf(signed.content), positionOf(newest.content));
    return order > 0 ? signed : newest;
  }, undefined);
}
