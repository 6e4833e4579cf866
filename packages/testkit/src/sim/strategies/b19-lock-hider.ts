/** B19: shows its lock to one validator and hides it from the others. */
import type { Message } from '@daybook/core';
import type { Strategy } from './strategy.ts';

export const LOCK_HIDER: Strategy = {
  name: 'B19',
  title: 'shows its prepared certificate to one node and later to none',
  begin: (traitor) => {
    let confidant: number | undefined;
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (message.type !== 'round-change') return [message];
        const { content } = message.signed;
        if (content.prepared === undefined) return [message];
        confidant ??= to;
        if (to === confidant && content.round <= content.prepared.round + 1) return [message];
        traitor.acted();
        const { prepared: _hidden, ...bare } = content;
        const hiding: Message = { type: 'round-change', signed: traitor.sign(bare) };
        return [hiding];
      },
    });
  },
};
