/**
 * A local cluster of real processes: keys, genesis, configuration and folders made here, every node
 * started and stopped by process id, the whole described in `cluster.json` for other tools. Any
 * number of clusters run side by side: each has its own folder and its own ports.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Contract } from '@daybook/contracts';
import { foundingContractsOf } from '@daybook/contracts';
import type { ChainParameters, Genesis } from '@daybook/core';
import { asPublicKey, assert, publicKeyOf, readGenesisFile } from '@daybook/core';
import { createKeyFile } from '@daybook/keystore';
import { createVotes } from '@daybook/node';
import type { Consortium, OfficerKey, OrganisationKeys, OrganisationPlan } from './consortium.ts';
import { createConsortium } from './consortium.ts';
import { officerKeyFile, renderDescription } from './description.ts';
import type { NodeProcess } from './node-process.ts';
import { createNodeProcess } from './node-process.ts';
import type { PortClaim } from './ports.ts';
import { claimPorts } from './ports.ts';

/** An organisation without its address: the cluster gives it one. */
export type MemberPlan = Omit<OrganisationPlan, 'address'>;

/** IPv4 addresses that a node listens on. */
export interface NodeHosts {
  readonly peers: string;
  readonly api: string;
}

export interface ClusterOptions {
  readonly members: readonly MemberPlan[];
  readonly name?: string;
  /** Parent of the cluster's folder; the system's folder for temporary files by default. */
  readonly directory?: string;
  readonly parameters?: Partial<ChainParameters>;
  /** Contracts that act from the first block; those of this release by default. */
  readonly contracts?: readonly Contract[];
  /** Time of the genesis; now by default. */
  readonly timeMs?: number;
  /** Extra lines of YAML for every node's configuration, by section. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  /** Nodes that keep SQL tables; by slug. */
  readonly tables?: readonly string[];
  /** Where a node listens, by slug; on the loopback interface by default. */
  readonly hosts?: Readonly<Record<string, NodeHosts>>;
  /** Command put before the runtime of a node, by slug. */
  readonly wrappers?: Readonly<Record<string, readonly string[]>>;
  /** Flags of every node's runtime; `[]` runs what is built even where tests run the sources. */
  readonly flags?: readonly string[];
  /** Program that every node runs; the daemon of this release by default. */
  readonly daemon?: string;
  /** Validators whose key is held by a signer process of its own; by slug. */
  readonly signers?: readonly string[];
  /** Rewrites the address others dial, for relays between nodes; by slug. */
  readonly announce?: (slug: string, address: string) => string;
}

/** One node of a cluster, running or not. */
export interface ClusterNode {
  readonly slug: string;
  readonly role: 'validator' | 'observer';
  readonly apiUrl: string;
  readonly address: string;
  readonly directory: string;
  readonly dataDirectory: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly process: NodeProcess;
  /** The process that holds its key, if that is another one. */
  readonly signer?: SignerPlace;
}

/** A signer process of a cluster. */
export interface SignerPlace {
  readonly process: NodeProcess;
  readonly dataDirectory: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly socket: string;
}

export interface Cluster {
  readonly directory: string;
  /** `cluster.json`, see `ClusterDescription`. */
  readonly descriptionFile: string;
  readonly genesisFile: string;
  readonly genesis: Genesis;
  readonly consortium: Consortium;
  readonly nodes: readonly ClusterNode[];
  node(slug: string): ClusterNode;
  officer(identity: string): OfficerKey;
  /** Starts every node that is down. */
  start(): Promise<void>;
  /** SIGTERM to every node; the folder stays. */
  stop(): Promise<void>;
  /** Stops everything and removes the folder. */
  remove(): Promise<void>;
}

interface NodePlace {
  readonly plan: MemberPlan;
  readonly keys: OrganisationKeys;
  readonly address: string;
  readonly apiHost: string;
  readonly apiPort: number;
  readonly directory: string;
}

const LOOPBACK: NodeHosts = { peers: '127.0.0.1', api: '127.0.0.1' };

function yamlOf(sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const lines: string[] = [];
  for (const [section, values] of Object.entries(sections)) {
    lines.push(`${section}:`);
    for (const [key, value] of Object.entries(values)) {
      // JSON is YAML: every value is quoted and escaped as it must be.
      lines.push(`  ${key}: ${JSON.stringify(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The settings of one node: files of its folder, its ports, and what the options add. */
function settingsOf(place: NodePlace, genesisFile: string, options: ClusterOptions): string {
  const { directory, address, apiHost, apiPort, plan } = place;
  const keys = path.join(directory, 'keys');
  const isRemote = options.signers?.includes(plan.slug) === true;
  const holdsKey = plan.node === 'validator' && !isRemote;
  const base: Record<string, Record<string, unknown>> = {
    node: { dataDirectory: path.join(directory, 'data'), genesisFile },
    keys: {
      peerFile: path.join(keys, 'peer.json'),
      ...(holdsKey && { consensusFile: path.join(keys, 'consensus.json') }),
    },
    network: { listen: [address] },
    api: {
      host: apiHost,
      port: apiPort,
      clientRequestsPerSecond: 100_000,
      clientTransactionsPerSecond: 100_000,
    },
    ...(isRemote && { signer: { socket: socketIn(directory) } }),
    ...(options.tables?.includes(plan.slug) === true && { readmodel: { state: 'on' } }),
    log: { level: 'info', format: 'json' },
  };
  for (const [section, values] of Object.entries(options.settings ?? {})) {
    base[section] = { ...base[section], ...values };
  }
  return yamlOf(base);
}

function socketIn(directory: string): string {
  return path.join(directory, 'signer', 'socket');
}

/** Settings and process of a signer beside its node. */
async function writeSigner(
  { directory, plan }: NodePlace,
  { keyFile, genesisFile }: { readonly keyFile: string; readonly genesisFile: string },
  options: ClusterOptions,
): Promise<SignerPlace> {
  const folder = path.join(directory, 'signer');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const place = {
    dataDirectory: path.join(folder, 'data'),
    configFile: path.join(folder, 'daybook-signer.yaml'),
    logFile: path.join(folder, 'daybook-signer.log'),
    socket: socketIn(directory),
  };
  const settings = {
    node: { dataDirectory: place.dataDirectory, genesisFile },
    keys: { consensusFile: keyFile },
    signer: { socket: place.socket },
    log: { level: 'info', format: 'json' },
  };
  await writeFile(place.configFile, yamlOf(settings));
  const process = createNodeProcess({
    name: `${plan.slug}-signer`,
    verb: 'signer',
    configFile: place.configFile,
    logFile: place.logFile,
    ...(options.daemon !== undefined && { daemon: options.daemon }),
    ...(options.flags !== undefined && { flags: options.flags }),
  });
  return { ...place, process };
}

async function writeNode(
  place: NodePlace,
  genesis: { readonly file: string; readonly genesis: Genesis },
  options: ClusterOptions,
): Promise<ClusterNode> {
  const { plan, keys, directory, address, apiHost, apiPort } = place;
  const keyDirectory = path.join(directory, 'keys');
  const dataDirectory = path.join(directory, 'data');
  await mkdir(keyDirectory, { recursive: true });
  const open = { protection: 'none' } as const;
  const peerFile = path.join(keyDirectory, 'peer.json');
  await createKeyFile(peerFile, { ...open, purpose: 'peer', secretKey: keys.peer });
  let signer: SignerPlace | undefined;
  if (plan.node === 'validator') {
    const file = path.join(keyDirectory, 'consensus.json');
    await createKeyFile(file, { ...open, purpose: 'consensus', secretKey: keys.consensus });
    if (options.signers?.includes(plan.slug) === true) {
      signer = await writeSigner(place, { keyFile: file, genesisFile: genesis.file }, options);
    }
    const publicKey = asPublicKey(publicKeyOf(keys.consensus));
    const votes = signer?.dataDirectory ?? dataDirectory;
    await createVotes({ dataDirectory: votes, chain: genesis.genesis.chain, publicKey });
  }
  const configFile = path.join(directory, 'daybookd.yaml');
  await writeFile(configFile, settingsOf(place, genesis.file, options));
  const logFile = path.join(directory, 'daybookd.log');
  const wrapper = options.wrappers?.[plan.slug];
  const process = createNodeProcess({
    name: plan.slug,
    configFile,
    logFile,
    ...(wrapper && { wrapper }),
    ...(options.daemon !== undefined && { daemon: options.daemon }),
    ...(options.flags !== undefined && { flags: options.flags }),
  });
  const role = plan.node === 'validator' ? 'validator' : 'observer';
  const apiUrl = `http://${apiHost}:${apiPort}`;
  return {
    slug: plan.slug,
    role,
    apiUrl,
    address,
    directory,
    dataDirectory,
    configFile,
    logFile,
    process,
    ...(signer && { signer }),
  };
}

async function writeOfficers(directory: string, consortium: Consortium): Promise<void> {
  await mkdir(path.join(directory, 'officers'), { recursive: true });
  for (const { officers } of consortium.organisations) {
    for (const { identity, secretKey } of officers) {
      const file = officerKeyFile(directory, identity);
      await createKeyFile(file, { protection: 'none', purpose: 'account', secretKey });
    }
  }
}

class ProcessCluster implements Cluster {
  readonly directory: string;
  readonly descriptionFile: string;
  readonly genesisFile: string;
  readonly genesis: Genesis;
  readonly consortium: Consortium;
  readonly nodes: readonly ClusterNode[];
  readonly #claim: PortClaim;

  constructor(
    parts: Pick<
      Cluster,
      'directory' | 'descriptionFile' | 'genesisFile' | 'genesis' | 'consortium' | 'nodes'
    >,
    claim: PortClaim,
  ) {
    this.directory = parts.directory;
    this.descriptionFile = parts.descriptionFile;
    this.genesisFile = parts.genesisFile;
    this.genesis = parts.genesis;
    this.consortium = parts.consortium;
    this.nodes = parts.nodes;
    this.#claim = claim;
  }

  node(slug: string): ClusterNode {
    const found = this.nodes.find((node) => node.slug === slug);
    assert(found !== undefined, `${slug} is a node of the cluster`);
    return found;
  }

  officer(identity: string): OfficerKey {
    return this.consortium.officer(identity);
  }

  async start(): Promise<void> {
    const signers = this.nodes.flatMap(({ signer }) => (signer ? [signer.process] : []));
    for (const processes of [signers, this.nodes.map(({ process }) => process)]) {
      const down = processes.filter((process) => process.pid() === undefined);
      await Promise.all(down.map((process) => process.start()));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.stop()));
    await Promise.all(this.nodes.map(({ signer }) => signer?.process.stop()));
  }

  async remove(): Promise<void> {
    await this.stop();
    this.#claim.release();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Makes a cluster's folder and everything in it; nothing runs yet. */
export async function createCluster(options: ClusterOptions): Promise<Cluster> {
  const parent = options.directory ?? tmpdir();
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(path.join(parent, 'daybook-cluster-'));
  const claim = await claimPorts(options.members.length * 2);
  const portAt = (index: number): number => {
    const port = claim.ports[index];
    assert(port !== undefined, 'every node has its ports');
    return port;
  };
  const hostsOf = (slug: string): NodeHosts => options.hosts?.[slug] ?? LOOPBACK;
  const listenAddress = (slug: string, index: number): string =>
    `/ip4/${hostsOf(slug).peers}/tcp/${portAt(2 * index)}`;
  const announce = options.announce ?? ((_slug: string, address: string) => address);
  const organisations = options.members.map((member, index) => ({
    ...member,
    ...(member.node !== 'none' && {
      address: announce(member.slug, listenAddress(member.slug, index)),
    }),
  }));
  const consortium = createConsortium({
    name: options.name ?? 'local-cluster',
    organisations,
    ...(options.parameters && { parameters: options.parameters }),
    ...(options.contracts && { contracts: foundingContractsOf(options.contracts) }),
    ...(options.timeMs !== undefined && { timeMs: options.timeMs }),
  });
  const genesisFile = path.join(directory, 'genesis.json');
  await writeFile(genesisFile, `${JSON.stringify(consortium.genesis, null, 2)}\n`);
  const genesis = readGenesisFile(consortium.genesis);
  assert(genesis.ok, 'the founders signed the genesis');
  const places = options.members.flatMap((plan, index): NodePlace[] => {
    const keys = consortium.organisations[index];
    assert(keys !== undefined, 'every member has keys');
    if (plan.node === 'none') return [];
    const place = path.join(directory, 'nodes', plan.slug);
    return [
      {
        plan,
        keys,
        address: listenAddress(plan.slug, index),
        apiHost: hostsOf(plan.slug).api,
        apiPort: portAt(2 * index + 1),
        directory: place,
      },
    ];
  });
  const written = { file: genesisFile, genesis: genesis.value };
  const nodes = await Promise.all(places.map((place) => writeNode(place, written, options)));
  await writeOfficers(directory, consortium);
  const descriptionFile = path.join(directory, 'cluster.json');
  const parts = {
    directory,
    descriptionFile,
    genesisFile,
    genesis: genesis.value,
    consortium,
    nodes,
  };
  await writeFile(descriptionFile, renderDescription(parts));
  return new ProcessCluster(parts, claim);
}

/** `createCluster`, then starts it. Whatever fails, nothing is left running. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = await createCluster(options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
