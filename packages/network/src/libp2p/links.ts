/**
 * All links of a node: who may have one, what happens when one comes, misbehaves or goes. It turns
 * the events of connections and channels into `PeerEvent`s, log lines and metrics.
 */
import type { Connection, Stream } from '@libp2p/interface';
import type { AdmissionTable } from '../admission-table.ts';
import type { NetworkFailure } from '../errors.ts';
import type { Hello, Verdict } from '../handshake.ts';
import { judgeHello } from '../handshake.ts';
import type { NetworkParts, Offence, PeerEvent, PeerId } from '../network.ts';
import type { Budget } from '../outbox.ts';
import type { ChannelName, ChannelTable } from '../protocols.ts';
import { CHANNELS } from '../protocols.ts';
import type { Standing } from '../standing.ts';
import type { TokenBucket } from '../token-bucket.ts';
import { createTokenBucket } from '../token-bucket.ts';
import type { Allowances } from './allowances.ts';
import { createAllowances } from './allowances.ts';
import type { Denial } from './gater.ts';
import type { LinkPorts } from './link.ts';
import { abortConnection, PeerLink } from './link.ts';

/** Links of peers that are no validators; validators always find room. */
const OBSERVER_LINKS_MAX = 64;

/** Peers whose last refusal is remembered, so that a redial does not fill the log. */
const REFUSALS_MAX = 1024;

/** Refusals that are logged per second, so that strangers with ever new keys do not either. */
const LOG_RATE = { rate: 1, burst: 20, bytesRate: 1, bytesBurst: 1 };

export interface LinksPorts extends NetworkParts {
  readonly self: PeerId;
  readonly standing: Standing;
  readonly budget: Budget;
  readonly channels: ChannelTable;
  table(): AdmissionTable;
  hello(): Hello;
  isDialling(peerId: PeerId): boolean;
  emit(event: PeerEvent): void;
  receive(peerId: PeerId, channel: ChannelName, frame: Uint8Array): void | Promise<void>;
  /** The peer passed the handshake. */
  ready(peerId: PeerId): void;
  /** The peer's link is gone, whether it had been ready or not. */
  gone(peerId: PeerId, reason: NetworkFailure): void;
}

export class Links {
  readonly #ports: LinksPorts;
  readonly #links = new Map<PeerId, PeerLink>();
  readonly #refusals = new Map<PeerId, string>();
  readonly #logBucket: TokenBucket;
  readonly #allowances: Allowances;
  readonly #linkPorts: LinkPorts;

  constructor(ports: LinksPorts) {
    this.#ports = ports;
    this.#logBucket = createTokenBucket(LOG_RATE, ports.clock.now());
    const { clock, random, metrics, budget, channels } = ports;
    this.#allowances = createAllowances(channels);
    this.#linkPorts = {
      clock,
      random,
      metrics,
      budget,
      channels,
      allowance: (peerId, channel) => this.#allowances.of(peerId, channel, clock.now()),
      wants: (peerId, channel) => ports.table().wants(peerId, channel),
      keeps: (peerId, channel) => ports.table().keeps(peerId, channel),
      hello: () => ports.hello(),
      judge: (peerId, channel, hello) => this.#judge(peerId, channel, hello),
      opened: (link, channel) => this.#opened(link, channel),
      closed: (link, channel, reason, wasOpen) => this.#closed(link, channel, reason, wasOpen),
      receive: (peerId, channel, frame) => ports.receive(peerId, channel, frame),
      flooded: (peerId) => this.offend(peerId, 'flood'),
    };
  }

  get(peerId: PeerId): PeerLink | undefined {
    return this.#links.get(peerId);
  }

  /** In order of peer id; those that are not ready included. */
  all(): readonly PeerLink[] {
    return [...this.#links.values()].sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
  }

  /** Peers to which a channel is open. */
  withOpen(channel: ChannelName): readonly PeerId[] {
    const open: PeerId[] = [];
    for (const link of this.#links.values()) {
      if (link.isOpen(channel)) {
        open.push(link.peerId);
      }
    }
    return open;
  }

  /** Whether a peer may connect to us now; undefined if it may. */
  deniesInbound(peerId: PeerId): Denial | undefined {
    const { self, table, isDialling } = this.#ports;
    const link = this.#links.get(peerId);
    if (link !== undefined && (link.wasReady || !this.#yields(link))) {
      return 'linked';
    }
    // Both dial at once: the smaller id's connection is the one that stays.
    if (self < peerId && isDialling(peerId)) {
      return 'crossing';
    }
    const role = table().roleOf(peerId);
    const others = this.all().filter((one) => table().roleOf(one.peerId) !== 'validator');
    const full = role !== 'validator' && others.length >= OBSERVER_LINKS_MAX;
    return this.deniesOutbound(peerId) ?? (full ? 'full' : undefined);
  }

  deniesOutbound(peerId: PeerId): Denial | undefined {
    if (this.#ports.table().roleOf(peerId) === undefined) {
      return 'stranger';
    }
    const banned = this.#ports.standing.isBanned(peerId, this.#ports.clock.now());
    return banned ? 'banned' : undefined;
  }

  /** libp2p has a new connection, in either direction. */
  connected(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    if (this.deniesOutbound(peerId) !== undefined) {
      abortConnection(connection, { code: 'NETWORK_PEER_UNKNOWN', peerId });
      return;
    }
    const old = this.#links.get(peerId);
    if (old !== undefined && !this.#replaces(old, connection)) {
      return;
    }
    const link = new PeerLink(peerId, connection, this.#linkPorts);
    this.#links.set(peerId, link);
    link.refresh();
  }

  /** libp2p lost a connection. */
  disconnected(connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const link = this.#links.get(peerId);
    if (link?.connection !== connection) {
      return;
    }
    this.#links.delete(peerId);
    link.end();
    const reason = link.reason ?? { code: 'NETWORK_LINK_LOST', peerId };
    if (link.wasReady) {
      this.#ports.logger.info('peer disconnected', { peer: peerId, reason: reason.code });
      this.#ports.emit({ kind: 'disconnected', peerId, reason });
    } else {
      this.#refused(peerId, reason);
    }
    this.#countLinks();
    this.#ports.gone(peerId, reason);
  }

  /** A peer opened a stream of one of our protocols. */
  accept(channel: ChannelName, stream: Stream, connection: Connection): void {
    const peerId = connection.remotePeer.toString();
    const link = this.#links.get(peerId);
    if (link?.connection !== connection) {
      stream.abort(new Error('NETWORK_LINK_DUPLICATE'));
    } else if (this.#allowances.opens(peerId, this.#ports.clock.now())) {
      link.accept(channel, stream);
    } else {
      stream.abort(new Error('too many streams'));
      this.offend(peerId, 'flood');
    }
  }

  /** Applies a new admission table. */
  update(): void {
    this.#allowances.retain((peerId) => this.#ports.table().roleOf(peerId) !== undefined);
    for (const link of this.all()) {
      if (this.#ports.table().roleOf(link.peerId) === undefined) {
        link.cut({ code: 'NETWORK_PEER_REMOVED', peerId: link.peerId });
      } else {
        link.refresh();
      }
    }
    this.#countLinks();
  }

  /** Records what a peer did wrong, and cuts it when that was enough. */
  offend(peerId: PeerId, offence: Offence): void {
    const { metrics, standing, clock, logger } = this.#ports;
    metrics.add('daybook_network_offences_total', 1, { offence });
    if (standing.offend(peerId, offence, clock.now())) {
      logger.warn('peer banned', { peer: peerId, offence });
      this.#links.get(peerId)?.cut({ code: 'NETWORK_PEER_BANNED', peerId, offence });
    }
  }

  /** A connection was refused by the gater. */
  denied(peerId: PeerId, denial: Denial): void {
    this.#ports.logger.debug('connection denied', { peer: peerId, denial });
    if (denial === 'stranger') {
      this.#refused(peerId, { code: 'NETWORK_PEER_UNKNOWN', peerId });
    }
  }

  /**
   * Decides between two connections to one peer. While the first is not in use, the one that the
   * smaller id dialled stays. Later both go: closing one of two kills gossip in one direction for
   * good, so only a fresh connection is safe.
   * @returns whether the new one takes the place of the old one
   */
  #replaces(old: PeerLink, connection: Connection): boolean {
    const { peerId } = old;
    const reason = { code: 'NETWORK_LINK_DUPLICATE', peerId } as const;
    const replaces = !old.wasReady && this.#yields(old);
    if (replaces || old.wasReady) {
      old.cut(reason);
      this.disconnected(old.connection);
    }
    if (!replaces) {
      abortConnection(connection, reason);
    }
    return replaces;
  }

  /** Whether the connection was dialled by the greater id, which gives way to the smaller. */
  #yields(link: PeerLink): boolean {
    const outbound = link.connection.direction === 'outbound';
    return outbound === this.#ports.self > link.peerId;
  }

  #judge(peerId: PeerId, channel: ChannelName, hello: Hello): Verdict {
    const listed = this.#ports.table().roleOf(peerId);
    const own = this.#ports.hello();
    return listed === undefined ? 'role' : judgeHello(hello, own, CHANNELS[channel], listed);
  }

  #opened(link: PeerLink, channel: ChannelName): void {
    const { peerId } = link;
    if (!link.wasReady) {
      link.wasReady = true;
      this.#refusals.delete(peerId);
      const role = this.#ports.table().roleOf(peerId) ?? 'observer';
      this.#ports.logger.info('peer connected', { peer: peerId, role });
      this.#ports.ready(peerId);
      this.#ports.emit({ kind: 'connected', peerId, role });
      this.#countLinks();
    }
    this.#ports.emit({ kind: 'opened', peerId, channel });
  }

  #closed(link: PeerLink, channel: ChannelName, reason: NetworkFailure, wasOpen: boolean): void {
    const { peerId } = link;
    switch (reason.code) {
      case 'NETWORK_FRAME_OVERSIZED':
      case 'NETWORK_FRAME_MALFORMED':
      case 'NETWORK_PEER_SLOW':
        this.#refused(peerId, reason);
        this.offend(peerId, reason.code === 'NETWORK_PEER_SLOW' ? 'slow' : 'malformed');
        break;
      case 'NETWORK_CHAIN_MISMATCH':
      case 'NETWORK_VERSION_MISMATCH':
        link.cut(reason);
        break;
      case 'NETWORK_ROLE_MISMATCH':
      case 'NETWORK_HANDSHAKE_FAILED':
        this.#refused(peerId, reason);
        break;
      default:
    }
    if (wasOpen) {
      this.#ports.emit({ kind: 'closed', peerId, channel, reason });
    }
  }

  /** Tells of a refusal: always as event and metric, in the log only when it is news. */
  #refused(peerId: PeerId, reason: NetworkFailure): void {
    const { clock, logger, metrics, emit } = this.#ports;
    metrics.add('daybook_network_refusals_total', 1, { code: reason.code });
    const isNews = this.#refusals.get(peerId) !== reason.code;
    if (isNews && this.#logBucket.take(0, clock.now())) {
      if (this.#refusals.size >= REFUSALS_MAX) {
        this.#refusals.clear();
      }
      this.#refusals.set(peerId, reason.code);
      logger.warn('peer refused', { peer: peerId, reason: reason.code });
    }
    emit({ kind: 'refused', peerId, reason });
  }

  #countLinks(): void {
    const counts = { validator: 0, observer: 0, bootstrap: 0 };
    for (const link of this.#links.values()) {
      const role = this.#ports.table().roleOf(link.peerId);
      if (role !== undefined && link.wasReady) {
        counts[role] += 1;
      }
    }
    for (const [role, count] of Object.entries(counts)) {
      this.#ports.metrics.set('daybook_network_links', count, { role });
    }
  }
}
