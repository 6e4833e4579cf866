/**
 * Our own redial loop: every peer that is ours to dial and not connected is dialled, again and
 * again, with backoff. libp2p's keep-alive gives up after some failures, so it is not used.
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import type { AdmissionTable } from '../admission-table.ts';
import type { NetworkFailure } from '../errors.ts';
import type { Clock, Logger, MetricsSink, Peer, PeerId } from '../network.ts';
import { readAddress, withPeer } from './addresses.ts';
import { backoffMs } from './backoff.ts';

/** How long a peer that should dial us may stay away before we dial it. */
const LATE_MS = 3000;

/** Links an observer keeps up by itself; more would only cost the validators. */
const OBSERVER_DIALS_MAX = 8;

export interface DiallerPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  table(): AdmissionTable;
  isLinked(peerId: PeerId): boolean;
  isBanned(peerId: PeerId): boolean;
  /** Links that exist now. */
  linkCount(): number;
  /** Resolves when a connection stands, rejects otherwise. It may still be refused afterwards. */
  dial(addresses: readonly Multiaddr[]): Promise<void>;
}

interface Target {
  failures: number;
  cancel: (() => void) | undefined;
  dialling: boolean;
}

export class Dialler {
  readonly #ports: DiallerPorts;
  readonly #targets = new Map<PeerId, Target>();
  /** Addresses that were reported as unusable. */
  readonly #reported = new Set<string>();
  #stopped = false;

  constructor(ports: DiallerPorts) {
    this.#ports = ports;
  }

  /** Whether a dial of ours to this peer is under way. */
  isDialling(peerId: PeerId): boolean {
    return this.#targets.get(peerId)?.dialling === true;
  }

  /** The admission table changed: new peers are dialled at once, removed ones forgotten. */
  update(): void {
    const table = this.#ports.table();
    for (const [peerId, target] of this.#targets) {
      if (table.roleOf(peerId) === undefined) {
        target.cancel?.();
        this.#targets.delete(peerId);
      }
    }
    for (const { peerId } of table.peers) {
      const target = this.#targets.get(peerId);
      if (target === undefined) {
        this.#targets.set(peerId, { failures: 0, cancel: undefined, dialling: false });
      }
      // A peer that nobody plans to dial may have got an address, or another role.
      if (target?.cancel === undefined && !this.#ports.isLinked(peerId)) {
        this.#plan(peerId);
      }
    }
  }

  /** The peer answered in full: the next loss starts again with a short wait. */
  succeeded(peerId: PeerId): void {
    const target = this.#targets.get(peerId);
    if (target !== undefined) {
      target.failures = 0;
    }
  }

  /** The link to the peer ended; dials it again after the backoff. */
  lost(peerId: PeerId): void {
    this.#retry(peerId);
  }

  stop(): void {
    this.#stopped = true;
    for (const target of this.#targets.values()) {
      target.cancel?.();
    }
    this.#targets.clear();
  }

  #peer(peerId: PeerId): Peer | undefined {
    return this.#ports.table().peers.find((peer) => peer.peerId === peerId);
  }

  #plan(peerId: PeerId): void {
    const peer = this.#peer(peerId);
    const policy = peer === undefined ? 'never' : this.#ports.table().dialPolicy(peer);
    if (policy === 'now') {
      this.#schedule(peerId, 0);
    } else if (policy === 'late') {
      this.#schedule(peerId, LATE_MS * (1 + this.#ports.random()));
    }
  }

  #retry(peerId: PeerId): void {
    const target = this.#targets.get(peerId);
    const peer = this.#peer(peerId);
    const policy = peer === undefined ? 'never' : this.#ports.table().dialPolicy(peer);
    if (target === undefined || policy === 'never') {
      return;
    }
    const late = policy === 'late' ? LATE_MS : 0;
    const waitMs = backoffMs(target.failures, this.#ports.random());
    target.failures += 1;
    this.#schedule(peerId, late + waitMs);
  }

  #schedule(peerId: PeerId, delayMs: number): void {
    const target = this.#targets.get(peerId);
    if (target === undefined || target.dialling || this.#stopped) {
      return;
    }
    target.cancel?.();
    target.cancel = this.#ports.clock.schedule(delayMs, () => {
      target.cancel = undefined;
      void this.#dial(peerId, target);
    });
  }

  async #dial(peerId: PeerId, target: Target): Promise<void> {
    const peer = this.#peer(peerId);
    if (peer === undefined || this.#ports.isLinked(peerId)) {
      return;
    }
    const addresses = this.#addresses(peer);
    if (!this.#mayDial(peer) || addresses.length === 0) {
      this.#retry(peerId);
      return;
    }
    target.dialling = true;
    const outcome = await this.#ports.dial(addresses).then(
      () => 'connected',
      (error: unknown) => {
        this.#ports.logger.debug('dial failed', { peer: peerId, error: String(error) });
        return 'failed';
      },
    );
    target.dialling = false;
    this.#ports.metrics.add('daybook_network_dials_total', 1, { outcome });
    // A connection that the peer refuses a moment later comes back through `lost`; one that was
    // lost before we learned of it has to be tried again here.
    if (!this.#ports.isLinked(peerId)) {
      this.#retry(peerId);
    }
  }

  #mayDial(peer: Peer): boolean {
    if (this.#ports.isBanned(peer.peerId) || this.#ports.table().dialPolicy(peer) === 'never') {
      return false;
    }
    const observer = this.#ports.table().ownRole === 'observer';
    return !observer || this.#ports.linkCount() < OBSERVER_DIALS_MAX;
  }

  #addresses(peer: Peer): readonly Multiaddr[] {
    const addresses: Multiaddr[] = [];
    for (const text of peer.addresses) {
      const read = readAddress(text);
      if (read.ok) {
        addresses.push(withPeer(read.value, peer.peerId));
      } else {
        this.#report(peer.peerId, read.reason);
      }
    }
    return addresses;
  }

  #report(peerId: PeerId, reason: NetworkFailure): void {
    const key = `${peerId} ${JSON.stringify(reason)}`;
    if (this.#reported.size < 1000 && !this.#reported.has(key)) {
      this.#reported.add(key);
      this.#ports.logger.warn('peer address unusable', { peer: peerId, reason: reason.code });
    }
  }
}
