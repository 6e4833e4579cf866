/** B8 and B9: proposals for too few to decide, or just before the round ends. */
import type { PrePrepare } from '@daybook/core';
import { quorumOf, roundDurationMs } from '@daybook/core';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

/** How long before the timeout a withheld proposal leaves. */
const LEAD_MS = [0, 150] as const;

/** Machines that get the proposal of a slot: the traitor and they are one too few, or Q - f. */
function receiversOf(traitor: Traitor, round: number): ReadonlySet<number> {
  const count = traitor.validators()?.length ?? 1;
  const { quorum, faultyMax } = quorumOf(count);
  const wanted = (round & 1) === 0 ? quorum - 2 : quorum - faultyMax - 1;
  const others = traitor.world.machines.filter((one) => {
    return one.isValidator && one.member !== traitor.machine.member;
  });
  return new Set(
    traitor.prng
      .shuffle(others)
      .slice(0, wanted)
      .map(({ index }) => index),
  );
}

export const FEW_RECEIVERS: Strategy = {
  name: 'B8',
  title: 'proposes to exactly Q-1 or Q-f validators, itself included',
  begin: (traitor) => {
    const receivers = new Map<string, ReadonlySet<number>>();
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (message.type !== 'pre-prepare') return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}`;
        const chosen = receivers.get(slot) ?? receiversOf(traitor, round);
        receivers.set(slot, chosen);
        if (chosen.has(to)) return [message];
        traitor.acted();
        return [];
      },
    });
  },
};

export const LATE_PROPOSER: Strategy = {
  name: 'B9',
  title: 'withholds its proposals until just before the timeout',
  begin: (traitor) => {
    const withheld = new Set<string>();
    traitor.bend({
      outgoing: ({ to, message }) => {
        if (message.type !== 'pre-prepare') return [message];
        const { height, round } = message.signed.content;
        const slot = `${height}/${round}/${to}`;
        // What is sent again later is late anyway.
        if (withheld.has(slot)) return [];
        withheld.add(slot);
        sendLate(traitor, to, message);
        return [];
      },
    });
  },
};

function sendLate(traitor: Traitor, to: number, message: PrePrepare): void {
  const { parameters } = traitor.world.genesis.document;
  const lastMs = roundDurationMs(parameters, message.signed.content.round);
  traitor.after(Math.max(0, lastMs - traitor.prng.between(...LEAD_MS)), () => {
    traitor.acted();
    traitor.send(to, message);
  });
}
