/** F2: SIGKILL exactly when the node asks the disk for the k-th time to make something durable. */
import type { Fault } from './fault.ts';
import { placesOf } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { onStage } from './stage.ts';
import { injecting, SYNCS } from './tracer.ts';

const KILLS = { short: 20, long: 200 } as const;
const VICTIM = 'audit';

export const killAtSync: Fault = {
  id: 'F2',
  title: 'kill at the k-th sync of a validator under load, for every k',
  needs: ['strace'],
  places: KILLS,
  run: async (run) => {
    const places = placesOf({ places: KILLS }, run);
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      await stage.kill(VICTIM);
      for (const at of places) {
        const end = await stage.startToEnd(VICTIM, injecting(SYNCS, `signal=SIGKILL:when=${at}`));
        run.tell(`sync ${at}: ${end?.signal ?? 'no end'}`);
        if (end?.signal !== 'SIGKILL') throw new Error(`sync ${at}: ended by ${end?.exitCode}`);
      }
      await stage.start(VICTIM);
      await stage.votes(VICTIM);
      return `syncs ${places.at(0)} to ${places.at(-1)}: ${renderInspection(await inspect(stage))}`;
    });
  },
};
