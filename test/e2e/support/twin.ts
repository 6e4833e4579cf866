/** A second machine with the keys of a node: what an operator makes who wants a spare one. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asPublicKey, publicKeyOf } from '@daybook/core';
import { createVotes } from '@daybook/node';
import type { Cluster, NodeProcess } from '@daybook/testkit';
import { claimPorts, createNodeProcess } from '@daybook/testkit';

export interface TwinOptions {
  readonly slug: string;
  readonly name: string;
  /** `copied`: the vote log as it is now; `fresh`: a new one, as on a machine set up anew. */
  readonly votes: 'copied' | 'fresh';
  /** Flags of its runtime; by default those of this process. */
  readonly flags?: readonly string[];
}

export interface Twin {
  readonly process: NodeProcess;
  readonly apiUrl: string;
  readonly dataDirectory: string;
  readonly logFile: string;
}

/** A second node with the folder of a node, on other ports; it is not started. */
export async function createTwin(cluster: Cluster, options: TwinOptions): Promise<Twin> {
  const { slug, name, votes, flags } = options;
  const { directory, configFile } = cluster.node(slug);
  const place = path.join(cluster.directory, 'twins', name);
  const [listen = 0, api = 0] = (await claimPorts(2)).ports;
  await cp(directory, place, { recursive: true });
  const settings = (await readFile(configFile, 'utf8'))
    .replaceAll(`${directory}/data`, `${place}/data`)
    .replace(/listen: .*/, `listen: ["/ip4/127.0.0.1/tcp/${listen}"]`)
    .replace(/port: \d+/, `port: ${api}`);
  const file = path.join(place, 'daybookd.yaml');
  await writeFile(file, settings);
  const dataDirectory = path.join(place, 'data');
  if (votes === 'fresh') await renewVotes(cluster, slug, dataDirectory);
  const logFile = path.join(place, 'daybookd.log');
  const process = createNodeProcess({ name, configFile: file, logFile, ...(flags && { flags }) });
  return { process, apiUrl: `http://127.0.0.1:${api}`, dataDirectory, logFile };
}

async function renewVotes(cluster: Cluster, slug: string, dataDirectory: string): Promise<void> {
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  await rm(path.join(dataDirectory, 'votes'), { recursive: true });
  await createVotes({
    dataDirectory,
    chain: cluster.genesis.chain,
    publicKey: asPublicKey(publicKeyOf(keys.consensus)),
  });
}
