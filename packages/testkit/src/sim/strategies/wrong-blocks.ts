/** B10 and B12: the same wrong proposal for everybody: wrong roots, a wrong time. */
import type { Body, Hash, Header, PrePrepare } from '@daybook/core';
import { asHash, blockHash, messageDelayMs } from '@daybook/core';
import { voteForOther } from './b01-split-proposals.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';
import { inlineAll } from './traitor.ts';

/** What leaves in place of an honest proposal. */
export interface Altered {
  readonly hash: Hash;
  readonly message: PrePrepare;
}

/** The proposal with another header and body, signed. */
export function resigned(
  traitor: Traitor,
  first: PrePrepare,
  change: Partial<Header>,
  body?: Body,
): Altered {
  const header = { ...first.header, ...change };
  const hash = blockHash(header);
  const signed = traitor.sign({ ...first.signed.content, blockHash: hash });
  return { hash, message: { ...first, signed, header, ...(body && inlineAll(body)) } };
}

/** Fresh proposals of the own node leave in another form, and its votes for them follow. */
export function altering(
  alter: (traitor: Traitor, first: PrePrepare) => Altered,
): Strategy['begin'] {
  return (traitor) => {
    const altered = new Map<string, Altered>();
    traitor.bend({
      outgoing: ({ message }) => {
        if (!('signed' in message)) return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}`;
        if (message.type === 'pre-prepare') {
          if (message.justification?.certificate !== undefined) return [message];
          const other = altered.get(slot) ?? alter(traitor, message);
          altered.set(slot, other);
          traitor.acted();
          return [other.message];
        }
        const other = altered.get(slot);
        return [other === undefined ? message : voteForOther(traitor, message, other.hash)];
      },
    });
  };
}

export const WRONG_ROOTS: Strategy = {
  name: 'B10',
  title: 'proposes blocks with a wrong state root, result root or next set',
  begin: altering((traitor, first) => {
    const field = traitor.prng.pick([
      'stateRoot',
      'stateRoot',
      'resultRoot',
      'nextValidatorsHash',
      'historyRoot',
    ] as const);
    return resigned(traitor, first, { [field]: asHash(traitor.prng.bytes(32)) });
  }),
};

// --- B12 -------------------------------------------------------------------------------------

/** A time at one of the limits of protocol §14, on either side of it, or far beyond. */
function wrongTime(traitor: Traitor, { header, signed }: PrePrepare): number {
  const { parameters } = traitor.world.genesis.document;
  const parentMs = traitor.machine.replica()?.ledger.head().header.timestampMs ?? 0;
  const nowMs = traitor.machine.clock.wall();
  const delayMs = messageDelayMs(parameters, signed.content.round);
  const limits = [nowMs + parameters.precisionMs, nowMs - delayMs - parameters.precisionMs];
  const nearMs = traitor.prng.pick(limits) + traitor.prng.between(-30, 30);
  return traitor.prng.pick([
    nearMs,
    nearMs,
    parentMs,
    parentMs - 1,
    parentMs + 1,
    nowMs + 3_600_000,
    header.timestampMs + 2 * parameters.precisionMs,
  ]);
}

export const WRONG_TIMES: Strategy = {
  name: 'B12',
  title: 'dates its blocks at the limits of what is timely, and beyond',
  begin: altering((traitor, first) => {
    const timestampMs = Math.max(0, wrongTime(traitor, first));
    // Every root follows from the time, also where that is not after the time of the parent.
    const forged = traitor.buildBlock({ timestampMs, entries: [] });
    if (forged === undefined) return resigned(traitor, first, { timestampMs });
    return resigned(traitor, first, forged.block.header, forged.block.body);
  }),
};
