/**
 * Memory of validators as built for production: at rest, and after many blocks. The long form,
 * `npm run soak`, makes 10,000 blocks; the short one shows the same on fewer.
 *
 * Measured on 2 cores, the largest of four nodes: 140 MiB at rest after 300 blocks, 178 after 5,001,
 * 196 after 10,025; at work 414 and 443. What grows at first are caches on their way to their bounds.
 * Scenario S38 of docs/reliability.md on real parts.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { heightOf } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund } from './support/fund.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import { FOUR } from './support/members.ts';
import { residentMib } from './support/memory.ts';
import { eventually } from './support/waiting.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const IDLE_MIB_MAX = 200;
/** Twice the rest after which a node gives memory back. */
const REST_MS = 40_000;
/** Blocks of each of two stretches; the second must not need more than the first. */
const STRETCH_BLOCKS = Number(process.env.DAYBOOK_SOAK_BLOCKS ?? 300);
/** Only against hanging. */
const STRETCH_HANGING_MS = STRETCH_BLOCKS * 1000;
const GROWTH_MIB_MAX = 24;

describe('memory of validators (validators=4)', function () {
  this.timeout(4 * STRETCH_HANGING_MS + 4 * REST_MS + 60_000);
  let cluster: Cluster;
  let load: Load | undefined;

  before(async () => {
    // What departments run is built; sources in tests carry the compiler with them.
    execFileSync(path.join(ROOT, 'node_modules/.bin/tsc'), ['-b', 'packages/node'], { cwd: ROOT });
    cluster = await startCluster({
      members: FOUR,
      flags: [],
      parameters: { blockIntervalMs: 5, emptyIntervalMs: 1000 },
    });
  });
  after(async () => {
    await load?.stop().catch(() => undefined);
    await cluster?.remove();
  });

  async function largestMib(): Promise<number> {
    const sizes = cluster.nodes.map((node) => residentMib(node.process.pid()));
    return Math.max(...(await Promise.all(sizes)));
  }

  /**
   * One more stretch of blocks under load, then rest until every node has given memory back.
   * @returns MiB of the largest node at rest
   */
  async function stretch(number: number): Promise<number> {
    const apiUrls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    const url = apiUrls[0] ?? '';
    const end = (await heightOf(url)) + STRETCH_BLOCKS;
    load = startLoad(cluster, { apiUrls, clientsPerNode: 1, prefix: `stretch-${number}` });
    await eventually(async () => (await heightOf(url)) >= end, {
      what: `${STRETCH_BLOCKS} blocks`,
      withinMs: STRETCH_HANGING_MS,
      everyMs: 200,
    });
    const atWork = await largestMib();
    const givenBack = cluster.nodes.map(({ process }) => process.logged('memory given back'));
    await load.stop();
    await Promise.all(givenBack);
    const atRest = await largestMib();
    tellFigure(`height ${end}: ${Math.round(atWork)} MiB at work, ${Math.round(atRest)} at rest`);
    return atRest;
  }

  it('given validators that have just started, when measured, then each is under 200 MiB', async () => {
    const mib = await largestMib();

    tellFigure(`${Math.round(mib)} MiB`);
    expect(mib).to.be.below(IDLE_MIB_MAX);
  });

  it('given two stretches of blocks, when at rest after each, then the second needs no more', async () => {
    await openFund(cluster.nodes[0]?.apiUrl ?? '', cluster);
    const first = await stretch(1);

    const second = await stretch(2);

    expect(Math.max(first, second)).to.be.below(IDLE_MIB_MAX);
    expect(second - first).to.be.below(GROWTH_MIB_MAX);
  });
});
