/**
 * The nodes of a cluster inside the calling process: quicker to start than processes, and open to a
 * debugger and to other contracts than those of the release. They use the same folders, so a cluster
 * may be stopped in one form and started in the other.
 */
import { randomInt } from 'node:crypto';
import { applications } from '@daybook/applications';
import { assert } from '@daybook/core';
import type { Logger, Metrics, Node, NodeParts } from '@daybook/node';
import {
  createMetrics,
  createSystemClock,
  loadSettings,
  SILENT_LOGGER,
  startNode,
} from '@daybook/node';
import type { Cluster, ClusterNode } from './cluster.ts';

export interface InProcessOptions {
  /** Contracts of every node; those of this release by default. */
  readonly contracts?: NodeParts['contracts'];
  /** Silent by default. */
  readonly logger?: Logger;
}

/** A node that runs here. */
export interface InProcessNode extends Pick<Node, 'apiUrl' | 'ledger' | 'report' | 'stop'> {
  readonly slug: string;
  readonly metrics: Metrics;
  /** Rejects when the node must stop because of a defect, its disk, or a broken chain. */
  readonly failed: Promise<never>;
}

/**
 * Starts one node of a cluster here; its process must be down.
 * @throws as `startNode`
 */
export async function startInProcessNode(
  cluster: Pick<Cluster, 'genesis' | 'consortium'>,
  node: ClusterNode,
  options: InProcessOptions = {},
): Promise<InProcessNode> {
  const { slug, configFile } = node;
  assert(node.process.pid() === undefined, `${slug} does not run as a process`);
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  assert(keys !== undefined, `${slug} has keys`);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Nobody has to watch it: a test that does not will see the node answer no more.
  failed.catch(() => undefined);
  const metrics = createMetrics();
  const started = await startNode(
    {
      settings: loadSettings(configFile, {}),
      genesis: cluster.genesis,
      keys: {
        peer: keys.peer,
        ...(node.role === 'validator' && { consensus: keys.consensus }),
      },
    },
    {
      clock: createSystemClock(),
      logger: options.logger ?? SILENT_LOGGER,
      metrics,
      random: randomFraction,
      contracts: options.contracts ?? applications,
      onFatal: reject,
      onJoined: () => reject(new Error('the snapshot is complete: start the node again')),
    },
  );
  const { apiUrl, ledger } = started;
  return {
    slug,
    apiUrl,
    ledger,
    metrics,
    failed,
    report: () => started.report(),
    stop: async () => await started.stop(),
  };
}

/** Uniform in [0, 1): spreads the retries of nodes. */
function randomFraction(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}

/** Every node of a cluster, in its order. If one does not start, the others are stopped again. */
export async function startInProcessNodes(
  cluster: Pick<Cluster, 'genesis' | 'consortium' | 'nodes'>,
  options: InProcessOptions = {},
): Promise<readonly InProcessNode[]> {
  const starting = cluster.nodes.map(
    async (node) => await startInProcessNode(cluster, node, options),
  );
  const started = await Promise.allSettled(starting);
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = started.find((one) => one.status === 'rejected');
  if (failure === undefined) return running;
  await Promise.all(running.map(async (node) => await node.stop()));
  throw failure.reason;
}
