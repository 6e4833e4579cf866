/**
 * F1: SIGKILL again and again: single nodes at random moments, then all of them at once.
 * Scenario S21 of docs/reliability.md on real parts.
 */
import type { Fault } from './fault.ts';
import { placesOf } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const LENGTHS = {
  short: { kills: 20, together: 2, pauseMs: [20, 400] },
  long: { kills: 500, together: 50, pauseMs: [500, 5000] },
} as const;
const KILLS = {
  short: LENGTHS.short.kills + LENGTHS.short.together,
  long: LENGTHS.long.kills + LENGTHS.long.together,
} as const;

async function killAll(stage: Stage): Promise<void> {
  await Promise.all(stage.slugs.map((slug) => stage.kill(slug)));
  await Promise.all(stage.slugs.map((slug) => stage.start(slug)));
}

export const killLoop: Fault = {
  id: 'F1',
  title: 'kill -9 of random nodes, and of all at once, under load',
  needs: [],
  places: KILLS,
  run: async (run) => {
    const { kills, pauseMs } = LENGTHS[run.short ? 'short' : 'long'];
    const [pauseMin, pauseMax] = pauseMs;
    const places = placesOf({ places: KILLS }, run);
    const alone = places.filter((place) => place <= kills).length;
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      for (const [done, place] of places.entries()) {
        const random = run.random.fork(`kill ${place}`);
        await elapse(random.integer(pauseMin, pauseMax));
        if (done > 0 && done % 10 === 0) run.tell(`${done} times killed`);
        if (place > kills) {
          await killAll(stage);
          continue;
        }
        const victim = random.pick(stage.slugs);
        await stage.kill(victim);
        await stage.start(victim);
      }
      const result = renderInspection(await inspect(stage));
      return `${alone} kills, ${places.length - alone} of all at once: ${result}`;
    });
  },
};
