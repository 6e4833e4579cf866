/** A long chain on the disk of a lone validator that is down, made without waiting for its blocks. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { asPublicKey, publicKeyOf } from '@daybook/core';
import { createVotes } from '@daybook/node';
import type { Cluster, ClusterNode } from '@daybook/testkit';

const GENERATOR = path.join(import.meta.dirname, 'long-chain.ts');

/** Grows the chain of a node to a height; what is on disk is that of a process that was killed. */
export async function growChain(cluster: Cluster, node: ClusterNode, height: number) {
  await growAndKill(node, height);
  await renewVotes(cluster, node, height);
}

/** Grows the chain in a process of its own and kills that process when it is done. */
async function growAndKill({ configFile }: ClusterNode, height: number): Promise<void> {
  const command = ['--conditions=source', GENERATOR, configFile, String(height)];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const grown = new Promise<boolean>((resolve) => child.stdout.once('data', () => resolve(true)));
  const isGrown = await Promise.race([grown, ended.then(() => false)]);
  child.kill('SIGKILL');
  await ended;
  if (!isGrown) throw new Error('the generator ended before the chain was long enough');
}

/** The generator sealed its blocks without the guard; the log is made to stand behind them. */
async function renewVotes(
  cluster: Cluster,
  { slug, dataDirectory }: ClusterNode,
  above: number,
): Promise<void> {
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} has keys`);
  const publicKey = asPublicKey(publicKeyOf(keys.consensus));
  await rm(path.join(dataDirectory, 'votes'), { recursive: true });
  await createVotes({ dataDirectory, chain: cluster.genesis.chain, publicKey, above });
}
