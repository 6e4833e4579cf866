/** F3: the disk refuses the k-th sync and takes the next one again, as real disks do. */
import type { Fault } from './fault.ts';
import { placesOf } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { onStage } from './stage.ts';
import { injecting, SYNCS } from './tracer.ts';

const REFUSALS = { short: 4, long: 60 } as const;
const VICTIM = 'audit';
/** Exit code of a data directory whose disk failed. */
const STORAGE = 4;

export const syncError: Fault = {
  id: 'F3',
  title: 'a sync that fails once: the process ends and restarts clean',
  needs: ['strace'],
  places: REFUSALS,
  run: async (run) => {
    // Few places are far apart: 1, 4, 9, 16.
    const places = placesOf({ places: REFUSALS }, run).map((at) => (run.short ? at * at : at));
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      stage.expectStop(VICTIM, /STATE_SYNC_FAILED|did not confirm|EIO|IO error/);
      await stage.kill(VICTIM);
      for (const at of places) {
        const end = await stage.startToEnd(VICTIM, injecting(SYNCS, `error=EIO:when=${at}`));
        run.tell(`sync ${at}: exit code ${end?.exitCode ?? 'none'}`);
        if (end?.exitCode !== STORAGE) {
          throw new Error(`sync ${at} failed and the node ended with ${JSON.stringify(end)}`);
        }
      }
      await stage.start(VICTIM);
      await stage.votes(VICTIM);
      return `syncs ${places.join(', ')} refused: ${renderInspection(await inspect(stage))}`;
    });
  },
};
