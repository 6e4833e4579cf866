/**
 * F9 once more, on links of the kernel: every node has a network of its own, cables are pulled and
 * routes lead nowhere. What was sent is lost, nobody is told, and connections stay open in silence.
 */
import type { Fault } from './fault.ts';
import type { Layout, Links } from './layouts.ts';
import { playLayouts, SLUGS } from './layouts.ts';
import type { Namespaces } from './namespaces.ts';
import { createNamespaces } from './namespaces.ts';
import type { Stage } from './stage.ts';
import { onStage } from './stage.ts';

function part(namespaces: Namespaces, { closed, cable }: Layout): void {
  if (cable === 'between halves') namespaces.pullBetweenHalves();
  else if (cable !== undefined) namespaces.pull(cable.of);
  else for (const { from, to } of closed) namespaces.loseWay(from, to);
}

function linksOf(namespaces: Namespaces): Links {
  return {
    part: (layout) => part(namespaces, layout),
    heal: () => namespaces.heal(),
  };
}

/** A node that ran beside its namespace would not notice anything. */
function checkPlaces(namespaces: Namespaces, stage: Stage): void {
  for (const slug of SLUGS) {
    const pid = stage.process(slug).pid();
    if (pid === undefined || !namespaces.holds(slug, pid)) {
      throw new Error(`process ${pid} of ${slug} is not in its network namespace`);
    }
  }
}

export const pulledCables: Fault = {
  id: 'F9',
  title: 'partitions of network namespaces: cables pulled and plugged in, routes that lead nowhere',
  needs: ['linux', 'namespaces'],
  run: async (run) => {
    const namespaces = createNamespaces(SLUGS, run.random);
    const { hosts, wrappers } = namespaces;
    try {
      return await onStage({ clients: 2, pauseMs: 100, hosts, wrappers }, (stage) => {
        checkPlaces(namespaces, stage);
        return playLayouts(stage, linksOf(namespaces), run);
      });
    } finally {
      namespaces.remove();
    }
  },
};
