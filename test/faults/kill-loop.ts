/** F1: SIGKILL again and again: single nodes at random moments, then all of them at once. */
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import { onStage } from './stage.ts';

const LENGTHS = {
  short: { kills: 20, together: 2, pauseMs: [20, 400] },
  long: { kills: 500, together: 50, pauseMs: [500, 5000] },
} as const;

export const killLoop: Fault = {
  id: 'F1',
  title: 'kill -9 of random nodes, and of all at once, under load',
  needs: [],
  run: async ({ short, random }) => {
    const { kills, together, pauseMs } = LENGTHS[short ? 'short' : 'long'];
    const [pauseMin, pauseMax] = pauseMs;
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      for (let kill = 0; kill < kills; kill += 1) {
        await elapse(random.integer(pauseMin, pauseMax));
        const victim = random.pick(stage.slugs);
        await stage.kill(victim);
        await stage.start(victim);
      }
      for (let kill = 0; kill < together; kill += 1) {
        await elapse(random.integer(pauseMin, pauseMax));
        await Promise.all(stage.slugs.map((slug) => stage.kill(slug)));
        await Promise.all(stage.slugs.map((slug) => stage.start(slug)));
      }
      const result = await inspect(stage);
      return `${kills} kills, ${together} of all at once: ${renderInspection(result)}`;
    });
  },
};
