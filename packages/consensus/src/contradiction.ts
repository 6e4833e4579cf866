/**
 * Finding evidence (protocol §16): every authenticated message is compared with what is held of the
 * same validator, at the present height and, one height longer, at the one before.
 */
import type { Evidence, Round, Signed, Unsigned, UnsignedPrePrepare } from '@daybook/core';
import { evidenceOf } from '@daybook/core';
import type { Draft } from './draft.ts';
import { emit } from './draft.ts';
import type { HeightState, State, VotesOfHeight } from './state.ts';
import type { Table } from './votes.ts';
import { heldAt, roundsOf } from './votes.ts';

interface Carrier {
  readonly signed: Signed<Unsigned>;
}

function ofSender(table: Table<Carrier>, sender: number): readonly Signed<Unsigned>[] {
  return roundsOf(table).flatMap((round) => {
    const held = heldAt(table, round, sender);
    return held === undefined ? [] : [held.message.signed];
  });
}

/** The held messages of the sender that may contradict `signed`: its slot, and RC against C, RC. */
function comparable(votes: VotesOfHeight, signed: Signed<Unsigned>): readonly Signed<Unsigned>[] {
  const { content, sender } = signed;
  switch (content.type) {
    case 'pre-prepare': {
      const proposal = votes.proposals[content.round];
      return proposal === undefined ? [] : [proposal];
    }
    case 'prepare': {
      const held = heldAt(votes.prepares, content.round, sender);
      return held === undefined ? [] : [held.message.signed];
    }
    case 'commit': {
      const held = heldAt(votes.commits, content.round, sender);
      const same = held === undefined ? [] : [held.message.signed];
      return [...same, ...ofSender(votes.roundChanges, sender)];
    }
    case 'round-change':
      return [...ofSender(votes.roundChanges, sender), ...ofSender(votes.commits, sender)];
  }
}

/** Everything `signed` proves together with what is held. */
function contradictions(votes: VotesOfHeight, signed: Signed<Unsigned>): readonly Evidence[] {
  return comparable(votes, signed)
    .map((held) => evidenceOf(held, signed))
    .filter((evidence) => evidence !== undefined);
}

/** The votes of the present height in the shape that evidence is sought in. */
export function votesOf(height: HeightState): VotesOfHeight {
  const proposals: Record<Round, Signed<UnsignedPrePrepare>> = {};
  for (const round of roundsOf(height.proposals)) {
    const proposal = height.proposals[round];
    if (proposal !== undefined) proposals[round] = proposal.message.signed;
  }
  const { prepares, commits, roundChanges } = height;
  return { proposals, prepares, commits, roundChanges };
}

function reportKey({ kind, first }: Evidence): string {
  return `${first.content.height}/${first.sender}/${kind}`;
}

/** What `signed` proves and was not reported yet: once per validator, height and kind. */
export function newContradictions(
  state: State,
  votes: VotesOfHeight,
  signed: Signed<Unsigned>,
): readonly Evidence[] {
  return contradictions(votes, signed).filter(
    (found) => !state.reported.includes(reportKey(found)),
  );
}

/** Emits `report` for what is new. */
export function reportContradictions(
  draft: Draft,
  votes: VotesOfHeight,
  signed: Signed<Unsigned>,
): void {
  for (const evidence of newContradictions(draft.state, votes, signed)) {
    const key = reportKey(evidence);
    if (draft.state.reported.includes(key)) continue;
    draft.state.reported = [...draft.state.reported, key];
    emit(draft, { type: 'report', evidence });
  }
}
