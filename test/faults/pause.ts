/** F8: processes that stand still and go on as if nothing had been: one, then more than f of them. */
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const LENGTHS_MS = { short: [3000], long: [1000, 10_000, 60_000, 300_000] } as const;
/** Of four: f, and n-Q+1, which stops the chain. */
const COUNTS = [1, 2] as const;

async function stop(stage: Stage, victims: readonly string[], lastsMs: number): Promise<number> {
  for (const slug of stage.slugs) await stage.note(slug);
  for (const slug of victims) stage.process(slug).signal('SIGSTOP');
  await elapse(lastsMs);
  for (const slug of victims) stage.process(slug).signal('SIGCONT');
  return await stage.grows(victims[0] ?? '', 1);
}

export const pause: Fault = {
  id: 'F8',
  title: 'SIGSTOP on f and on n-Q+1 validators, then SIGCONT',
  needs: [],
  run: async ({ short, random, tell }) => {
    const lengths = LENGTHS_MS[short ? 'short' : 'long'];
    const pauses = lengths.flatMap((lastsMs) => COUNTS.map((count) => ({ lastsMs, count })));
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      for (const { lastsMs, count } of pauses) {
        const first = random.integer(0, stage.slugs.length);
        const victims = [...stage.slugs, ...stage.slugs].slice(first, first + count);
        const resumedMs = await stop(stage, victims, lastsMs);
        tell(`${count} paused for ${lastsMs} ms: a block after ${Math.round(resumedMs)} ms`);
      }
      return renderInspection(await inspect(stage));
    });
  },
};
