/**
 * Somebody with stolen keys on the real network: it takes the place of a validator whose node is down,
 * speaks to one other node, and signs whatever it likes. Its links are those of production.
 */
import type { Certificate, Decided, Hash, Message, Unsigned, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  blockHash,
  encodeMessage,
  indexOfKey,
  peerIdFromPublicKey,
  publicKeyOf,
  quorumOf,
  sign,
  signBytes,
  ZERO_HASH,
} from '@daybook/core';
import { createNetwork, NETWORK_METRICS } from '@daybook/network';
import { createMetrics, createSystemClock, SILENT_LOGGER } from '@daybook/node';
import type { Cluster } from '@daybook/testkit';
import { eventually } from './waiting.ts';

/** Only against hanging. */
const LINK_HANGING_MS = 90_000;

export interface Impostor {
  /** Sends one message on the channel of votes. */
  send(message: Message): void;
  stop(): Promise<void>;
}

function keysOf(
  { consortium }: Cluster,
  slug: string,
): Cluster['consortium']['organisations'][number] {
  const keys = consortium.organisations.find((one) => one.slug === slug);
  if (keys === undefined) throw new Error(`${slug} is a member`);
  return keys;
}

/** Listens where the node of `slug` would, and is linked with the node of `to` when it resolves. */
export async function startImpostor(cluster: Cluster, slug: string, to: string): Promise<Impostor> {
  const peerId = peerIdFromPublicKey(publicKeyOf(keysOf(cluster, to).peer));
  const { address } = cluster.node(to);
  const metrics = createMetrics();
  metrics.register(NETWORK_METRICS);
  const network = createNetwork(
    {
      listen: [cluster.node(slug).address],
      secretKey: keysOf(cluster, slug).peer,
      chain: cluster.genesis.chain,
      admission: {
        role: 'validator',
        peers: [{ peerId, role: 'validator', addresses: [address] }],
      },
    },
    {
      clock: createSystemClock(),
      random: () => 0.5,
      logger: SILENT_LOGGER,
      metrics,
    },
  );
  await network.start();
  const isLinked = (): boolean =>
    network.links().some((link) => link.peerId === peerId && link.channels.includes('consensus'));
  await eventually(isLinked, {
    what: `the impostor is linked with ${to}`,
    withinMs: LINK_HANGING_MS,
  });
  return {
    send: (message) => {
      if (!network.send(peerId, 'consensus', encodeMessage(message))) throw new Error('not sent');
    },
    stop: () => network.stop(),
  };
}

/** A PREPARE of round 0 under the key of a member. */
export function prepareBy(cluster: Cluster, slug: string, height: number, hash: Hash): Message {
  const content = { type: 'prepare', height, round: 0, blockHash: hash } as const;
  const { sender, signature } = signatureBy(cluster, slug, content);
  return { type: 'prepare', signed: { content, sender, signature } };
}

function signatureBy(cluster: Cluster, slug: string, content: Unsigned) {
  const { genesis } = cluster;
  const secret = keysOf(cluster, slug).consensus;
  const sender = indexOfKey(genesis.validators, asPublicKey(publicKeyOf(secret)));
  if (sender === undefined) throw new Error(`${slug} is a validator`);
  return { sender, signature: sign(secret, signBytes(genesis.chain, content)) };
}

/** A block that nobody ever saw, sealed by a quorum of stolen keys. */
export function decideElsewhere(cluster: Cluster, height: number): Decided {
  const { genesis, consortium } = cluster;
  const { validators } = genesis;
  const header = {
    version: 1,
    chain: genesis.chain,
    height,
    parentHash: ZERO_HASH,
    timestampMs: Date.now(),
    proposer: validatorAt(validators, 0).id,
    txRoot: ZERO_HASH,
    stateRoot: ZERO_HASH,
    resultRoot: ZERO_HASH,
    historyRoot: ZERO_HASH,
    validatorsHash: ZERO_HASH,
    nextValidatorsHash: ZERO_HASH,
  };
  const slot = { height, round: 0, blockHash: blockHash(header) };
  const seals = consortium.organisations
    .map(({ slug }) => signatureBy(cluster, slug, { type: 'commit', ...slot }))
    .sort((a, b) => a.sender - b.sender)
    .slice(0, quorumOf(validators.length).quorum);
  const certificate: Certificate = {
    kind: 'commit',
    ...slot,
    validatorCount: validators.length,
    signers: seals.map(({ sender }) => sender),
    signatures: seals.map(({ signature }) => signature),
  };
  return { type: 'decided', header, certificate };
}

function validatorAt(validators: ValidatorSet, index: number): ValidatorSet[number] {
  const found = validators[index];
  if (found === undefined) throw new Error(`there is a validator ${index}`);
  return found;
}
