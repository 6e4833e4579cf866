/**
 * Folders for trials of damage: a validator alone with a few hundred blocks in several segments, and
 * an observer that joined it by a snapshot. Both are down, and nobody else is there to help them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { getJson, heightOf, postTransaction, statusOf } from '../e2e/support/api.ts';
import { openFund, signedPayment } from '../e2e/support/fund.ts';
import { growChain } from '../e2e/support/grown-chain.ts';
import { ALONE, member } from '../e2e/support/members.ts';
import { eventually } from '../e2e/support/waiting.ts';

export const VALIDATOR = 'finance';
export const JOINED = 'newspaper';
const BLOCKS = 140;
const PAYMENTS = 4;
const SLOT_S = 20;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WITHIN_MS = 120_000;

/** Payments that are final in the chain of the folders. */
export const PAID = Array.from({ length: PAYMENTS }, (_, number) => `trial-${number}`);

export async function createTrialCluster(): Promise<Cluster> {
  const cluster = await createCluster({
    members: [...ALONE, member(JOINED, 'observer')],
    timeMs: Date.now() - DAY_MS,
    parameters: { blockIntervalMs: 50, emptyIntervalMs: HOUR_MS },
    settings: { archive: { segmentBytesMax: 65_536 }, sync: { snapshotSeconds: SLOT_S } },
    flags: [],
  });
  try {
    const validator = cluster.node(VALIDATOR);
    await growChain(cluster, validator, BLOCKS);
    await validator.process.start();
    await openFund(validator.apiUrl, cluster);
    for (const name of PAID) await payOnce(cluster, validator, name);
    await joinBySnapshot(cluster);
    // As a crash leaves them: what is not synced is lost, and files end where they were written.
    for (const node of cluster.nodes) await node.process.kill();
    return cluster;
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}

async function payOnce(cluster: Cluster, { apiUrl }: ClusterNode, name: string): Promise<void> {
  const { status, body } = await postTransaction(apiUrl, signedPayment(cluster, name).bytes);
  if (status !== 200) throw new Error(`payment ${name}: ${JSON.stringify(body)}`);
}

async function joinBySnapshot(cluster: Cluster): Promise<void> {
  const [joiner, source] = [cluster.node(JOINED), cluster.node(VALIDATOR)];
  const slotOf = async (height: number): Promise<number> => {
    const { body } = await getJson(source.apiUrl, `/v1/blocks/${height}`);
    return Math.floor(Number(body.timestampMs) / (SLOT_S * 1000));
  };
  const paidAt = await heightOf(source.apiUrl);
  let extra = 0;
  const isOffered = async (): Promise<boolean> => {
    await payOnce(cluster, source, `slot-${extra}`);
    extra += 1;
    return (await slotOf(paidAt)) < (await slotOf(await heightOf(source.apiUrl)));
  };
  const waiting = { what: 'a snapshot after the payments', withinMs: WITHIN_MS, everyMs: 500 };
  await eventually(isOffered, waiting);
  const config = await readFile(joiner.configFile, 'utf8');
  await writeFile(joiner.configFile, config.replace('sync:\n', 'sync:\n  mode: snapshot\n'));
  await joiner.process.start();
  const isLevel = async (): Promise<boolean> => {
    const { ready, head } = await statusOf(joiner.apiUrl);
    return ready && head.height > paidAt;
  };
  await eventually(isLevel, { what: `${joiner.slug} joined`, withinMs: WITHIN_MS });
  const { body } = await getJson(joiner.apiUrl, '/v1/status');
  if (!(Number(body.oldestStateHeight) > 0))
    throw new Error(`${joiner.slug} followed from genesis`);
}
