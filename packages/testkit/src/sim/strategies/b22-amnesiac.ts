/** B22: honest code that loses its vote log at every restart and signs on with a new one. */
import type { Strategy } from './strategy.ts';

const RESTART_MS = [2000, 15_000] as const;

export const AMNESIAC: Strategy = {
  name: 'B22',
  title: 'forgets what it signed at every restart',
  begin: (traitor) => {
    const { machine, prng, world } = traitor;
    const again = (): void => {
      world.timeline.at(world.timeline.now() + prng.between(...RESTART_MS), () => {
        machine.crash('kill', 'to forget');
        world.timeline.at(world.timeline.now() + prng.between(10, 500), () => machine.start());
        again();
      });
    };
    again();
    traitor.bend({
      beforeStart: async () => {
        traitor.acted();
        for (const path of machine.disk.paths()) {
          if (path.includes('/votes/')) machine.disk.remove(path);
        }
        await machine.prepare();
      },
    });
  },
};
