/**
 * A validator that floods: its process is replaced by one that holds its keys and sends votes for
 * rounds and heights to come, each signed and each different, as fast as the links take them.
 */
import type { Hash } from '@daybook/core';
import { asHash, asSignature, encodeMessage, fromHex, sign, signBytes } from '@daybook/core';
import type { Network, Peer } from '@daybook/network';
import { createNetwork } from '@daybook/network';
import { getJson, heightOf } from '../e2e/support/api.ts';
import type { Stage } from './stage.ts';

export interface Flood {
  /** Messages that the links took. */
  readonly sent: () => number;
  stop(): Promise<void>;
}

const BURST = 50;
const BURST_EVERY_MS = 20;
const ROUNDS = 60;
const HEIGHTS_AHEAD = 10;

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const UNCOUNTED = { add: ignore, set: ignore, observe: ignore };

function ignore(): void {
  // Nobody reads what the flooder would say of itself.
}

const CLOCK = {
  now: () => performance.now(),
  schedule: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

function openNetwork({ cluster }: Stage, slug: string): Network {
  const keys = cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  const { validators, observers } = cluster.genesis.document;
  const peersOf = (nodes: typeof observers, role: Peer['role']): readonly Peer[] =>
    nodes.map(({ peerId, addresses }) => ({ peerId, addresses, role }));
  const peers = [...peersOf(validators, 'validator'), ...peersOf(observers, 'observer')];
  return createNetwork(
    {
      listen: [cluster.node(slug).address],
      secretKey: keys.peer,
      chain: cluster.genesis.chain,
      admission: { role: 'validator', peers },
      consensusRate: 1_000_000,
    },
    { clock: CLOCK, random: () => 0.5, logger: SILENT, metrics: UNCOUNTED },
  );
}

interface Slot {
  readonly height: number;
  readonly round: number;
}

interface Flooder {
  readonly chain: Hash;
  readonly secretKey: Uint8Array;
  /** Position in the set. */
  readonly sender: number;
}

/** Every slot is another one: a flood is no contradiction. */
function prepareOf({ chain, secretKey, sender }: Flooder, slot: Slot): Uint8Array {
  const blockHash = asHash(fromHex('ab'.repeat(32)) ?? new Uint8Array(32));
  const content = { type: 'prepare', ...slot, blockHash } as const;
  const signature = asSignature(sign(secretKey, signBytes(chain, content)));
  return encodeMessage({ type: 'prepare', signed: { content, sender, signature } });
}

/** Starts flooding in the place of a node that is down. */
export async function startFlood(stage: Stage, slug: string, witness: string): Promise<Flood> {
  const { chain } = stage.cluster.genesis;
  const keys = stage.cluster.consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  const { body } = await getJson(stage.urlOf(witness), '/v1/validators');
  const set = body.validators as readonly { readonly id: string }[];
  const sender = set.findIndex(({ id }) => id === stage.validatorOf(slug));
  const flooder = { chain, secretKey: keys.consensus, sender };
  const network = openNetwork(stage, slug);
  await network.start();
  // Beyond every height in which the node itself may have voted.
  const first = (await heightOf(stage.urlOf(witness))) + HEIGHTS_AHEAD;
  let sent = 0;
  let turn = 0;
  const timer = setInterval(() => {
    for (let one = 0; one < BURST; one += 1, turn += 1) {
      const slot = { height: first + Math.floor(turn / ROUNDS), round: turn % ROUNDS };
      sent += network.broadcast('consensus', prepareOf(flooder, slot));
    }
  }, BURST_EVERY_MS);
  return {
    sent: () => sent,
    stop: async () => {
      clearInterval(timer);
      await network.stop();
    },
  };
}
