/** Processes that die and come back. */
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

export const CRASHES: Fault = {
  name: 'crashes',
  permille: 500,
  begin: (context) => {
    const { world, prng, restartLater } = context;
    const meanMs = prng.between(2000, 20_000);
    repeatedly(context, [meanMs >> 2, 2 * meanMs], () => {
      const machine = prng.pick(world.machines);
      machine.crash(prng.chance(500) ? 'kill' : 'power-loss', 'crash');
      restartLater(machine, prng);
    });
  },
};
