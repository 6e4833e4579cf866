/** B2: an equivocating proposer whose two blocks reach overlapping sets: some see the proof. */
import type { SecondProposal } from './b01-split-proposals.ts';
import { secondProposal, voteForOther } from './b01-split-proposals.ts';
import type { Strategy } from './strategy.ts';

export const OVERLAPPING_PROPOSALS: Strategy = {
  name: 'B2',
  title: 'proposes two blocks, to sets of validators that overlap',
  begin: (traitor) => {
    const seconds = new Map<string, SecondProposal>();
    const shift = traitor.prng.below(3);
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (!('signed' in message)) return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}`;
        if (message.type === 'pre-prepare' && !seconds.has(slot)) {
          const second = secondProposal(traitor, message);
          if (second !== undefined) seconds.set(slot, second);
        }
        const second = seconds.get(slot);
        if (second === undefined) return [message];
        traitor.acted();
        const other =
          message.type === 'pre-prepare'
            ? second.message
            : voteForOther(traitor, message, second.hash);
        const sides = [[message], [other], [message, other]];
        return sides[(to + shift) % 3] ?? [message];
      },
    });
  },
};
