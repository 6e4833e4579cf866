/**
 * A member that serves forged snapshots: a peer on the real network, with the peer key of a member
 * whose node is down. Every question it gets it asks an honest node, and changes one bit of what
 * comes back.
 */
import type { Result } from '@daybook/core';
import { assert, peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import type { Network } from '@daybook/network';
import { createNetwork, NETWORK_METRICS } from '@daybook/network';
import { createMetrics, createSystemClock, SILENT_LOGGER } from '@daybook/node';
import type { Cluster } from './cluster.ts';

export interface LyingProvider {
  readonly peerId: string;
  /** Answers that it has forged so far. */
  lies(): number;
  stop(): Promise<void>;
}

export interface LyingProviderPlan {
  /** Whose place it takes. */
  readonly slug: string;
  /** Where the truth comes from. */
  readonly honest: string;
  /** Whom it speaks to beside. */
  readonly others: readonly string[];
}

/** @throws NetworkError when the address of the member is taken */
export async function startLyingProvider(
  cluster: Pick<Cluster, 'genesis' | 'consortium' | 'node'>,
  { slug, honest, others }: LyingProviderPlan,
): Promise<LyingProvider> {
  const peerKeyOf = (member: string): Uint8Array => {
    const keys = cluster.consortium.organisations.find((one) => one.slug === member);
    assert(keys !== undefined, `${member} is a member`);
    return keys.peer;
  };
  const peerIdOf = (member: string): string => peerIdFromPublicKey(publicKeyOf(peerKeyOf(member)));
  const metrics = createMetrics();
  metrics.register(NETWORK_METRICS);
  const network = createNetwork(
    {
      listen: [cluster.node(slug).address],
      secretKey: peerKeyOf(slug),
      chain: cluster.genesis.chain,
      admission: {
        role: 'observer',
        peers: [honest, ...others].map((member) => ({
          peerId: peerIdOf(member),
          role: cluster.node(member).role,
          addresses: [cluster.node(member).address],
        })),
      },
    },
    { clock: createSystemClock(), random: () => 0.5, logger: SILENT_LOGGER, metrics },
  );
  let lies = 0;
  network.handle('snapshot', async (_peer, request) => {
    const truth = await askHonest(network, peerIdOf(honest), request);
    if (!truth.ok) return undefined;
    lies += 1;
    return forge(truth.value);
  });
  await network.start();
  return { peerId: network.peerId, lies: () => lies, stop: () => network.stop() };
}

async function askHonest(
  network: Network,
  peerId: string,
  request: Uint8Array,
): Promise<Result<Uint8Array, unknown>> {
  return await network.request(peerId, 'snapshot', request);
}

/** The same answer with one bit changed in its middle. */
function forge(answer: Uint8Array): Uint8Array {
  const forged = answer.slice();
  const middle = forged.length >> 1;
  forged[middle] = (forged[middle] ?? 0) ^ 1;
  return forged;
}
