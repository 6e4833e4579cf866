/** A node with a long history starts quickly, even after it was killed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { tellFigure } from './support/figures.ts';
import { ALONE } from './support/members.ts';

const BLOCKS = 100_000;
const START_MS_MAX = 3000;
const REEXECUTED_MAX = 100;
const STARTS = 3;
const HOUR_MS = 3_600_000;
const GENERATOR = path.join(import.meta.dirname, 'support/long-chain.ts');
/** A file system in memory where there is one: making the chain must not be limited by a disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Grows the chain in a process of its own and kills that process when it is done. */
async function growAndKill({ configFile }: ClusterNode): Promise<void> {
  const command = ['--conditions=source', GENERATOR, configFile, String(BLOCKS)];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const grown = new Promise<boolean>((resolve) => child.stdout.once('data', () => resolve(true)));
  const isGrown = await Promise.race([grown, ended.then(() => false)]);
  child.kill('SIGKILL');
  await ended;
  if (!isGrown) throw new Error('the generator ended before the chain was long enough');
}

describe(`start-up with a long history (blocks=${BLOCKS})`, function () {
  this.timeout(400_000);
  let cluster: Cluster;
  let node: ClusterNode;

  before(async () => {
    cluster = await createCluster({
      members: ALONE,
      directory: FOLDER,
      // What a department runs: the built packages, which the types stage has made.
      flags: [],
      timeMs: Date.now() - 24 * HOUR_MS,
      parameters: { emptyIntervalMs: HOUR_MS },
    });
    node = cluster.node('finance');
    const startedMs = performance.now();
    await growAndKill(node);
    tellFigure(`${BLOCKS} blocks made in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  });
  after(async () => {
    await cluster?.remove();
  });

  it('given 100,000 blocks, when started, then it is ready within 3 s and executes few again', async () => {
    const times: number[] = [];
    let most = 0;
    for (let start = 0; start < STARTS; start++) {
      const opened = node.process.logged('ledger open');
      const startedMs = performance.now();
      await node.process.start();
      times.push(performance.now() - startedMs);
      const { height, reexecuted } = await opened;
      // SIGKILL each time: a clean end would leave nothing to recover.
      await node.process.kill();
      expect(height).to.equal(BLOCKS);
      most = Math.max(most, Number(reexecuted));
    }

    const [median = 0] = times.toSorted((a, b) => a - b).slice(1);
    tellFigure(
      `ready after ${times.map((ms) => Math.round(ms)).join(', ')} ms, ${most} executed again`,
    );
    expect(median).to.be.below(START_MS_MAX);
    expect(most).to.be.at.most(REEXECUTED_MAX);
  });
});
