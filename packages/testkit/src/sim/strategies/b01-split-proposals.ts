/** B1: an equivocating proposer. Half of the validators get one block, half another, with votes. */
import type { Hash, Message, PrePrepare } from '@daybook/core';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';
import { inlineAll } from './traitor.ts';

/** The other block of a round. */
export interface SecondProposal {
  readonly hash: Hash;
  readonly message: PrePrepare;
}

/** The same proposal for another valid block, signed as well. */
export function secondProposal(traitor: Traitor, first: PrePrepare): SecondProposal | undefined {
  const forged = traitor.forgeBlock(first.header.timestampMs + 1);
  if (forged === undefined) return undefined;
  const { block, hash } = forged;
  const signed = traitor.sign({ ...first.signed.content, blockHash: hash });
  const message = { ...first, signed, header: block.header, ...inlineAll(block.body) };
  return { hash, message };
}

/** The same vote for another block. */
export function voteForOther(traitor: Traitor, vote: Message, blockHash: Hash): Message {
  if (vote.type === 'prepare') {
    return { type: 'prepare', signed: traitor.sign({ ...vote.signed.content, blockHash }) };
  }
  if (vote.type === 'commit') {
    return { type: 'commit', signed: traitor.sign({ ...vote.signed.content, blockHash }) };
  }
  return vote;
}

export const SPLIT_PROPOSALS: Strategy = {
  name: 'B1',
  title: 'proposes different blocks to disjoint halves and votes for both',
  begin: (traitor) => {
    const seconds = new Map<string, SecondProposal>();
    const side = traitor.prng.below(2);
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (!('signed' in message) || ((to + side) & 1) === 0) return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}`;
        if (message.type === 'pre-prepare') {
          const second = seconds.get(slot) ?? secondProposal(traitor, message);
          if (second !== undefined) seconds.set(slot, second);
          traitor.acted();
          return [second?.message ?? message];
        }
        const second = seconds.get(slot);
        return [second === undefined ? message : voteForOther(traitor, message, second.hash)];
      },
    });
  },
};
