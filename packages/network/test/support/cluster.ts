/**
 * A few networks that know each other, over any adapter. Ports are free ones, so every node starts
 * without addresses and learns those of the others when all of them listen.
 */
import { peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import { createMemoryHub, createMemoryNetwork, createNetwork } from '../../src/index.ts';
import type {
  Admission,
  Clock,
  Network,
  NetworkOptions,
  NetworkParts,
  Peer,
  PeerEvent,
} from '../../src/network.ts';
import type { KeptParts } from './parts.ts';
import { keptParts, realClock } from './parts.ts';
import { until } from './wait.ts';

/** Builds one network; all calls of one maker meet each other. */
export type NetworkMaker = (options: NetworkOptions, parts: NetworkParts) => Network;

export interface TestNode {
  readonly peerId: string;
  readonly role: 'validator' | 'observer';
  readonly secretKey: Uint8Array;
  readonly network: Network;
  readonly parts: KeptParts;
  readonly events: PeerEvent[];
}

export interface Cluster {
  readonly nodes: readonly TestNode[];
  readonly validators: readonly TestNode[];
  readonly observers: readonly TestNode[];
  /** The table that node `index` was given. */
  admission(index: number): Admission;
  /** Adds a node that the others do not know, unless they are told. */
  stranger(options?: { chain?: Uint8Array }): Promise<TestNode>;
  /** Stops a node and starts another with the same key and address. */
  restart(index: number): Promise<TestNode>;
  stop(): Promise<void>;
}

export const CHAIN = new Uint8Array(32).fill(0xc4);

export function libp2pMaker(): NetworkMaker {
  return createNetwork;
}

export function memoryMaker(): NetworkMaker {
  const hub = createMemoryHub({ clock: realClock });
  return ({ secretKey, chain, admission }, parts) => {
    const peerId = peerIdFromPublicKey(publicKeyOf(secretKey));
    return createMemoryNetwork({ peerId, chain, admission }, { ...parts, hub });
  };
}

let seeds = 0;

/** A key that no other test of this run uses. */
export function freshKey(): Uint8Array {
  seeds += 1;
  const key = new Uint8Array(32).fill(0x5a);
  new DataView(key.buffer).setUint32(0, seeds);
  return key;
}

export interface ClusterOptions {
  readonly validators: number;
  readonly observers?: number;
  readonly clock?: Clock;
}

export async function startCluster(maker: NetworkMaker, options: ClusterOptions): Promise<Cluster> {
  const { validators, observers = 0, clock } = options;
  const nodes: TestNode[] = [];
  for (let index = 0; index < validators + observers; index += 1) {
    nodes.push(makeNode(maker, index < validators ? 'validator' : 'observer', { clock }));
  }
  const all = [...nodes];
  await Promise.all(nodes.map(({ network }) => network.start()));
  const admission = (index: number): Admission => ({
    role: nodes[index]?.role ?? 'observer',
    peers: nodes.map(peerOf),
  });
  const share = (): void => {
    nodes.forEach((node, index) => {
      node.network.updatePeers(admission(index));
    });
  };
  share();
  await connected(nodes);
  return {
    nodes,
    validators: nodes.slice(0, validators),
    observers: nodes.slice(validators),
    admission,
    async stranger({ chain = CHAIN } = {}) {
      const node = makeNode(maker, 'observer', { chain });
      all.push(node);
      await node.network.start();
      return node;
    },
    async restart(index) {
      const old = nodes[index];
      if (old === undefined) {
        throw new Error('no such node');
      }
      const { secretKey } = old;
      const listen = peerOf(old).addresses;
      await old.network.stop();
      const node = makeNode(maker, old.role, { secretKey, listen });
      nodes[index] = node;
      all.push(node);
      await node.network.start();
      node.network.updatePeers(admission(index));
      return node;
    },
    async stop() {
      await Promise.all(all.map(({ network }) => network.stop()));
    },
  };
}

/** Waits until every pair that should be linked is, with all its channels. */
export async function connected(nodes: readonly TestNode[]): Promise<void> {
  await until('all pairs are linked', () => nodes.every((node) => isConnected(node, nodes)));
}

/** A line of the admission table for a node that listens. */
export function peerOf({ peerId, role, network }: TestNode): Peer {
  const addresses = network.listenAddresses().map((text) => text.replace(/\/p2p\/.*/, ''));
  return { peerId, role, addresses };
}

/** Names of the events of a node about one peer, for example `connected` or `closed sync`. */
export function eventsOf(node: TestNode, peerId: string): readonly string[] {
  return node.events.filter((event) => event.peerId === peerId).map(nameOf);
}

function nameOf(event: PeerEvent): string {
  switch (event.kind) {
    case 'connected':
      return 'connected';
    case 'opened':
    case 'closed':
      return `${event.kind} ${event.channel}`;
    default:
      return `${event.kind} ${event.reason.code}`;
  }
}

function isConnected(node: TestNode, nodes: readonly TestNode[]): boolean {
  const links = new Map(node.network.links().map((link) => [link.peerId, link]));
  return nodes.every((other) => {
    if (other === node || (node.role === 'observer' && other.role === 'observer')) {
      return true;
    }
    const both = node.role === 'validator' && other.role === 'validator';
    return links.get(other.peerId)?.channels.length === (both ? 3 : 2);
  });
}

interface MakeOptions {
  readonly chain?: Uint8Array;
  readonly secretKey?: Uint8Array;
  readonly listen?: readonly string[];
  readonly clock?: Clock | undefined;
}

function makeNode(
  maker: NetworkMaker,
  role: 'validator' | 'observer',
  { chain = CHAIN, secretKey = freshKey(), listen = ['/ip4/127.0.0.1/tcp/0'], clock }: MakeOptions,
): TestNode {
  const parts = keptParts(clock);
  const network = maker({ listen, secretKey, chain, admission: { role, peers: [] } }, parts);
  const events: PeerEvent[] = [];
  network.onPeer((event) => events.push(event));
  return { peerId: network.peerId, role, secretKey, network, parts, events };
}
