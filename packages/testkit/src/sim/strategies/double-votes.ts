/** B3 and B4: besides its own vote, one for another block in the same slot. */
import type { Hash, Message } from '@daybook/core';
import { asHash } from '@daybook/core';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

/** Another block that exists, or a hash of nothing. */
function otherHash(
  traitor: Traitor,
  seen: ReadonlyMap<number, readonly Hash[]>,
  height: number,
): Hash {
  const known = seen.get(height) ?? [];
  return known.length > 1 ? traitor.prng.pick(known) : asHash(traitor.prng.bytes(32));
}

function doubling(type: 'prepare' | 'commit'): (traitor: Traitor) => void {
  return (traitor) => {
    const seen = new Map<number, Hash[]>();
    const doubles = new Map<string, Message>();
    traitor.bend({
      incoming: (_from, message) => {
        if (message.type !== 'pre-prepare') return true;
        const { height, blockHash } = message.signed.content;
        seen.set(height, [...(seen.get(height) ?? []), blockHash].slice(-4));
        return true;
      },
      outgoing: ({ message }) => {
        if (message.type !== type) return [message];
        const { content } = message.signed;
        const slot = `${content.height}/${content.round}`;
        const double = doubles.get(slot) ?? doubleOf(traitor, content, seen);
        doubles.set(slot, double);
        traitor.acted();
        return traitor.prng.chance(500) ? [message, double] : [double, message];
      },
    });
  };
}

function doubleOf(
  traitor: Traitor,
  content: Extract<Message, { type: 'prepare' | 'commit' }>['signed']['content'],
  seen: ReadonlyMap<number, readonly Hash[]>,
): Message {
  const blockHash = otherHash(traitor, seen, content.height);
  if (content.type === 'prepare') {
    return { type: 'prepare', signed: traitor.sign({ ...content, blockHash }) };
  }
  return { type: 'commit', signed: traitor.sign({ ...content, blockHash }) };
}

export const DOUBLE_PREPARE: Strategy = {
  name: 'B3',
  title: 'PREPAREs two blocks in one round',
  begin: doubling('prepare'),
};

export const DOUBLE_COMMIT: Strategy = {
  name: 'B4',
  title: 'COMMITs two blocks in one round',
  begin: doubling('commit'),
};
