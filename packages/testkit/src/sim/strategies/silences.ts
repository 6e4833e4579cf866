/** B5 to B7: silent altogether, as proposer only, or toward one victim only. */
import type { Strategy } from './strategy.ts';

export const SILENT: Strategy = {
  name: 'B5',
  title: 'says nothing',
  begin: (traitor) =>
    traitor.bend({
      says: () => {
        traitor.acted();
        return false;
      },
    }),
};

export const SILENT_PROPOSER: Strategy = {
  name: 'B6',
  title: 'never proposes',
  begin: (traitor) =>
    traitor.bend({
      outgoing: ({ message }) => {
        if (message.type !== 'pre-prepare') return [message];
        traitor.acted();
        return [];
      },
    }),
};

export const SILENT_TO_ONE: Strategy = {
  name: 'B7',
  title: 'says nothing to one victim',
  begin: (traitor) => {
    const { machine, world, prng } = traitor;
    const others = world.machines.filter((one) => one.member !== machine.member);
    const victim = prng.pick(others).index;
    traitor.bend({
      speaksWith: (peer) => {
        if (peer === victim) traitor.acted();
        return peer !== victim;
      },
    });
  },
};
