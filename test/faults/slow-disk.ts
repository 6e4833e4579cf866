/**
 * F4: every sync of f validators takes long; the others must not wait for them.
 * Scenario S32 of docs/reliability.md on real parts.
 */
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { heightMs } from './pace.ts';
import { onStage } from './stage.ts';
import { injecting, SYNCS } from './tracer.ts';

const DELAYS_MS = { short: [200], long: [50, 500, 5000] } as const;
const MEASURED_MS = { short: 8000, long: 60_000 } as const;
const VICTIM = 'audit';
const WITNESS = 'finance';
const SLOWER_MAX = 2;

export const slowDisk: Fault = {
  id: 'F4',
  title: 'a slow disk on f validators: no halt, block time at most twice as long',
  needs: ['strace'],
  run: async ({ short }) => {
    const form = short ? 'short' : 'long';
    return await onStage({}, async (stage) => {
      const healthy = await heightMs(stage.urlOf(WITNESS), MEASURED_MS[form]);
      const figures: string[] = [];
      for (const delayMs of DELAYS_MS[form]) {
        await stage.kill(VICTIM);
        await stage.start(VICTIM, injecting(SYNCS, `delay_enter=${delayMs * 1000}`));
        const slow = await heightMs(stage.urlOf(WITNESS), MEASURED_MS[form]);
        figures.push(`${delayMs} ms syncs: ${Math.round(slow)} ms a height`);
        if (slow > SLOWER_MAX * healthy) {
          throw new Error(`${figures.join(', ')}; healthy ${Math.round(healthy)} ms`);
        }
      }
      await stage.kill(VICTIM);
      await stage.start(VICTIM);
      const result = renderInspection(await inspect(stage));
      return `healthy ${Math.round(healthy)} ms a height, ${figures.join(', ')}; ${result}`;
    });
  },
};
