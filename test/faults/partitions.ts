/**
 * F9: links that end, in every shape; the side with a quorum goes on, and all agree afterwards. Here
 * by the relay that all links run through: bytes are held and come late.
 */
import type { LinkConditions, Relays } from '@daybook/testkit';
import { createRelays } from '@daybook/testkit';
import type { Fault } from './fault.ts';
import type { Links } from './layouts.ts';
import { playLayouts, SLUGS } from './layouts.ts';
import { onStage } from './stage.ts';

const STALLED: LinkConditions = { flow: 'stalled' };

function linksOf(relays: Relays): Links {
  return {
    part: ({ closed }) => {
      for (const ends of closed) relays.set(ends, STALLED);
    },
    heal: () => relays.heal(),
    cut: (slug) => {
      for (const other of SLUGS) relays.cut(slug, other);
    },
  };
}

export const partitions: Fault = {
  id: 'F9',
  title: 'partitions by relay: halves, one alone, one way, ring, flapping',
  needs: ['linux'],
  run: async (run) => {
    const relays = await createRelays(SLUGS);
    try {
      return await onStage({ clients: 2, pauseMs: 100, relays }, (stage) =>
        playLayouts(stage, linksOf(relays), run),
      );
    } finally {
      await relays.close();
    }
  },
};
