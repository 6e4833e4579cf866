/**
 * P2 and P3: what one bad validator costs the others under load. P2: one of four is dead; the mean
 * time per height. P3: one is slow, silent or floods the others; the median time to finality.
 */
import { createRelays } from '@daybook/testkit';
import { FOUR } from '../e2e/support/members.ts';
import type { Fault } from './fault.ts';
import { startFlood } from './flood.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import { heightMs } from './pace.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const WITNESS = 'finance';
const VICTIM = 'audit';
const MEASURED_MS = { short: 20_000, long: 120_000 } as const;
/** Everybody's share of proposals has settled: the resting rule has seen the dead one. */
const SETTLED_MS = 5000;
const HEIGHT_RATIO_MAX = 1.3;
const FINALITY_RATIO_MAX = 2;

export const oneDead: Fault = {
  id: 'P2',
  title: 'one of four dead under load: mean time per height within 1.3 times the healthy one',
  needs: [],
  run: async ({ short }) => {
    const whileMs = MEASURED_MS[short ? 'short' : 'long'];
    return await onStage({ clients: 4, pauseMs: 20 }, async (stage) => {
      await elapse(SETTLED_MS);
      const healthy = await heightMs(stage.urlOf(WITNESS), whileMs);
      await stage.kill(VICTIM);
      await elapse(SETTLED_MS);
      const bereft = await heightMs(stage.urlOf(WITNESS), whileMs);
      const ratio = bereft / healthy;
      const words = `${Math.round(healthy)} ms healthy, ${Math.round(bereft)} ms with one dead (${ratio.toFixed(2)})`;
      if (ratio > HEIGHT_RATIO_MAX) throw new Error(words);
      await stage.start(VICTIM);
      return `${words}; ${renderInspection(await inspect(stage))}`;
    });
  },
};

/** Median of the finality of payments that became final in this while. */
async function finalityMs({ load }: Stage, whileMs: number): Promise<number> {
  const from = load.finalityMs.length;
  await elapse(whileMs);
  const times = load.finalityMs.slice(from).toSorted((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  if (median === undefined) throw new Error(`nothing became final in ${whileMs} ms`);
  return median;
}

export const oneBad: Fault = {
  id: 'P3',
  title: 'one slow, silent or flooding validator: finality p50 less than twice the healthy one',
  needs: ['linux'],
  run: async ({ short, tell }) => {
    const whileMs = MEASURED_MS[short ? 'short' : 'long'];
    const relays = await createRelays(FOUR.map(({ slug }) => slug));
    const others = FOUR.map(({ slug }) => slug).filter((slug) => slug !== VICTIM);
    try {
      // Clients ask the other nodes only: what a bad node tells its own clients is not measured.
      const options = { relays, clients: 3, pauseMs: 20, served: others };
      return await onStage(options, async (stage) => {
        await elapse(SETTLED_MS);
        const healthy = await finalityMs(stage, whileMs);
        const judge = async (title: string): Promise<string> => {
          await elapse(SETTLED_MS);
          const bad = await finalityMs(stage, whileMs);
          const words = `${title} ${Math.round(bad)} ms (${(bad / healthy).toFixed(2)})`;
          tell(words);
          if (bad >= FINALITY_RATIO_MAX * healthy) throw new Error(`${words}, healthy ${healthy}`);
          return words;
        };
        for (const ends of [{ from: VICTIM }, { to: VICTIM }]) relays.set(ends, { delayMs: 300 });
        const slow = await judge('slow');
        relays.heal();
        stage.process(VICTIM).signal('SIGSTOP');
        const silent = await judge('silent');
        stage.process(VICTIM).signal('SIGCONT');
        await stage.kill(VICTIM);
        const flood = await startFlood(stage, VICTIM, WITNESS);
        const flooding = await judge('flooding').finally(() => flood.stop());
        await stage.start(VICTIM);
        const words = `healthy ${Math.round(healthy)} ms, ${slow}, ${silent}, ${flooding}, ${flood.sent()} messages`;
        return `${words}; ${renderInspection(await inspect(stage))}`;
      });
    } finally {
      await relays.close();
    }
  },
};
