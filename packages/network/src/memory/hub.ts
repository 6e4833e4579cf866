/**
 * The place where memory networks meet. It links stations that admit each other, carries frames
 * between them with the delays that `fate` decides, and can cut and join pairs. With a virtual
 * clock and a seeded `fate`, everything that happens is decided by the seed.
 */
import type { NetworkFailure } from '../errors.ts';
import type { Hello } from '../handshake.ts';
import { failureOfVerdict, judgeHello } from '../handshake.ts';
import type { Clock, MetricsSink, PeerId, Role } from '../network.ts';
import type { Budget } from '../outbox.ts';
import type { ChannelName, ChannelTable, TopicName } from '../protocols.ts';
import { CHANNELS } from '../protocols.ts';
import { Lane } from './lane.ts';

/** What is carried, for those who decide its fate. */
export interface Cargo {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly channel: ChannelName | 'gossip';
  /** Bytes of the frame. */
  readonly size: number;
}

export interface MemoryHubOptions {
  readonly clock: Clock;
  /**
   * Milliseconds until each copy of the cargo arrives; `[]` loses it, two numbers duplicate it.
   * The first copies of one channel keep their order. Default: `[0]`.
   */
  readonly fate?: (cargo: Cargo) => readonly number[];
}

/** One network at the hub; implemented by the memory adapter. */
export interface Station {
  readonly peerId: PeerId;
  readonly metrics: MetricsSink;
  readonly budget: Budget;
  readonly channelTable: ChannelTable;
  hello(): Hello;
  /** undefined for a stranger or a banned peer. */
  roleOf(peerId: PeerId): Role | undefined;
  /** Whether this side would dial that one. */
  dials(peerId: PeerId): boolean;
  wants(peerId: PeerId, channel: ChannelName): boolean;
  keeps(peerId: PeerId, channel: ChannelName): boolean;
  linked(peerId: PeerId, channels: readonly ChannelName[]): void;
  closed(peerId: PeerId, channel: ChannelName, reason: NetworkFailure): void;
  unlinked(peerId: PeerId, reason: NetworkFailure): void;
  refused(peerId: PeerId, reason: NetworkFailure): void;
  receive(from: PeerId, channel: ChannelName, frame: Uint8Array): void | Promise<void>;
  gossip(from: PeerId, topic: TopicName, bytes: Uint8Array): void;
  flooded(from: PeerId): void;
}

export interface MemoryHub {
  /** Cuts a pair without telling either why; it stays apart until `join`. */
  cut(a: PeerId, b: PeerId): void;
  /** Lets a pair link again. */
  join(a: PeerId, b: PeerId): void;
}

const NAMES = Object.keys(CHANNELS) as readonly ChannelName[];

/** A hub without stations. */
export function createMemoryHub(options: MemoryHubOptions): MemoryHub {
  return new Hub(options);
}

interface Pair {
  /** By `sender channel`. */
  readonly lanes: Map<string, Lane>;
  readonly channels: Set<ChannelName>;
}

export class Hub implements MemoryHub {
  readonly #clock: Clock;
  readonly #fate: (cargo: Cargo) => readonly number[];
  readonly #stations = new Map<PeerId, Station>();
  readonly #pairs = new Map<string, Pair>();
  readonly #apart = new Set<string>();

  constructor(options: MemoryHubOptions) {
    this.#clock = options.clock;
    this.#fate = options.fate ?? (() => [0]);
  }

  attach(station: Station): void {
    this.#stations.set(station.peerId, station);
    this.settle(station.peerId);
  }

  /** Lets what the station has queued arrive, then takes it away. */
  detach(peerId: PeerId): Promise<void> {
    const waits = this.#others(peerId).flatMap((other) => {
      const lanes = this.#pairs.get(pairKey(peerId, other))?.lanes;
      return NAMES.map((name) => lanes?.get(`${peerId} ${name}`)?.flush() ?? 0);
    });
    return new Promise((resolve) => {
      this.#clock.schedule(Math.max(0, ...waits), () => {
        for (const other of this.#others(peerId)) {
          this.unlink(peerId, other, { code: 'NETWORK_STOPPED' });
        }
        this.#stations.delete(peerId);
        resolve();
      });
    });
  }

  cut(a: PeerId, b: PeerId): void {
    this.#apart.add(pairKey(a, b));
    this.unlink(a, b, { code: 'NETWORK_LINK_LOST', peerId: b });
  }

  join(a: PeerId, b: PeerId): void {
    this.#apart.delete(pairKey(a, b));
    this.settle(a);
  }

  /** Links and unlinks one station as its admission table and those of the others say. */
  settle(peerId: PeerId): void {
    this.#clock.schedule(0, () => {
      for (const other of this.#others(peerId)) {
        this.#settlePair(peerId, other);
      }
    });
  }

  send(from: PeerId, to: PeerId, channel: ChannelName, frame: Uint8Array): boolean {
    const pair = this.#pairs.get(pairKey(from, to));
    return pair?.lanes.get(`${from} ${channel}`)?.send(frame) === true;
  }

  queued(from: PeerId, to: PeerId): number {
    const pair = this.#pairs.get(pairKey(from, to));
    return NAMES.reduce((sum, name) => sum + (pair?.lanes.get(`${from} ${name}`)?.queued ?? 0), 0);
  }

  gossip(from: PeerId, to: PeerId, topic: TopicName, bytes: Uint8Array): void {
    const cargo = { from, to, channel: 'gossip', size: bytes.length } as const;
    for (const delayMs of this.#fate(cargo)) {
      this.#clock.schedule(delayMs, () => {
        if (this.#pairs.has(pairKey(from, to))) {
          this.#stations.get(to)?.gossip(from, topic, bytes.slice());
        }
      });
    }
  }

  /** Ends the link of `a` and `b`; only `a` knows the reason, `b` sees a lost link. */
  unlink(a: PeerId, b: PeerId, reason: NetworkFailure): void {
    const key = pairKey(a, b);
    const pair = this.#pairs.get(key);
    if (pair === undefined) {
      return;
    }
    this.#pairs.delete(key);
    for (const lane of pair.lanes.values()) {
      lane.close();
    }
    this.#stations.get(a)?.unlinked(b, reason);
    this.#stations.get(b)?.unlinked(a, { code: 'NETWORK_LINK_LOST', peerId: a });
  }

  #others(peerId: PeerId): readonly PeerId[] {
    return [...this.#stations.keys()].filter((other) => other !== peerId).sort();
  }

  #settlePair(first: PeerId, second: PeerId): void {
    const a = this.#stations.get(first);
    const b = this.#stations.get(second);
    if (a === undefined || b === undefined || this.#apart.has(pairKey(first, second))) {
      return;
    }
    this.#prune(a, b);
    if (a.dials(second) && this.#admits(a, b)) {
      this.#link(a, b);
    } else if (b.dials(first) && this.#admits(b, a)) {
      this.#link(b, a);
    }
  }

  /** Closes the channels that one of the two does not keep. */
  #prune(a: Station, b: Station): void {
    const pair = this.#pairs.get(pairKey(a.peerId, b.peerId));
    for (const name of [...(pair?.channels ?? [])]) {
      if (!a.keeps(b.peerId, name) || !b.keeps(a.peerId, name)) {
        pair?.channels.delete(name);
        for (const from of [a, b]) {
          pair?.lanes.get(`${from.peerId} ${name}`)?.close();
          pair?.lanes.delete(`${from.peerId} ${name}`);
        }
        a.closed(b.peerId, name, { code: 'NETWORK_PEER_REMOVED', peerId: b.peerId });
        b.closed(a.peerId, name, { code: 'NETWORK_PEER_REMOVED', peerId: a.peerId });
      }
    }
  }

  /** Whether two stations would pass each other's doors and handshakes. */
  #admits(dialler: Station, other: Station): boolean {
    const unknown = (peerId: PeerId): NetworkFailure => ({ code: 'NETWORK_PEER_UNKNOWN', peerId });
    const lost = { code: 'NETWORK_LINK_LOST', peerId: other.peerId } as const;
    const listed = other.roleOf(dialler.peerId);
    if (listed === undefined) {
      other.refused(dialler.peerId, unknown(dialler.peerId));
      dialler.refused(other.peerId, lost);
      return false;
    }
    const verdict = judgeHello(dialler.hello(), other.hello(), CHANNELS.sync, listed);
    const failure = failureOfVerdict(verdict, dialler.peerId, dialler.hello());
    if (failure !== undefined) {
      other.refused(dialler.peerId, failure);
      const reason = failureOfVerdict(verdict, other.peerId, other.hello());
      dialler.refused(other.peerId, reason ?? lost);
      return false;
    }
    return true;
  }

  #link(dialler: Station, other: Station): void {
    const key = pairKey(dialler.peerId, other.peerId);
    const old = this.#pairs.get(key);
    const pair: Pair = old ?? { lanes: new Map(), channels: new Set() };
    this.#pairs.set(key, pair);
    const opened: ChannelName[] = [];
    for (const name of NAMES) {
      const wanted = dialler.wants(other.peerId, name) && this.#welcomes(dialler, other, name);
      if (wanted && !pair.channels.has(name)) {
        pair.lanes.set(`${dialler.peerId} ${name}`, this.#lane(dialler, other, name));
        pair.lanes.set(`${other.peerId} ${name}`, this.#lane(other, dialler, name));
        pair.channels.add(name);
        opened.push(name);
      }
    }
    if (opened.length > 0) {
      dialler.linked(other.peerId, opened);
      other.linked(dialler.peerId, opened);
    }
  }

  #welcomes(dialler: Station, other: Station, name: ChannelName): boolean {
    const listed = other.roleOf(dialler.peerId) ?? 'observer';
    return judgeHello(dialler.hello(), other.hello(), CHANNELS[name], listed) === 'welcome';
  }

  #lane(from: Station, to: Station, channel: ChannelName): Lane {
    return new Lane(channel, to.channelTable[channel], {
      clock: this.#clock,
      budget: from.budget,
      sender: from.metrics,
      receiver: to.metrics,
      fate: (size) => this.#fate({ from: from.peerId, to: to.peerId, channel, size }),
      receive: (frame) => to.receive(from.peerId, channel, frame),
      flooded: () => to.flooded(from.peerId),
    });
  }
}

function pairKey(a: PeerId, b: PeerId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
