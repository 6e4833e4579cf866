/**
 * `cluster.json`: what a cluster says of itself to other tools and other languages. No secrets are
 * in it; officers' key files are named, and are unencrypted because a local cluster has none to keep.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { toHex } from '@daybook/core';
import type { Cluster } from './cluster.ts';

export const CLUSTER_FORMAT = 'daybook-cluster/1';

/** One node: everything needed to reach it and to look at it. */
export interface DescribedNode {
  readonly slug: string;
  readonly role: 'validator' | 'observer';
  readonly apiUrl: string;
  /** Multiaddress it listens on. */
  readonly address: string;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly configFile: string;
  readonly logFile: string;
}

/** One officer and the account key to sign with. */
export interface DescribedOfficer {
  /** `organisation/name`. */
  readonly identity: string;
  readonly roles: readonly string[];
  /** Hex of 32 bytes. */
  readonly publicKey: string;
  readonly keyFile: string;
}

export interface ClusterDescription {
  readonly format: typeof CLUSTER_FORMAT;
  /** Hex of the chain id. */
  readonly chain: string;
  readonly genesisFile: string;
  readonly nodes: readonly DescribedNode[];
  readonly officers: readonly DescribedOfficer[];
}

/** Where the account key of an officer lies. */
export function officerKeyFile(directory: string, identity: string): string {
  return path.join(directory, 'officers', `${identity.replace('/', '-')}.json`);
}

type Described = Pick<Cluster, 'directory' | 'genesisFile' | 'genesis' | 'nodes'>;

/** The text of `cluster.json`. */
export function renderDescription(cluster: Described): string {
  const { directory, genesisFile, genesis, nodes } = cluster;
  const { organisations } = genesis.document;
  const officers = organisations.flatMap(({ slug, officers: list }) =>
    list.map(({ name, roles, publicKey }) => {
      const identity = `${slug}/${name}`;
      return { identity, roles, publicKey, keyFile: officerKeyFile(directory, identity) };
    }),
  );
  const description: ClusterDescription = {
    format: CLUSTER_FORMAT,
    chain: toHex(genesis.chain),
    genesisFile,
    nodes: nodes.map(({ process: _process, ...place }) => place),
    officers,
  };
  return `${JSON.stringify(description, undefined, 2)}\n`;
}

/** Reads `cluster.json`. @throws Error if it is another kind of file */
export async function readClusterDescription(file: string): Promise<ClusterDescription> {
  const json: unknown = JSON.parse(await readFile(file, 'utf8'));
  const isObject = typeof json === 'object' && json !== null;
  if (!isObject || !('format' in json) || json.format !== CLUSTER_FORMAT) {
    throw new Error(`${file} is not a ${CLUSTER_FORMAT} file`);
  }
  // Written by `renderDescription`, which is the only definition of this format.
  return json as ClusterDescription;
}
