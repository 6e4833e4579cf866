/** A node with a long history starts quickly, even after it was killed. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { postTransaction } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openingCalls } from './support/fund.ts';
import { growChain } from './support/grown-chain.ts';
import { ALONE } from './support/members.ts';
import type { Elapsed } from './support/stopwatch.ts';
import { neededMs, startStopwatch, tellElapsed } from './support/stopwatch.ts';
import { signedBy } from './support/transactions.ts';

const BLOCKS = 100_000;
const START_MS_MAX = 3000;
/** From the start of the killed process to a block that it has signed. */
const SIGNED_MS_MAX = 5000;
const REEXECUTED_MAX = 100;
const STARTS = 3;
const HOUR_MS = 3_600_000;
/** A file system in memory where there is one: making the chain must not be limited by a disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe(`start-up with a long history (blocks=${BLOCKS})`, function () {
  this.timeout(400_000);
  let cluster: Cluster;
  let node: ClusterNode;

  before(async () => {
    cluster = await createCluster({
      members: ALONE,
      directory: FOLDER,
      // What a department runs: the bundle, which this stage has made.
      flags: [],
      timeMs: Date.now() - 24 * HOUR_MS,
      parameters: { emptyIntervalMs: HOUR_MS },
    });
    node = cluster.node('finance');
    const startedMs = performance.now();
    await growChain(cluster, node, BLOCKS);
    tellFigure(`${BLOCKS} blocks made in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  });
  after(async () => {
    await cluster?.remove();
  });

  it('given 100,000 blocks, when started, then it is ready within 3 s and executes few again', async () => {
    const times: Elapsed[] = [];
    let most = 0;
    for (let start = 0; start < STARTS; start++) {
      const opened = node.process.logged('ledger open');
      const elapsed = startStopwatch(node);
      await node.process.start();
      times.push(elapsed());
      const { height, reexecuted } = await opened;
      // SIGKILL each time: a clean end would leave nothing to recover.
      await node.process.kill();
      expect(height).to.equal(BLOCKS);
      most = Math.max(most, Number(reexecuted));
    }

    tellFigure(`ready after ${times.map(tellElapsed).join(', ')}, ${most} executed again`);
    const [, median] = times.map(neededMs).toSorted((a, b) => a - b);
    expect(median).to.be.below(START_MS_MAX);
    expect(most).to.be.at.most(REEXECUTED_MAX);
  });

  it('F1: given 100,000 blocks and a kill, when started, then it has signed again within 5 s', async () => {
    const officers = ['finance/treasurer', 'finance/budgeter'];
    const { bytes } = signedBy(cluster, officers, openingCalls());
    const elapsed = startStopwatch(node);

    await node.process.start();
    const { status, body } = await postTransaction(node.apiUrl, bytes);

    const signed = elapsed();
    tellFigure(`signed again after ${tellElapsed(signed)}`);
    expect(status, JSON.stringify(body)).to.equal(200);
    expect(body.height).to.equal(BLOCKS + 1);
    expect(neededMs(signed)).to.be.below(SIGNED_MS_MAX);
  });
});
