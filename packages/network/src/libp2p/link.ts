/**
 * One connection to one admitted peer, with its channels. The end that dialled opens the channels
 * and opens them again when one dies while the connection lives; nothing in libp2p does that.
 */
import type { Connection, Stream } from '@libp2p/interface';
import type { NetworkFailure } from '../errors.ts';
import type { Hello, Verdict } from '../handshake.ts';
import type { Allowance } from '../inlet.ts';
import type { Clock, MetricsSink, PeerId } from '../network.ts';
import type { Budget } from '../outbox.ts';
import { createOutbox } from '../outbox.ts';
import type { ChannelName, ChannelTable } from '../protocols.ts';
import { CHANNELS } from '../protocols.ts';
import { backoffMs } from './backoff.ts';
import { StreamChannel } from './channel.ts';

export const CHANNEL_NAMES = Object.keys(CHANNELS) as readonly ChannelName[];

/** Negotiation of one stream. */
const OPEN_MS = 5000;

export interface LinkPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: MetricsSink;
  readonly budget: Budget;
  readonly channels: ChannelTable;
  allowance(peerId: PeerId, channel: ChannelName): Allowance;
  /** Whether our side opens this channel, and leaves it open, by the table of this moment. */
  wants(peerId: PeerId, channel: ChannelName): boolean;
  keeps(peerId: PeerId, channel: ChannelName): boolean;
  hello(): Hello;
  judge(peerId: PeerId, channel: ChannelName, hello: Hello): Verdict;
  opened(link: PeerLink, channel: ChannelName): void;
  closed(link: PeerLink, channel: ChannelName, reason: NetworkFailure, wasOpen: boolean): void;
  receive(peerId: PeerId, channel: ChannelName, frame: Uint8Array): void | Promise<void>;
  flooded(peerId: PeerId): void;
}

/**
 * Aborts a connection for sure. libp2p's `abort` throws when the socket is already closing, before
 * it has closed its own side; its second call goes on where the first one stopped.
 */
export function abortConnection(connection: Connection, reason: NetworkFailure): void {
  const error = new Error(reason.code);
  try {
    connection.abort(error);
  } catch {
    connection.abort(error);
  }
}

export class PeerLink {
  readonly peerId: PeerId;
  readonly connection: Connection;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** Why we ended it; undefined while it lives or if the other side did. */
  reason: NetworkFailure | undefined;
  /** At least one channel was open: the peer is of our chain. */
  wasReady = false;
  readonly #ports: LinkPorts;
  readonly #channels = new Map<ChannelName, StreamChannel>();
  readonly #failures = new Map<ChannelName, number>();
  readonly #timers = new Map<ChannelName, () => void>();
  readonly #opening = new Set<ChannelName>();
  #ended = false;
  #flushing = false;

  constructor(peerId: PeerId, connection: Connection, ports: LinkPorts) {
    this.peerId = peerId;
    this.connection = connection;
    this.since = ports.clock.now();
    this.#ports = ports;
  }

  /** Opens the channels that are wanted and closes those that are not; call it at every change. */
  refresh(): void {
    for (const name of CHANNEL_NAMES) {
      if (this.#ports.wants(this.peerId, name)) {
        this.#open(name);
      }
      if (!this.#ports.keeps(this.peerId, name)) {
        this.#channels.get(name)?.abort({ code: 'NETWORK_PEER_REMOVED', peerId: this.peerId });
      }
    }
  }

  /** Takes a stream that the peer opened. A new one replaces an old one of the same channel. */
  accept(name: ChannelName, stream: Stream): void {
    this.#channels.get(name)?.abort({ code: 'NETWORK_LINK_DUPLICATE', peerId: this.peerId });
    this.#adopt(name, stream, 'answerer');
  }

  /** Channels over which frames can be sent now, in order of priority. */
  openChannels(): readonly ChannelName[] {
    return CHANNEL_NAMES.filter((name) => this.isOpen(name));
  }

  isOpen(name: ChannelName): boolean {
    return this.#channels.get(name)?.isOpen === true;
  }

  get queued(): number {
    let count = 0;
    for (const channel of this.#channels.values()) {
      count += channel.queued;
    }
    return count;
  }

  send(name: ChannelName, frame: Uint8Array): boolean {
    const channel = this.#channels.get(name);
    return channel?.isOpen === true && channel.send(frame);
  }

  /** Flushes and closes every channel; the caller bounds the time. */
  async finish(reason: NetworkFailure): Promise<void> {
    this.reason ??= reason;
    this.#stopOpening();
    await Promise.allSettled([...this.#channels.values()].map((channel) => channel.finish()));
  }

  /** Ends the connection at once. */
  cut(reason: NetworkFailure): void {
    this.reason ??= reason;
    this.#stopOpening();
    abortConnection(this.connection, reason);
  }

  /** The connection is gone. */
  end(): void {
    this.#stopOpening();
    const reason = this.reason ?? { code: 'NETWORK_LINK_LOST', peerId: this.peerId };
    for (const channel of [...this.#channels.values()]) {
      channel.abort(reason);
    }
  }

  #stopOpening(): void {
    this.#ended = true;
    for (const cancel of this.#timers.values()) {
      cancel();
    }
    this.#timers.clear();
  }

  #open(name: ChannelName): void {
    const busy = this.#channels.has(name) || this.#opening.has(name) || this.#timers.has(name);
    if (busy || this.#ended || this.connection.direction !== 'outbound') {
      return;
    }
    this.#opening.add(name);
    const signal = AbortSignal.timeout(OPEN_MS);
    this.connection
      .newStream(CHANNELS[name].id, { signal, maxOutboundStreams: 2 })
      .then((stream) => {
        this.#opening.delete(name);
        if (this.#ended) {
          stream.abort(new Error('NETWORK_LINK_LOST'));
        } else {
          this.#adopt(name, stream, 'opener');
        }
      })
      .catch((error: unknown) => {
        this.#opening.delete(name);
        const detail = String(error);
        const reason = { code: 'NETWORK_HANDSHAKE_FAILED', peerId: this.peerId, detail } as const;
        this.#ports.closed(this, name, reason, false);
        this.#openLater(name);
      });
  }

  #adopt(name: ChannelName, stream: Stream, side: 'opener' | 'answerer'): void {
    const { clock, metrics, budget, channels } = this.#ports;
    const row = channels[name];
    const options = { peerId: this.peerId, name, row, side };
    let wasOpen = false;
    const channel = new StreamChannel(stream, options, {
      clock,
      metrics,
      outbox: createOutbox(row, budget),
      allowance: this.#ports.allowance(this.peerId, name),
      hello: () => this.#ports.hello(),
      judge: (hello) => this.#ports.judge(this.peerId, name, hello),
      opened: () => {
        wasOpen = true;
        this.#failures.delete(name);
        this.#ports.opened(this, name);
      },
      receive: (frame) => this.#ports.receive(this.peerId, name, frame),
      flooded: () => this.#ports.flooded(this.peerId),
      wake: () => this.#flushSoon(),
      closed: (_, reason) => {
        if (this.#channels.get(name) === channel) {
          this.#channels.delete(name);
        }
        this.#ports.closed(this, name, reason, wasOpen);
        this.#openLater(name);
      },
    });
    this.#channels.set(name, channel);
    channel.start();
  }

  /**
   * Writes what waits at the end of this tick, channel by channel in order of priority. When the
   * socket is full libp2p stops all streams at once, so what comes later cannot overtake (N-9).
   */
  #flushSoon(): void {
    if (this.#flushing) {
      return;
    }
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      for (const name of CHANNEL_NAMES) {
        this.#channels.get(name)?.flush();
      }
    });
  }

  #openLater(name: ChannelName): void {
    if (this.#ended || this.connection.direction !== 'outbound' || this.#timers.has(name)) {
      return;
    }
    const failures = this.#failures.get(name) ?? 0;
    this.#failures.set(name, failures + 1);
    const cancel = this.#ports.clock.schedule(backoffMs(failures, this.#ports.random()), () => {
      this.#timers.delete(name);
      this.refresh();
    });
    this.#timers.set(name, cancel);
  }
}
