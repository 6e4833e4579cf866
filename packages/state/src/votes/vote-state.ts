/**
 * What the records of a vote log amount to: guard, lock and own votes. Pure; used by the log and by
 * whoever follows one from outside, such as the client of a signer in another process.
 */
import type { Height } from '@daybook/core';
import { assertNever, equalBytes } from '@daybook/core';
import type { SignedVote, VoteState } from './vote-log.ts';
import { HEIGHTS_KEPT } from './vote-log.ts';
import type { VoteRecord } from './vote-record.ts';

/** Nothing was signed yet. */
export const EMPTY_VOTES: VoteState = { guard: { height: 0, round: 0 }, own: [], earlier: [] };

/** The height that a record speaks of. */
export function heightOfRecord(record: VoteRecord): Height {
  switch (record.type) {
    case 'height':
      return record.height;
    case 'lock':
      return record.lock.height;
    case 'signed':
      return record.vote.height;
    default:
      return assertNever(record);
  }
}

/** Own votes before `height`, once that is entered. */
function earlierThan(height: Height, { earlier, own }: VoteState): readonly SignedVote[] {
  return [...earlier, ...own].filter((vote) => vote.height >= height - HEIGHTS_KEPT);
}

export function applyVoteRecord(state: VoteState, record: VoteRecord): VoteState {
  switch (record.type) {
    case 'height': {
      const { height } = record;
      if (height <= state.guard.height) return state;
      return { guard: { height, round: 0 }, own: [], earlier: earlierThan(height, state) };
    }
    case 'lock':
      return { ...state, lock: record.lock };
    case 'signed': {
      const { vote } = record;
      const { height, round, step } = vote;
      const guard = { height, round, step };
      // A LOCK stands right before its COMMIT: it may be of the height that begins with it.
      const lock = state.lock?.height === height ? { lock: state.lock } : {};
      if (height === state.guard.height) {
        return { guard, own: [...state.own, vote], earlier: state.earlier, ...lock };
      }
      return { guard, own: [vote], earlier: earlierThan(height, state), ...lock };
    }
    default:
      return assertNever(record);
  }
}

/** Whether a log lacks votes that were given out from it before. HEIGHT records are no votes. */
export function isBehind(shown: VoteState, known: VoteState): boolean {
  const last = known.own.at(-1) ?? known.earlier.at(-1);
  if (last === undefined || shown.guard.height > last.height) return false;
  return ![...shown.own, ...shown.earlier].some((vote) =>
    equalBytes(vote.signBytes, last.signBytes),
  );
}
