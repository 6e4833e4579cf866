/** Who is parted from whom in F9, and what must hold meanwhile and afterwards, whatever the links are made of. */
import type { LinkEnds } from '@daybook/testkit';
import { heightOf } from '../e2e/support/api.ts';
import { FOUR } from '../e2e/support/members.ts';
import type { FaultRun } from './fault.ts';
import { inspect, renderInspection } from './inspection.ts';
import { elapse } from './moments.ts';
import type { Stage } from './stage.ts';

export const SLUGS: readonly string[] = FOUR.map(({ slug }) => slug);
const [A = '', B = '', C = '', D = ''] = SLUGS;

/** After healing; as after any other outage of a quorum (P1). */
const BLOCK_MS_MAX = 10_000;
const FLAP_MS = 2000;

/** A cable whose end parts the same nodes: of one node, or the one between the halves of them. */
export type Cable = { readonly of: string } | 'between halves';

export interface Layout {
  readonly title: string;
  readonly closed: readonly Required<LinkEnds>[];
  /** Absent: no cable alone parts them like that. */
  readonly cable?: Cable;
  /** Who is in a quorum and must go on. */
  readonly grows?: readonly string[];
  /** Who is in none and hears of none; of all others either is right. */
  readonly stands?: readonly string[];
}

/** What the links of a stage are made of. */
export interface Links {
  part(layout: Layout): void;
  heal(): void;
  /** Breaks the connections of a node, where that is another thing than silence. */
  cut?(slug: string): void;
}

function both(one: string, other: string): readonly Required<LinkEnds>[] {
  return [
    { from: one, to: other },
    { from: other, to: one },
  ];
}

function othersThan(slug: string): readonly string[] {
  return SLUGS.filter((other) => other !== slug);
}

function aloneOf(slug: string): Pick<Layout, 'closed' | 'cable'> {
  return { closed: othersThan(slug).flatMap((y) => both(slug, y)), cable: { of: slug } };
}

const LAYOUTS: readonly Layout[] = [
  {
    title: 'halves',
    closed: [A, B].flatMap((x) => [C, D].flatMap((y) => both(x, y))),
    cable: 'between halves',
    stands: SLUGS,
  },
  { title: 'one alone', ...aloneOf(A), grows: [B, C, D], stands: [A] },
  {
    title: 'one that is not heard',
    closed: othersThan(A).map((to) => ({ from: A, to })),
    grows: [B, C, D],
  },
  {
    title: 'one that hears nothing',
    closed: othersThan(A).map((from) => ({ from, to: A })),
    grows: [B, C, D],
  },
  { title: 'ring', closed: [...both(A, C), ...both(B, D)] },
];

/** @returns by how many blocks each node grew meanwhile */
async function hold(stage: Stage, layout: Layout, lastsMs: number): Promise<readonly number[]> {
  // What was under way when the links ended may still make blocks.
  await elapse(1000);
  const before = await Promise.all(SLUGS.map((slug) => heightOf(stage.urlOf(slug))));
  await elapse(lastsMs);
  const after = await Promise.all(SLUGS.map((slug) => heightOf(stage.urlOf(slug))));
  return SLUGS.map((slug, index) => {
    const grown = (after[index] ?? 0) - (before[index] ?? 0);
    const words = `${layout.title}: ${slug} grew by ${grown}`;
    if (layout.grows?.includes(slug) && grown === 0) throw new Error(`I26: ${words}`);
    if (layout.stands?.includes(slug) && grown > 0) throw new Error(`I28: ${words}`);
    return grown;
  });
}

async function flap(links: Links, lastsMs: number): Promise<void> {
  const deadline = performance.now() + lastsMs;
  for (let turn = 0; performance.now() < deadline; turn += 1) {
    const of = SLUGS[turn % SLUGS.length] ?? '';
    links.part({ title: 'flapping', ...aloneOf(of) });
    await elapse(FLAP_MS);
    // Half of the time the connections themselves are lost, too.
    if (turn % 2 === 0) links.cut?.(of);
    links.heal();
  }
}

/**
 * Every layout, one after the other, then flapping, then the inspection.
 * @returns the figures of the inspection
 * @throws  Error that names what did not hold
 */
export async function playLayouts(
  stage: Stage,
  links: Links,
  { short, tell }: Pick<FaultRun, 'short' | 'tell'>,
): Promise<string> {
  const tellResumed = async (what: string): Promise<void> => {
    const resumedMs = await stage.grows(A, 1, BLOCK_MS_MAX);
    tell(`${what}: a block ${Math.round(resumedMs)} ms after healing`);
  };
  for (const layout of LAYOUTS) {
    links.part(layout);
    const grown = await hold(stage, layout, short ? 5000 : 60_000);
    links.heal();
    await tellResumed(`${layout.title}: nodes grew by ${grown.join(', ')}`);
  }
  await flap(links, short ? 8000 : 600_000);
  await tellResumed('flapping');
  return renderInspection(await inspect(stage));
}
