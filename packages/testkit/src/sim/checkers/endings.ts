/**
 * I18: whoever must end is gone soon. A process that closes its parts for ever holds its directory,
 * no service manager starts another one, and nothing of it is heard any more.
 */
import type { Machine } from '../node/machine.ts';
import { ENDING_MS_MAX } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** Closing waits for votes, blocks and syncs under way: four of the slowest syncs, at 5 s each. */
const CLOSING_MS_MAX = 20_000;
/** A process that has failed is gone within so many ms, those left out in which it stands still. */
const GONE_MS_MAX = ENDING_MS_MAX + CLOSING_MS_MAX;

export const ENDINGS: Checker = {
  invariants: ['I18'],
  watch: (world) => {
    /** For how long those that are ending have been at it, in ms in which they could work. */
    const waited = new Map<Machine, number>();
    let lastMs = 0;
    world.events.on('failed', ({ machine }) => waited.delete(machine));
    world.events.on('sampled', () => {
      const stepMs = world.timeline.now() - lastMs;
      lastMs += stepMs;
      for (const machine of world.machines) {
        if (!machine.isHonest || machine.state() !== 'ending') {
          waited.delete(machine);
          continue;
        }
        if (machine.life()?.isPaused() === true) continue;
        // The first look may come at any time of its first step.
        const before = waited.get(machine);
        const ms = before === undefined ? 0 : before + stepMs;
        waited.set(machine, ms);
        if (ms <= GONE_MS_MAX) continue;
        world.violate('I18', `${machine.name} must end, and has not for ${ms} ms`);
      }
    });
  },
};

/** Lets time pass until nobody is ending, or one of them has broken I18. */
export async function awaitEndings({ timeline, machines, violation }: World): Promise<void> {
  const isOver = (): boolean => {
    return violation() !== undefined || machines.every((one) => one.state() !== 'ending');
  };
  if (!isOver()) await timeline.run(timeline.now() + 2 * GONE_MS_MAX, isOver);
}
