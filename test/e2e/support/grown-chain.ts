/** A long chain on the disks of validators that are down, made without waiting for its blocks. */
import { spawn } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { asPublicKey, publicKeyOf } from '@daybook/core';
import { createVotes } from '@daybook/node';
import type { Cluster, ClusterNode } from '@daybook/testkit';

const GENERATOR = path.join(import.meta.dirname, 'long-chain.ts');

/** What of a data directory is not its own but every node's: blocks, and the state after them. */
const COMMON = ['format.json', 'blocks', 'state'];

/** Grows the chain of a node to a height; what is on disk is that of a process that was killed. */
export async function growChain(cluster: Cluster, node: ClusterNode, height: number) {
  const others = cluster.nodes.filter(
    ({ role, slug }) => role === 'validator' && slug !== node.slug,
  );
  await growAndKill([node, ...others], height);
  await renewVotes(cluster, node, height);
}

/** Grows the chain of one validator, and gives it to all others, each with a vote log of its own. */
export async function growChainOfAll(cluster: Cluster, height: number): Promise<void> {
  const [first, ...others] = cluster.nodes.filter(({ role }) => role === 'validator');
  if (first === undefined) throw new Error('a cluster has a validator');
  await growChain(cluster, first, height);
  for (const other of others) {
    for (const name of COMMON) {
      const [from, to] = [first, other].map(({ dataDirectory }) => path.join(dataDirectory, name));
      await cp(from ?? '', to ?? '', { recursive: true });
    }
    await renewVotes(cluster, other, height);
  }
}

/** Grows the chain of the first in a process of its own, which all seal, and kills that process. */
async function growAndKill(nodes: readonly ClusterNode[], height: number): Promise<void> {
  const configFiles = nodes.map(({ configFile }) => configFile);
  const command = ['--conditions=source', GENERATOR, String(height), ...configFiles];
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
