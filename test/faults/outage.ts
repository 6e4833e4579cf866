/** P1: a quorum is away for a while and comes back; then a block within ten seconds. */
import { heightOf } from '../e2e/support/api.ts';
import { eventually } from '../e2e/support/waiting.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import { onStage } from './stage.ts';

const AWAY_MS = { short: [5000], long: [10_000, 120_000, 600_000] } as const;
const BLOCK_MS_MAX = 10_000;
const VICTIMS = ['education', 'audit'] as const;
const WITNESS = 'finance';

export const outage: Fault = {
  id: 'P1',
  title: 'a block within 10 s after a quorum is back from an outage of any length',
  needs: [],
  run: async ({ short, tell }) => {
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      const figures: string[] = [];
      for (const awayMs of AWAY_MS[short ? 'short' : 'long']) {
        await Promise.all(VICTIMS.map((slug) => stage.kill(slug)));
        await elapse(awayMs);
        const before = await heightOf(stage.urlOf(WITNESS));
        // One of the two is enough for a quorum: it counts from the moment it is ready.
        await stage.start(VICTIMS[0]);
        const startedMs = performance.now();
        await eventually(async () => (await heightOf(stage.urlOf(WITNESS))) > before, {
          what: `a block after an outage of ${awayMs} ms`,
          withinMs: BLOCK_MS_MAX,
        });
        figures.push(`${awayMs} ms away: ${Math.round(performance.now() - startedMs)} ms`);
        tell(figures.at(-1) ?? '');
        await stage.start(VICTIMS[1]);
      }
      return `${figures.join(', ')}; ${renderInspection(await inspect(stage))}`;
    });
  },
};
