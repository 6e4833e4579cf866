/**
 * P2 and P3: what one bad validator costs the others under load. P2: one of four is dead; the mean
 * time per height. P3: one is slow, silent, floods the others with votes or large proposals, or lies;
 * the median time to finality, and the memory that a flood takes.
 *
 * All nodes share the processors of this machine: where these are the limit, a dead node gives its
 * share to the others and looks like a gain. So the chain has the intervals of an untuned one and a
 * load far below what the machine can do, and P2 also counts the rounds that the dead one has cost,
 * which no processor can make up for.
 */
import { createRelays } from '@daybook/testkit';
import { FOUR } from '../e2e/support/members.ts';
import type { Fault } from './fault.ts';
import { startFlood, startHeavyFlood } from './flood.ts';
import { inspect, renderInspection } from './inspection.ts';
import { startLiar } from './liar.ts';
import { PEER_MIB_MAX, watchMemory } from './memory-watch.ts';
import { elapse } from './moments.ts';
import type { Pace } from './pace.ts';
import { paceOver, pass } from './pace.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const WITNESS = 'finance';
const VICTIM = 'audit';
const MEASURED_MS = { short: 20_000, long: 120_000 } as const;
const SETTLED_MS = 5000;
/** The defaults of a chain, by which the cost of a lost round is judged. */
const UNTUNED = { blockIntervalMs: 100, roundBaseMs: 2000 } as const;
/**
 * In heights, since rests are: each of the first ones is twice as long as the one before and ends with
 * a lost round. The long form counts from the death on; the short one begins when a rest is 64 heights.
 */
const HEIGHTS = {
  short: { healthy: 100, settling: 130, bereft: 200 },
  long: { healthy: 300, settling: 0, bereft: 1000 },
} as const;
const HEIGHT_RATIO_MAX = 1.3;
/** After so many, no peer holds votes of before. */
const FORGOTTEN_HEIGHTS = 4;
const FINALITY_RATIO_MAX = 2;

/**
 * What the rounds that are lost beyond those of the healthy cluster add to a height, on a machine
 * that is never short of processors.
 */
function roundRatio(healthy: Pace, bereft: Pace): number {
  const { blockIntervalMs, roundBaseMs } = UNTUNED;
  const shareOf = ({ heights, lateHeights }: Pace): number => lateHeights / heights;
  const lost = Math.max(0, shareOf(bereft) - shareOf(healthy));
  return 1 + (lost * roundBaseMs) / blockIntervalMs;
}

export const oneDead: Fault = {
  id: 'P2',
  title: 'one of four dead under load: mean time per height within 1.3 times the healthy one',
  needs: [],
  run: async ({ short }) => {
    const heights = HEIGHTS[short ? 'short' : 'long'];
    const options = { clients: 2, pauseMs: 50, parameters: UNTUNED };
    return await onStage(options, async (stage) => {
      const witness = stage.urlOf(WITNESS);
      await elapse(SETTLED_MS);
      const healthy = await paceOver(witness, heights.healthy);
      await stage.kill(VICTIM);
      await pass(witness, heights.settling);
      const bereft = await paceOver(witness, heights.bereft);
      const ratio = bereft.heightMs / healthy.heightMs;
      const byRounds = roundRatio(healthy, bereft);
      const words = `${wordsOf(healthy)} healthy, ${wordsOf(bereft)} with one dead: ${ratio.toFixed(2)} times, by rounds alone ${byRounds.toFixed(2)} times`;
      if (Math.max(ratio, byRounds) > HEIGHT_RATIO_MAX) throw new Error(words);
      await stage.start(VICTIM);
      return `${words}; ${renderInspection(await inspect(stage))}`;
    });
  },
};

function wordsOf({ heightMs, heights, lateHeights }: Pace): string {
  return `${Math.round(heightMs)} ms a height (${lateHeights} of ${heights} late)`;
}

/** Median of the finality of payments that became final in this while. */
async function finalityMs({ load }: Stage, whileMs: number): Promise<number> {
  const from = load.finalityMs.length;
  await elapse(whileMs);
  const times = load.finalityMs.slice(from).toSorted((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  if (median === undefined) throw new Error(`nothing became final in ${whileMs} ms`);
  return median;
}

function mibOf(sizes: readonly number[]): string {
  return `${Math.round(Math.max(...sizes))} MiB`;
}

/** @throws Error when a node needed more for the flood than one peer may make it keep */
function wordsOfMemory(before: readonly number[], during: readonly number[]): string {
  const growth = Math.max(...during.map((mib, index) => mib - (before[index] ?? 0)));
  const words = `${mibOf(before)} before, ${mibOf(during)} during, ${Math.round(growth)} more`;
  if (growth > PEER_MIB_MAX) throw new Error(`${words}; a peer may cost ${PEER_MIB_MAX} MiB`);
  return words;
}

export const oneBad: Fault = {
  id: 'P3',
  title: 'one slow, silent, flooding or lying validator: finality p50 less than twice the healthy',
  needs: ['linux'],
  run: async ({ short, tell }) => {
    const whileMs = MEASURED_MS[short ? 'short' : 'long'];
    const relays = await createRelays(FOUR.map(({ slug }) => slug));
    const others = FOUR.map(({ slug }) => slug).filter((slug) => slug !== VICTIM);
    try {
      // Clients ask the other nodes only: what a bad node tells its own clients is not measured.
      const options = { relays, clients: 2, pauseMs: 50, served: others, parameters: UNTUNED };
      return await onStage(options, async (stage) => {
        await elapse(SETTLED_MS);
        const healthy = await finalityMs(stage, whileMs);
        const memory = watchMemory(stage, others);
        const judge = async (title: string): Promise<string> => {
          await elapse(SETTLED_MS);
          const bad = await finalityMs(stage, whileMs);
          const words = `${title} ${Math.round(bad)} ms (${(bad / healthy).toFixed(2)})`;
          tell(words);
          if (bad >= FINALITY_RATIO_MAX * healthy) throw new Error(`${words}, healthy ${healthy}`);
          return words;
        };
        let before: readonly number[] = [];
        const floodWith = async (start: typeof startFlood, title: string): Promise<string> => {
          memory.largest();
          const flood = await start(stage, VICTIM, WITNESS);
          const pace = await judge(title).finally(() => flood.stop());
          const during = memory.largest();
          return `${pace} and ${wordsOfMemory(before, during)} with ${flood.sent()} messages`;
        };
        for (const ends of [{ from: VICTIM }, { to: VICTIM }]) relays.set(ends, { delayMs: 300 });
        const slow = await judge('slow');
        relays.heal();
        stage.process(VICTIM).signal('SIGSTOP');
        const silent = await judge('silent');
        stage.process(VICTIM).signal('SIGCONT');
        await stage.kill(VICTIM);
        before = memory.largest();
        const flooding = await floodWith(startFlood, 'flooding');
        const heavy = await floodWith(startHeavyFlood, 'flooding with proposals');
        const liar = await startLiar(stage, VICTIM, WITNESS);
        const lying = await judge('lying').finally(() => liar.stop());
        // Its node would find what it never signed with the others, and stop or go into quarantine.
        await pass(stage.urlOf(WITNESS), FORGOTTEN_HEIGHTS);
        await stage.start(VICTIM);
        const after = `${mibOf(memory.largest())} after`;
        memory.stop();
        const lied = `${lying} with ${liar.sent()} messages`;
        const words = `healthy ${Math.round(healthy)} ms, ${slow}, ${silent}, ${flooding}, ${heavy}, ${after}, ${lied}`;
        return `${words}; ${renderInspection(await inspect(stage))}`;
      });
    } finally {
      await relays.close();
    }
  },
};
