/** How long one payment takes on an idle cluster, from handing it in over HTTP to the final answer. */
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { commitTransaction, statusOf } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund, signedPayment } from './support/fund.ts';
import { FOUR } from './support/members.ts';
import { eventually } from './support/waiting.ts';

const SAMPLES = 60;
const WARM_UP = 10;
const P50_MS_MAX = 150;

describe('finality on an idle cluster (validators=4)', () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ members: FOUR });
    await openFund(cluster.nodes[0]?.apiUrl ?? '', cluster);
  });
  after(async () => {
    await cluster?.remove();
  });

  /** Nothing waits on any node, and the pause after the last block is over everywhere. */
  async function idle(): Promise<boolean> {
    const statuses = await Promise.all(cluster.nodes.map(({ apiUrl }) => statusOf(apiUrl)));
    const heights = new Set(statuses.map(({ head }) => head.height));
    const { blockIntervalMs } = cluster.genesis.document.parameters;
    return heights.size === 1 && statuses.every(({ headAgeMs }) => headAgeMs > blockIntervalMs);
  }

  it('given payments one at a time to each node in turn, then half are final within 150 ms', async () => {
    const times: number[] = [];
    for (let sample = 0; sample < WARM_UP + SAMPLES; sample++) {
      await eventually(idle, { what: 'all nodes at one height', withinMs: 5000, everyMs: 10 });
      const { apiUrl } = cluster.nodes[sample % cluster.nodes.length] ?? { apiUrl: '' };
      const { bytes } = signedPayment(cluster, `idle-${sample}`);

      const sentMs = performance.now();
      const { status } = await commitTransaction(apiUrl, bytes);
      const ms = performance.now() - sentMs;

      expect(status, `payment ${sample}`).to.equal(200);
      if (sample >= WARM_UP) times.push(ms);
    }

    const ascending = times.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(ascending[Math.floor(SAMPLES * share)] ?? 0);
    tellFigure(`p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, least ${at(0)} ms`);
    expect(at(0.5)).to.be.below(P50_MS_MAX);
  });
});
