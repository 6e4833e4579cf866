/**
 * B28: READY while a change is pending, dead when it is active. It is there for every boundary, and
 * from the boundary on it is gone for an epoch.
 */
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

export const DEAD_AT_ACTIVATION: Strategy = {
  name: 'B28',
  title: 'says READY and is dead from the boundary on, every other epoch',
  begin: (traitor) => {
    traitor.bend({
      speaksWith: () => {
        if (!isGone(traitor)) return true;
        traitor.acted();
        return false;
      },
    });
  },
};

/** By the height of whoever is furthest: its own node hears nothing while it is gone. */
function isGone({ world }: Traitor): boolean {
  const { epochBlocks } = world.genesis.document.parameters;
  const height = 1 + Math.max(...world.machines.map((machine) => machine.height()));
  return Math.floor(height / epochBlocks) % 2 === 1;
}
