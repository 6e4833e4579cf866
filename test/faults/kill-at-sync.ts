/** F2: SIGKILL exactly when the node asks the disk for the k-th time to make something durable. */
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { onStage } from './stage.ts';
import { injecting, SYNCS } from './tracer.ts';

const KILLS = { short: 20, long: 200 } as const;
const VICTIM = 'audit';

export const killAtSync: Fault = {
  id: 'F2',
  title: 'kill at the k-th sync of a validator under load, for every k',
  needs: ['strace'],
  run: async ({ short, tell }) => {
    const kills = KILLS[short ? 'short' : 'long'];
    return await onStage({ clients: 2, pauseMs: 100 }, async (stage) => {
      await stage.kill(VICTIM);
      for (let at = 1; at <= kills; at += 1) {
        const end = await stage.startToEnd(VICTIM, injecting(SYNCS, `signal=SIGKILL:when=${at}`));
        tell(`sync ${at}: ${end?.signal ?? 'no end'}`);
        if (end?.signal !== 'SIGKILL') throw new Error(`sync ${at}: ended by ${end?.exitCode}`);
      }
      await stage.start(VICTIM);
      await stage.votes(VICTIM);
      return `${kills} syncs: ${renderInspection(await inspect(stage))}`;
    });
  },
};
