/** F9: links that end, in every shape; the side with a quorum goes on, and all agree afterwards. */
import type { LinkConditions, LinkEnds, Relays } from '@daybook/testkit';
import { createRelays } from '@daybook/testkit';
import { heightOf } from '../e2e/support/api.ts';
import { FOUR } from '../e2e/support/members.ts';
import type { Fault } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

const SLUGS = FOUR.map(({ slug }) => slug);
const [A = '', B = '', C = '', D = ''] = SLUGS;
const STALLED: LinkConditions = { flow: 'stalled' };

function both(one: string, other: string): readonly LinkEnds[] {
  return [
    { from: one, to: other },
    { from: other, to: one },
  ];
}

interface Layout {
  readonly title: string;
  readonly closed: readonly LinkEnds[];
  /** Who must go on; nobody when no side has a quorum. Absent: either is right. */
  readonly grows?: readonly string[];
}

const LAYOUTS: readonly Layout[] = [
  { title: 'halves', closed: [A, B].flatMap((x) => [C, D].flatMap((y) => both(x, y))), grows: [] },
  { title: 'one alone', closed: [B, C, D].flatMap((y) => both(A, y)), grows: [B, C, D] },
  { title: 'one that is not heard', closed: [{ from: A }], grows: [B, C, D] },
  { title: 'one that hears nothing', closed: [{ to: A }], grows: [B, C, D] },
  { title: 'ring', closed: [...both(A, C), ...both(B, D)] },
];

async function hold(stage: Stage, relays: Relays, layout: Layout, lastsMs: number): Promise<void> {
  for (const ends of layout.closed) relays.set(ends, STALLED);
  // What was under way when the links ended may still make blocks.
  await elapse(1000);
  const before = await Promise.all(SLUGS.map((slug) => heightOf(stage.urlOf(slug))));
  await elapse(lastsMs);
  const after = await Promise.all(SLUGS.map((slug) => heightOf(stage.urlOf(slug))));
  if (layout.grows === undefined) return;
  for (const [index, slug] of SLUGS.entries()) {
    const grown = (after[index] ?? 0) - (before[index] ?? 0);
    const must = layout.grows.includes(slug);
    const words = `${layout.title}: ${slug} grew by ${grown}`;
    if (must && grown === 0) throw new Error(`I26: ${words}`);
    if (layout.grows.length === 0 && grown > 0) throw new Error(`I28: ${words}`);
  }
}

async function flap(relays: Relays, lastsMs: number): Promise<void> {
  const deadline = performance.now() + lastsMs;
  for (let turn = 0; performance.now() < deadline; turn += 1) {
    const victim = SLUGS[turn % SLUGS.length] ?? '';
    relays.set({ from: victim }, STALLED);
    relays.set({ to: victim }, STALLED);
    await elapse(2000);
    // Half of the time the connections themselves are lost, too.
    if (turn % 2 === 0) for (const other of SLUGS) relays.cut(victim, other);
    relays.heal();
  }
}

export const partitions: Fault = {
  id: 'F9',
  title: 'partitions by relay: halves, one alone, one way, ring, flapping',
  needs: ['linux'],
  run: async ({ short, tell }) => {
    const relays = await createRelays(SLUGS);
    const lastsMs = short ? 5000 : 60_000;
    try {
      const options = {
        clients: 2,
        pauseMs: 100,
        relays,
      };
      return await onStage(options, async (stage) => {
        for (const layout of LAYOUTS) {
          await hold(stage, relays, layout, lastsMs);
          relays.heal();
          const resumedMs = await stage.grows(A, 1);
          tell(`${layout.title}: a block ${Math.round(resumedMs)} ms after healing`);
        }
        await flap(relays, short ? 8000 : 600_000);
        return renderInspection(await inspect(stage));
      });
    } finally {
      await relays.close();
    }
  },
};
