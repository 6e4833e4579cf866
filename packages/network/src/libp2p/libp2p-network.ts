/**
 * The libp2p adapter of the `Network` port: admission, links, redials and gossip put together.
 * One object per node and life: it starts once and stops once.
 */
import { assert, assertBytes, peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import type { Connection } from '@libp2p/interface';
import type { AdmissionTable } from '../admission-table.ts';
import { createAdmissionTable } from '../admission-table.ts';
import { NetworkError } from '../errors.ts';
import { Exchange } from '../exchange.ts';
import { WIRE_VERSION } from '../handshake.ts';
import type { Admission, Link, Network, NetworkOptions, NetworkParts, PeerId } from '../network.ts';
import type { Budget } from '../outbox.ts';
import type { ChannelName } from '../protocols.ts';
import { CHANNELS, channelTable } from '../protocols.ts';
import type { Standing } from '../standing.ts';
import { createStanding } from '../standing.ts';
import { hostOf, readAddress } from './addresses.ts';
import { Dialler } from './dialler.ts';
import type { Doorkeeper } from './doorkeeper.ts';
import { createDoorkeeper } from './doorkeeper.ts';
import { createGater } from './gater.ts';
import { GOSSIP_BYTES_MAX, Gossip, topicIds } from './gossip.ts';
import type { Host } from './host.ts';
import { createHost } from './host.ts';
import { CHANNEL_NAMES } from './link.ts';
import { Links } from './links.ts';

/** Bytes that may wait for all slow peers together. */
const QUEUED_BYTES_MAX = 128 * 1024 * 1024;

/** How often gossip streams are looked after and gauges are set. */
const WATCH_MS = 2000;

/** How long `stop` waits for peers to read what is queued for them. */
const FLUSH_MS = 2000;

/** A dial and its handshakes; one that hangs on a dead line costs this much once the line is back. */
const DIAL_MS = 5000;

/**
 * A node's network over libp2p. Nothing runs before `start()`.
 * @throws AssertionError if the key or the chain id has a wrong length
 */
export function createNetwork(options: NetworkOptions, parts: NetworkParts): Network {
  assertBytes(options.secretKey, 32, 'peer secret key');
  assertBytes(options.chain, 32, 'chain id');
  const core = new Libp2pNetwork(options, parts);
  return {
    peerId: core.self,
    start: () => core.start(),
    stop: () => core.stop(),
    listenAddresses: () => core.listenAddresses(),
    updatePeers: (admission) => core.updatePeers(admission),
    links: () => core.linkList(),
    publish: (topic, bytes) => core.publish(topic, bytes),
    penalise: (peerId, offence) => core.links.offend(peerId, offence),
    ...core.exchange.face(),
  };
}

class Libp2pNetwork {
  readonly self: PeerId;
  readonly exchange: Exchange;
  readonly links: Links;
  readonly #options: NetworkOptions;
  readonly #parts: NetworkParts;
  readonly #standing: Standing = createStanding();
  readonly #doorkeeper: Doorkeeper = createDoorkeeper();
  readonly #budget: Budget = { usedBytes: 0, bytesMax: QUEUED_BYTES_MAX };
  readonly #dialler: Dialler;
  #table: AdmissionTable;
  #host: Host | undefined;
  #gossip: Gossip | undefined;
  #cancelWatch: (() => void) | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #stopping: Promise<void> | undefined;

  constructor(options: NetworkOptions, parts: NetworkParts) {
    this.#options = options;
    this.#parts = parts;
    this.self = peerIdFromPublicKey(publicKeyOf(options.secretKey));
    this.#table = createAdmissionTable(this.self, options.admission);
    this.exchange = new Exchange({
      ...parts,
      write: (peerId, channel, frame) => this.links.get(peerId)?.send(channel, frame) === true,
      reaches: (channel) => this.#reaches(channel),
      offend: (peerId, offence) => this.links.offend(peerId, offence),
    });
    this.links = new Links({
      ...parts,
      self: this.self,
      standing: this.#standing,
      budget: this.#budget,
      channels: channelTable(options.consensusRate),
      table: () => this.#table,
      hello: () => ({
        version: WIRE_VERSION,
        chain: options.chain,
        role: this.#table.ownRole,
      }),
      isDialling: (peerId) => this.#dialler.isDialling(peerId),
      emit: (event) => this.exchange.emit(event),
      receive: (peerId, channel, frame) => this.exchange.receive(peerId, channel, frame),
      ready: (peerId) => this.#dialler.succeeded(peerId),
      gone: (peerId, reason) => {
        this.exchange.end(reason, peerId);
        this.#dialler.lost(peerId);
      },
    });
    this.#dialler = new Dialler({
      ...parts,
      table: () => this.#table,
      isLinked: (peerId) => this.links.get(peerId) !== undefined,
      isBanned: (peerId) => this.#standing.isBanned(peerId, parts.clock.now()),
      linkCount: () => this.links.all().length,
      dial: async (addresses) => {
        await this.#host?.dial([...addresses], { signal: AbortSignal.timeout(DIAL_MS) });
      },
    });
    this.#know();
  }

  async start(): Promise<void> {
    assert(this.#state === 'new', 'a network starts once');
    this.#state = 'running';
    const host = await createHost({
      ...this.#options,
      topics: Object.values(topicIds(this.#options.chain)),
      gossipBytesMax: GOSSIP_BYTES_MAX,
      gater: createGater({
        doorkeeper: this.#doorkeeper,
        now: () => this.#parts.clock.now(),
        deniesInbound: (peerId) => this.links.deniesInbound(peerId),
        deniesOutbound: (peerId) => this.links.deniesOutbound(peerId),
        denied: (peerId, denial) => this.links.denied(peerId, denial),
      }),
    });
    assert(host.peerId.toString() === this.self, 'our peer id is what libp2p computes');
    this.#host = host;
    await this.#attach(host);
    try {
      await host.start();
    } catch (error) {
      await this.stop();
      const address = this.#options.listen.join(' ');
      const detail = error instanceof Error ? error.message : String(error);
      throw new NetworkError({ code: 'NETWORK_LISTEN_FAILED', address, detail }, { cause: error });
    }
    this.#gossip?.start();
    this.#dialler.update();
    this.#watch();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  listenAddresses(): readonly string[] {
    return this.#host?.getMultiaddrs().map(String) ?? [];
  }

  updatePeers(admission: Admission): void {
    this.#table = createAdmissionTable(this.self, admission);
    const isAdmitted = (peerId: PeerId): boolean => this.#table.roleOf(peerId) !== undefined;
    this.#standing.retain(isAdmitted);
    this.#gossip?.retain(isAdmitted);
    this.#know();
    this.links.update();
    if (this.#state === 'running' && this.#gossip !== undefined) {
      this.#dialler.update();
    }
  }

  linkList(): readonly Link[] {
    const list: Link[] = [];
    for (const link of this.links.all()) {
      const role = this.#table.roleOf(link.peerId);
      if (link.wasReady && role !== undefined) {
        const { direction, remoteAddr, rtt } = link.connection;
        list.push({
          peerId: link.peerId,
          role,
          direction,
          address: remoteAddr.toString(),
          latencyMs: rtt,
          channels: link.openChannels(),
          queued: link.queued,
        });
      }
    }
    return list;
  }

  async publish(...parameters: Parameters<Network['publish']>): Promise<number> {
    return this.#state === 'running' ? ((await this.#gossip?.publish(...parameters)) ?? 0) : 0;
  }

  async #attach(host: Host): Promise<void> {
    const { clock, metrics } = this.#parts;
    host.addEventListener('connection:open', ({ detail }) => this.links.connected(detail));
    host.addEventListener('connection:close', ({ detail }) => this.links.disconnected(detail));
    for (const name of CHANNEL_NAMES) {
      const accept = (stream: Parameters<Links['accept']>[1], connection: Connection): void =>
        this.links.accept(name, stream, connection);
      const limits = { maxInboundStreams: 2, maxOutboundStreams: 2 };
      await host.handle(CHANNELS[name].id, accept, limits);
    }
    this.#gossip = new Gossip(host.services.gossip, this.#options.chain, {
      metrics,
      now: () => clock.now(),
      judge: (peerId, topic, bytes) => this.exchange.judge(peerId, topic, bytes),
      offend: (peerId, offence) => this.links.offend(peerId, offence),
    });
  }

  async #stop(): Promise<void> {
    const { clock } = this.#parts;
    this.#state = 'stopped';
    this.#dialler.stop();
    this.#cancelWatch?.();
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = clock.schedule(FLUSH_MS, resolve);
    });
    const flushed = this.links.all().map((link) => link.finish({ code: 'NETWORK_STOPPED' }));
    await Promise.race([Promise.allSettled(flushed), late]);
    cancel?.();
    this.exchange.end({ code: 'NETWORK_STOPPED' });
    for (const link of this.links.all()) {
      link.cut({ code: 'NETWORK_STOPPED' });
    }
    await this.#host?.stop();
  }

  #reaches(channel: ChannelName): readonly PeerId[] {
    const open = this.links.withOpen(channel);
    return open.filter((peerId) => this.#table.roleOf(peerId) === 'validator');
  }

  #know(): void {
    const hosts = new Set<string>();
    for (const { addresses } of this.#table.peers) {
      for (const text of addresses) {
        const read = readAddress(text);
        if (read.ok) {
          hosts.add(hostOf(read.value));
        }
      }
    }
    this.#doorkeeper.know(hosts);
  }

  #watch(): void {
    const now = this.#parts.clock.now();
    for (const link of this.links.all()) {
      if (this.#gossip?.isHealthy(link.connection, now - link.since) === false) {
        this.#parts.logger.warn('gossip stream lost', { peer: link.peerId });
        link.cut({ code: 'NETWORK_LINK_LOST', peerId: link.peerId });
      }
    }
    this.#parts.metrics.set('daybook_network_queued_bytes', this.#budget.usedBytes);
    this.#cancelWatch = this.#parts.clock.schedule(WATCH_MS, () => this.#watch());
  }
}
