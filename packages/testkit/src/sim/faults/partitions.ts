/** Networks that fall apart: halves, one alone, a ring, a bridge, one-way links, link by link. */
import type { Prng } from '../world/prng.ts';
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

type Cut = (from: number, to: number) => boolean;

/** Layouts by name; each draws one for so many machines. */
const LAYOUTS: Readonly<Record<string, (count: number, prng: Prng) => Cut>> = {
  halves: (count, prng) => {
    const sides = Array.from({ length: count }, () => prng.below(2));
    return (from, to) => sides[from] !== sides[to];
  },
  'one alone': (count, prng) => {
    const alone = prng.below(count);
    return (from, to) => from === alone || to === alone;
  },
  ring: (count) => (from, to) => {
    const distance = Math.abs(from - to);
    return distance !== 1 && distance !== count - 1;
  },
  bridge: (count, prng) => {
    const bridge = prng.below(count);
    const sides = Array.from({ length: count }, () => prng.below(2));
    return (from, to) => from !== bridge && to !== bridge && sides[from] !== sides[to];
  },
  'one-way links': (count, prng) => {
    const open = Array.from({ length: count * count }, () => prng.chance(600));
    return (from, to) => open[from * count + to] !== true;
  },
};

export const PARTITIONS: Fault = {
  name: 'partitions',
  permille: 500,
  counters: [
    'partition halves',
    'partition one alone',
    'partition ring',
    'partition bridge',
    'partition one-way links',
  ],
  begin: (context) => {
    const { world, prng } = context;
    const count = world.machines.length;
    const isSeen = prng.chance(500);
    repeatedly(context, [300, 5000], () => {
      if (prng.chance(350)) {
        world.wire.partition(undefined, isSeen);
        return;
      }
      const name = prng.pick(Object.keys(LAYOUTS));
      const layout = LAYOUTS[name]?.(count, prng);
      world.coverage.add(`partition ${name}`);
      world.wire.partition(layout, isSeen);
    });
  },
};

/** "Swizzle": links are cut one after the other and mended in another order. */
export const SWIZZLE: Fault = {
  name: 'swizzle',
  permille: 200,
  counters: ['frame stopped by a link of swizzle'],
  begin: (context) => {
    const { world, prng } = context;
    const count = world.machines.length;
    const pairs = Array.from({ length: count * count }, (_, index) => index);
    const cut = new Set<number>();
    let order = prng.shuffle(pairs);
    let isMending = false;
    repeatedly(context, [50, 1000], () => {
      const next = order.pop();
      if (next === undefined) {
        isMending = !isMending;
        order = prng.shuffle(pairs);
        return;
      }
      if (isMending) cut.delete(next);
      else cut.add(next);
      // The wire asks for each frame on its way, and for no other reason while cuts are unseen.
      world.wire.partition((from, to) => {
        const isCut = cut.has(from * count + to);
        if (isCut) world.coverage.add('frame stopped by a link of swizzle');
        return isCut;
      }, false);
    });
  },
};
