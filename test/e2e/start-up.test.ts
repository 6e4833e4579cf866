/**
 * A node with a long history starts as quickly as one with a short history, even after it was killed:
 * in processor time, which other programs on the machine do not change, and as a ratio, which its
 * speed does not. `npm run start-up` has the long form, 100,000 blocks, and holds it to the seconds
 * that were promised of this machine.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { commitTransaction } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openingCalls } from './support/fund.ts';
import { growChain } from './support/grown-chain.ts';
import { ALONE } from './support/members.ts';
import type { Elapsed } from './support/stopwatch.ts';
import { neededMs, startStopwatch, tellElapsed } from './support/stopwatch.ts';
import { signedBy } from './support/transactions.ts';

const LONG_BLOCKS = 100_000;
const BLOCKS = Number(process.env.DAYBOOK_START_BLOCKS ?? 12_000);
const IS_LONG = BLOCKS >= LONG_BLOCKS;
/** More than a start looks back on, and nothing beside the long history. */
const SHORT_BLOCKS = 1200;
/** Executing every block again would be more than ten times as much. */
const RATIO_MAX = 1.5;
const START_MS_MAX = 3000;
/** From the start of the killed process to a block that it has signed. */
const SIGNED_MS_MAX = 5000;
const REEXECUTED_MAX = 100;
const STARTS = 3;
const HOUR_MS = 3_600_000;
/** A file system in memory where there is one: making the chain must not be limited by a disk. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** What a validator needs that was killed at some height. */
interface Recovery {
  /** Until it serves, the middle one of some starts. */
  readonly ready: Elapsed;
  /** Until a block with a transaction is final that it has signed. */
  readonly signed: Elapsed;
}

describe(`start-up with a long history (blocks=${BLOCKS})`, function () {
  this.timeout(400_000);
  let short: Recovery;
  let long: Recovery;

  before(async () => {
    short = await recoverAt(SHORT_BLOCKS);
    long = await recoverAt(BLOCKS);
  });

  it('given many blocks, when started, then it needs what it needs with few, and executes few again', () => {
    expect(long.ready.processorMs / short.ready.processorMs).to.be.below(RATIO_MAX);
    if (IS_LONG) expect(neededMs(long.ready)).to.be.below(START_MS_MAX);
  });

  it('F1: given many blocks and a kill, when started, then it signs again as soon as with few', () => {
    expect(long.signed.processorMs / short.signed.processorMs).to.be.below(RATIO_MAX);
    if (IS_LONG) expect(neededMs(long.signed)).to.be.below(SIGNED_MS_MAX);
  });
});

async function recoverAt(blocks: number): Promise<Recovery> {
  const cluster = await createCluster({
    members: ALONE,
    directory: FOLDER,
    // What a department runs: the bundle, which this stage has made.
    flags: [],
    timeMs: Date.now() - 24 * HOUR_MS,
    parameters: { emptyIntervalMs: HOUR_MS },
  });
  try {
    const node = cluster.node('finance');
    const startedMs = performance.now();
    await growChain(cluster, node, blocks);
    tellFigure(`${blocks} blocks made in ${Math.round((performance.now() - startedMs) / 1000)} s`);
    const ready = await medianOfStarts(node, blocks);
    return { ready, signed: await signAgain(cluster, node, blocks) };
  } finally {
    await cluster.remove();
  }
}

/** Of some starts, each after SIGKILL: a clean end would leave nothing to recover. */
async function medianOfStarts(node: ClusterNode, blocks: number): Promise<Elapsed> {
  const times: Elapsed[] = [];
  for (let start = 0; start < STARTS; start++) {
    const opened = node.process.logged('ledger open');
    const elapsed = startStopwatch(node);
    await node.process.start();
    times.push(elapsed());
    const { height, reexecuted } = await opened;
    await node.process.kill();
    expect(height).to.equal(blocks);
    expect(reexecuted, 'blocks that are executed again').to.be.at.most(REEXECUTED_MAX);
  }
  tellFigure(`${blocks} blocks: ready after ${times.map(tellElapsed).join(', ')}`);
  const [, median = expect.fail('there are three')] = times.toSorted(
    (a, b) => a.processorMs - b.processorMs,
  );
  return median;
}

async function signAgain(cluster: Cluster, node: ClusterNode, blocks: number): Promise<Elapsed> {
  const officers = ['finance/treasurer', 'finance/budgeter'];
  const { bytes } = signedBy(cluster, officers, openingCalls());
  const elapsed = startStopwatch(node);

  await node.process.start();
  const { status, body } = await commitTransaction(node.apiUrl, bytes);

  const signed = elapsed();
  tellFigure(`${blocks} blocks: signed again after ${tellElapsed(signed)}`);
  expect(status, JSON.stringify(body)).to.equal(200);
  expect(body.height).to.equal(blocks + 1);
  return signed;
}
