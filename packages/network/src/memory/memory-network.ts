/**
 * The memory adapter of the `Network` port, for tests and the simulator: no socket, no timer of its
 * own, no randomness. It passes the same compliance suite as the libp2p adapter and shares with it
 * everything above the bytes.
 */
import { assert, assertBytes, sha256, toHex } from '@daybook/core';
import type { AdmissionTable } from '../admission-table.ts';
import { createAdmissionTable } from '../admission-table.ts';
import type { NetworkFailure } from '../errors.ts';
import { Exchange } from '../exchange.ts';
import type { Hello } from '../handshake.ts';
import { WIRE_VERSION } from '../handshake.ts';
import type {
  Admission,
  Link,
  MetricsSink,
  Network,
  NetworkParts,
  Offence,
  PeerId,
  Role,
} from '../network.ts';
import type { Budget } from '../outbox.ts';
import type { ChannelName, ChannelTable, TopicName } from '../protocols.ts';
import { channelTable, TOPICS } from '../protocols.ts';
import type { Standing } from '../standing.ts';
import { BAN_MS, createStanding } from '../standing.ts';
import type { MemoryHub, Station } from './hub.ts';
import { Hub } from './hub.ts';

export interface MemoryNetworkOptions {
  readonly peerId: PeerId;
  /** G, 32 bytes. */
  readonly chain: Uint8Array;
  readonly admission: Admission;
  /** As in `NetworkOptions`. */
  readonly consensusRate?: number;
}

export interface MemoryNetworkParts extends Omit<NetworkParts, 'random'> {
  /** Made by `createMemoryHub`; its clock should be the clock of its networks. */
  readonly hub: MemoryHub;
}

const QUEUED_BYTES_MAX = 128 * 1024 * 1024;

/** Gossip messages remembered, so that each is judged once. */
const SEEN_MAX = 4096;

/** A network at a hub. Nothing happens before `start()`. */
export function createMemoryNetwork(
  options: MemoryNetworkOptions,
  parts: MemoryNetworkParts,
): Network {
  assertBytes(options.chain, 32, 'chain id');
  const core = new MemoryNetwork(options, parts);
  return {
    peerId: core.peerId,
    start: () => core.start(),
    stop: () => core.stop(),
    listenAddresses: () => [`/memory/${options.peerId}`],
    updatePeers: (admission) => core.updatePeers(admission),
    links: () => core.links(),
    publish: (topic, bytes) => Promise.resolve(core.publish(topic, bytes)),
    penalise: (peerId, offence) => core.offend(peerId, offence),
    ...core.exchange.face(),
  };
}

class MemoryNetwork implements Station {
  readonly peerId: PeerId;
  readonly metrics: MetricsSink;
  readonly budget: Budget = { usedBytes: 0, bytesMax: QUEUED_BYTES_MAX };
  readonly exchange: Exchange;
  readonly channelTable: ChannelTable;
  readonly #parts: MemoryNetworkParts;
  readonly #chain: Uint8Array;
  readonly #hub: Hub;
  readonly #standing: Standing = createStanding();
  readonly #channels = new Map<PeerId, ChannelName[]>();
  readonly #seen = new Set<string>();
  #table: AdmissionTable;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #stopping: Promise<void> | undefined;

  constructor(options: MemoryNetworkOptions, parts: MemoryNetworkParts) {
    const { hub } = parts;
    assert(hub instanceof Hub, 'a hub comes from createMemoryHub');
    this.peerId = options.peerId;
    this.metrics = parts.metrics;
    this.#chain = options.chain;
    this.channelTable = channelTable(options.consensusRate);
    this.#parts = parts;
    this.#hub = hub;
    this.#table = createAdmissionTable(options.peerId, options.admission);
    this.exchange = new Exchange({
      ...parts,
      write: (peerId, channel, frame) => this.#hub.send(this.peerId, peerId, channel, frame),
      reaches: (channel) =>
        this.#linked().filter(
          (peerId) =>
            this.#table.roleOf(peerId) === 'validator' &&
            this.#channels.get(peerId)?.includes(channel) === true,
        ),
      offend: (peerId, offence) => this.offend(peerId, offence),
    });
  }

  start(): Promise<void> {
    assert(this.#state === 'new', 'a network starts once');
    this.#state = 'running';
    this.#hub.attach(this);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  updatePeers(admission: Admission): void {
    this.#table = createAdmissionTable(this.peerId, admission);
    for (const peerId of this.#linked()) {
      if (this.#table.roleOf(peerId) === undefined) {
        this.#hub.unlink(this.peerId, peerId, { code: 'NETWORK_PEER_REMOVED', peerId });
      }
    }
    this.#standing.retain((peerId) => this.#table.roleOf(peerId) !== undefined);
    if (this.#state === 'running') {
      this.#hub.settle(this.peerId);
    }
  }

  links(): readonly Link[] {
    return this.#linked().map((peerId) => ({
      peerId,
      role: this.#table.roleOf(peerId) ?? 'observer',
      direction: this.peerId < peerId ? 'outbound' : 'inbound',
      address: `/memory/${peerId}`,
      latencyMs: undefined,
      channels: this.#channels.get(peerId) ?? [],
      queued: this.#hub.queued(this.peerId, peerId),
    }));
  }

  publish(topic: TopicName, bytes: Uint8Array): number {
    assert(bytes.length <= TOPICS[topic].bytesMax, 'a gossiped message keeps to its limit');
    this.metrics.add('daybook_network_gossip_total', 1, { topic, verdict: 'published' });
    this.#remember(topic, bytes);
    return this.#spread(topic, bytes, undefined);
  }

  offend(peerId: PeerId, offence: Offence): void {
    this.metrics.add('daybook_network_offences_total', 1, { offence });
    if (this.#standing.offend(peerId, offence, this.#parts.clock.now())) {
      this.#parts.logger.warn('peer banned', { peer: peerId, offence });
      this.#hub.unlink(this.peerId, peerId, { code: 'NETWORK_PEER_BANNED', peerId, offence });
      this.#parts.clock.schedule(BAN_MS, () => this.#hub.settle(this.peerId));
    }
  }

  hello(): Hello {
    return { version: WIRE_VERSION, chain: this.#chain, role: this.#table.ownRole };
  }

  roleOf(peerId: PeerId): Role | undefined {
    const banned = this.#standing.isBanned(peerId, this.#parts.clock.now());
    return banned ? undefined : this.#table.roleOf(peerId);
  }

  dials(peerId: PeerId): boolean {
    const peer = this.#table.peers.find((one) => one.peerId === peerId);
    const banned = this.#standing.isBanned(peerId, this.#parts.clock.now());
    return peer !== undefined && !banned && this.#table.dialPolicy(peer) !== 'never';
  }

  wants(peerId: PeerId, channel: ChannelName): boolean {
    return this.#table.wants(peerId, channel);
  }

  keeps(peerId: PeerId, channel: ChannelName): boolean {
    return this.#table.keeps(peerId, channel);
  }

  closed(peerId: PeerId, channel: ChannelName, reason: NetworkFailure): void {
    const open = this.#channels.get(peerId) ?? [];
    this.#channels.set(
      peerId,
      open.filter((name) => name !== channel),
    );
    this.exchange.emit({ kind: 'closed', peerId, channel, reason });
  }

  linked(peerId: PeerId, channels: readonly ChannelName[]): void {
    const open = this.#channels.get(peerId);
    const role = this.#table.roleOf(peerId) ?? 'observer';
    this.#channels.set(peerId, [...(open ?? []), ...channels]);
    if (open === undefined) {
      this.#parts.logger.info('peer connected', { peer: peerId, role });
      this.exchange.emit({ kind: 'connected', peerId, role });
    }
    for (const channel of channels) {
      this.exchange.emit({ kind: 'opened', peerId, channel });
    }
  }

  unlinked(peerId: PeerId, reason: NetworkFailure): void {
    const channels = this.#channels.get(peerId) ?? [];
    this.#channels.delete(peerId);
    for (const channel of channels) {
      this.exchange.emit({ kind: 'closed', peerId, channel, reason });
    }
    this.#parts.logger.info('peer disconnected', { peer: peerId, reason: reason.code });
    this.exchange.emit({ kind: 'disconnected', peerId, reason });
    this.exchange.end(reason, peerId);
  }

  refused(peerId: PeerId, reason: NetworkFailure): void {
    this.metrics.add('daybook_network_refusals_total', 1, { code: reason.code });
    this.exchange.emit({ kind: 'refused', peerId, reason });
  }

  receive(from: PeerId, channel: ChannelName, frame: Uint8Array): void | Promise<void> {
    return this.exchange.receive(from, channel, frame);
  }

  gossip(from: PeerId, topic: TopicName, bytes: Uint8Array): void {
    if (!this.#remember(topic, bytes)) {
      return;
    }
    void this.exchange.judge(from, topic, bytes).then((verdict) => {
      if (verdict === 'accept') {
        this.#spread(topic, bytes, from);
      }
    });
  }

  flooded(from: PeerId): void {
    this.offend(from, 'flood');
  }

  async #stop(): Promise<void> {
    if (this.#state === 'running') {
      await this.#hub.detach(this.peerId);
    }
    this.#state = 'stopped';
    this.exchange.end({ code: 'NETWORK_STOPPED' });
  }

  #linked(): readonly PeerId[] {
    return [...this.#channels.keys()].sort();
  }

  #spread(topic: TopicName, bytes: Uint8Array, source: PeerId | undefined): number {
    const targets = this.#linked().filter((peerId) => peerId !== source);
    for (const peerId of targets) {
      this.#hub.gossip(this.peerId, peerId, topic, bytes);
    }
    return targets.length;
  }

  /** @returns false if the message was seen before */
  #remember(topic: TopicName, bytes: Uint8Array): boolean {
    const key = `${topic} ${toHex(sha256(bytes))}`;
    if (this.#seen.has(key)) {
      return false;
    }
    const [oldest] = this.#seen;
    if (this.#seen.size >= SEEN_MAX && oldest !== undefined) {
      this.#seen.delete(oldest);
    }
    this.#seen.add(key);
    return true;
  }
}
