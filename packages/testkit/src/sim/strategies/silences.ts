/** B5 to B7: silent altogether, as proposer only, or toward one victim only. */
import type { Strategy } from './strategy.ts';

export const SILENT: Strategy = {
  name: 'B5',
  title: 'says nothing',
  begin: (traitor) => traitor.bend({ outgoing: () => [] }),
};

export const SILENT_PROPOSER: Strategy = {
  name: 'B6',
  title: 'never proposes',
  begin: (traitor) =>
    traitor.bend({
      outgoing: ({ message }) => (message.type === 'pre-prepare' ? [] : [message]),
    }),
};

export const SILENT_TO_ONE: Strategy = {
  name: 'B7',
  title: 'says nothing to one victim',
  begin: (traitor) => {
    const victim = traitor.prng.pick(traitor.world.machines).index;
    traitor.bend({ speaksWith: (machine) => machine !== victim });
  },
};
