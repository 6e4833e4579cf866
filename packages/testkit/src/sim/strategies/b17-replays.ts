/** B17: old votes of everybody again, and its own ones bound to another chain, set or slot. */
import type { Message, VoteMessage } from '@daybook/core';
import { asHash, sign, signBytes } from '@daybook/core';
import { whileAlive } from './false-round-changes.ts';
import { watchVotes } from './sightings.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [200, 800] as const;
const PER_TURN = 4;

export const REPLAYER: Strategy = {
  name: 'B17',
  title: 'replays votes across heights, rounds, chains and validator sets',
  begin: (traitor) => {
    const seen = watchVotes(traitor.world);
    whileAlive(traitor, EVERY_MS, () => {
      const votes = seen.all();
      if (votes.length === 0) return;
      for (let count = 0; count < PER_TURN; count++) {
        for (const one of replayed(traitor, traitor.prng.pick(votes))) traitor.sendToAll(one);
      }
      traitor.acted();
    });
    traitor.bend({});
  },
};

function replayed(traitor: Traitor, vote: VoteMessage): readonly Message[] {
  const { prng } = traitor;
  switch (prng.below(4)) {
    case 0:
      return [vote];
    case 1:
      // The signature of one slot under another.
      return [moved(vote, { height: traitor.machine.height() + 1 })];
    case 2:
      return [moved(vote, { round: vote.signed.content.round + 1 })];
    default:
      return [ofOtherChain(traitor, vote)];
  }
}

function moved(
  vote: VoteMessage,
  to: { readonly height?: number; readonly round?: number },
): Message {
  const sender = vote.signed.sender;
  const { signature } = vote.signed;
  switch (vote.type) {
    case 'prepare':
      return {
        type: 'prepare',
        signed: { content: { ...vote.signed.content, ...to }, sender, signature },
      };
    case 'commit':
      return {
        type: 'commit',
        signed: { content: { ...vote.signed.content, ...to }, sender, signature },
      };
    case 'pre-prepare':
      return { ...vote, signed: { content: { ...vote.signed.content, ...to }, sender, signature } };
    case 'round-change': {
      const { prepared: _prepared, ...content } = { ...vote.signed.content, ...to };
      return { type: 'round-change', signed: { content, sender, signature } };
    }
  }
}

/** Signed with its own key for another chain, or under the index of somebody else. */
function ofOtherChain(traitor: Traitor, vote: VoteMessage): Message {
  const { height, round } = vote.signed.content;
  const content = {
    type: 'commit',
    height,
    round,
    blockHash: asHash(traitor.prng.bytes(32)),
  } as const;
  const foreign = signBytes(asHash(traitor.prng.bytes(32)), content);
  const sender = traitor.prng.chance(500) ? (traitor.index() ?? 0) : vote.signed.sender;
  const signature = sign(traitor.machine.member.keys.consensus, foreign);
  return { type: 'commit', signed: { content, sender, signature } };
}
