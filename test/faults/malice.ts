/**
 * A process that takes the place of a validator whose node is down: it holds the keys, is linked to
 * the others as that node was, and says whatever it likes.
 */
import type { Hash, Signed, Unsigned } from '@daybook/core';
import { asSignature, sign, signBytes } from '@daybook/core';
import type { Network, Peer } from '@daybook/network';
import { createNetwork } from '@daybook/network';
import { getJson } from '../e2e/support/api.ts';
import type { Stage } from './stage.ts';

/** What a traitor does until it is stopped. */
export interface Malice {
  /** Messages that the links took. */
  readonly sent: () => number;
  stop(): Promise<void>;
}

export interface Traitor {
  readonly network: Network;
  readonly chain: Hash;
  readonly secretKey: Uint8Array;
  /** Position in the set. */
  readonly sender: number;
}

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const UNCOUNTED = { add: ignore, set: ignore, observe: ignore };

function ignore(): void {
  // Nobody reads what a traitor would say of itself.
}

const CLOCK = {
  now: () => performance.now(),
  schedule: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Connects in the place of the node of `slug`, which is down; `witness` tells the set. */
export async function betray(stage: Stage, slug: string, witness: string): Promise<Traitor> {
  const { cluster } = stage;
  const { chain, document } = cluster.genesis;
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  const peersOf = (nodes: typeof document.observers, role: Peer['role']): readonly Peer[] =>
    nodes.map(({ peerId, addresses }) => ({ peerId, addresses, role }));
  const peers = [
    ...peersOf(document.validators, 'validator'),
    ...peersOf(document.observers, 'observer'),
  ];
  const network = createNetwork(
    {
      listen: [cluster.node(slug).address],
      secretKey: keys.peer,
      chain,
      admission: { role: 'validator', peers },
      consensusRate: 1_000_000,
    },
    { clock: CLOCK, random: () => 0.5, logger: SILENT, metrics: UNCOUNTED },
  );
  const { body } = await getJson(stage.urlOf(witness), '/v1/validators');
  const set = body.validators as readonly { readonly id: string }[];
  const sender = set.findIndex(({ id }) => id === stage.validatorOf(slug));
  await network.start();
  return { network, chain, secretKey: keys.consensus, sender };
}

export function signedBy<Content extends Unsigned>(
  { chain, secretKey, sender }: Traitor,
  content: Content,
): Signed<Content> {
  return { content, sender, signature: asSignature(sign(secretKey, signBytes(chain, content))) };
}
