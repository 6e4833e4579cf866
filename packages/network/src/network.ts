/**
 * The `Network` port: what the node may ask of the wire, and what it is told.
 * Every adapter (libp2p, memory) passes the same compliance suite. Bytes here are opaque: this
 * package knows peers, channels and limits, and no rule of consensus.
 */
import type { Result } from '@daybook/core';
import type { NetworkFailure } from './errors.ts';
import type { MetricName } from './metrics.ts';
import type { ChannelName, RequestName, TopicName } from './protocols.ts';

/** Text form of a libp2p peer id (`12D3Koo…`), see `peerIdFromPublicKey` in core. */
export type PeerId = string;

/**
 * What the directory says of a node. A `bootstrap` peer comes from configuration only: its
 * address is known and its role is not, until the own head's directory lists it.
 */
export type Role = 'validator' | 'observer' | 'bootstrap';

/** One line of the admission table. */
export interface Peer {
  readonly peerId: PeerId;
  readonly role: Role;
  /** Multiaddrs as announced in the directory: `/ip4/…/tcp/…`, `/ip6/…`, `/dns4/…`; may be empty. */
  readonly addresses: readonly string[];
}

/**
 * Who may connect, and as what. The node derives it from the directory of its own head and from
 * its configuration, and replaces it whole at each change.
 */
export interface Admission {
  /** The own role by the own head's directory; it may lag behind what the peers know. */
  readonly role: 'validator' | 'observer';
  /** At most `PEERS_MAX` lines, the own one may be among them; one line per peer id. */
  readonly peers: readonly Peer[];
}

/** One admitted peer with an authenticated, chain-checked connection. */
export interface Link {
  readonly peerId: PeerId;
  readonly role: Role;
  /** Who dialled the connection. */
  readonly direction: 'inbound' | 'outbound';
  /** Multiaddr of the other end of the socket, for people. */
  readonly address: string;
  /** Last measured round trip in milliseconds; undefined before the first measurement. */
  readonly latencyMs: number | undefined;
  /** Channels that are open in both directions. */
  readonly channels: readonly ChannelName[];
  /** Frames that wait to be written to this peer, over all channels. */
  readonly queued: number;
}

/**
 * What happens to a link; `reason` says why it ended. `refused` is a connection, or a channel, that
 * was cut before it could be used; `connected` always comes before the peer's first `opened`.
 */
export type PeerEvent =
  | { readonly kind: 'connected'; readonly peerId: PeerId; readonly role: Role }
  | { readonly kind: 'opened'; readonly peerId: PeerId; readonly channel: ChannelName }
  | {
      readonly kind: 'closed';
      readonly peerId: PeerId;
      readonly channel: ChannelName;
      readonly reason: NetworkFailure;
    }
  | { readonly kind: 'refused'; readonly peerId: PeerId; readonly reason: NetworkFailure }
  | { readonly kind: 'disconnected'; readonly peerId: PeerId; readonly reason: NetworkFailure };

/** Verdict on a gossiped message: `reject` also penalises the peer that forwarded it. */
export type GossipVerdict = 'accept' | 'ignore' | 'reject';

/**
 * What a peer did wrong; the points stand in `OFFENCES`. The network itself sees floods, slow
 * readers, malformed frames and rejected gossip; the node reports malformed content, lies, and
 * forgeries: answers that contradict what a quorum has signed, of which one is enough.
 */
export type Offence = 'flood' | 'gossip' | 'slow' | 'lie' | 'malformed' | 'forgery';

/**
 * Receives one message. Bytes belong to the receiver. While a returned promise is pending, that
 * peer's channel is not read any further, which slows the sender down (back-pressure); a channel
 * with votes on it should therefore return nothing. A throw or a rejection is a fault of this node:
 * it is counted, logged within a rate, and costs the peer nothing.
 */
export type MessageListener = (peerId: PeerId, bytes: Uint8Array) => void | Promise<void>;

/**
 * Answers one request. `undefined` = "I do not have it" (the asker gets `NETWORK_REQUEST_REFUSED`
 * with `why: 'absent'`). A throw answers `why: 'failed'` and is reported as a fault of this node.
 * @param signal  aborted when the link ends or the asker gives up
 */
export type RequestHandler = (
  peerId: PeerId,
  bytes: Uint8Array,
  signal: AbortSignal,
) => Promise<Uint8Array | undefined>;

/**
 * Judges a gossiped message before it is forwarded and delivered. A throw or a rejection (a read of
 * damaged state, for example) is reported as a fault of this node, and the message is ignored: it
 * goes no further, and the peer pays nothing.
 */
export type GossipListener = (
  peerId: PeerId,
  bytes: Uint8Array,
) => GossipVerdict | Promise<GossipVerdict>;

export interface RequestOptions {
  /** Overrides the row's timeout, in milliseconds. */
  readonly timeoutMs?: number;
  /** Gives up early: the answer is then `NETWORK_REQUEST_CANCELLED`. */
  readonly signal?: AbortSignal;
}

/** Undoes a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/** One node's face to the wire. */
export interface Network {
  /** Peer id of the own key. */
  readonly peerId: PeerId;

  /** Listens, dials, opens channels. @throws NetworkError if an address cannot be listened on */
  start(): Promise<void>;

  /**
   * Flushes what is queued within a bound, closes every link, and leaves no handle open.
   * Idempotent; pending requests end with `NETWORK_STOPPED`.
   */
  stop(): Promise<void>;

  /** Multiaddrs with the ports that were really bound, `/p2p/<peer id>` included. */
  listenAddresses(): readonly string[];

  /** Replaces the admission table: strangers are cut, new peers are dialled at once. */
  updatePeers(admission: Admission): void;

  /** The connected and admitted peers, in order of peer id. */
  links(): readonly Link[];

  /**
   * Queues one message to a peer; never blocks, never throws for a reason outside this process.
   * A full queue drops its oldest message. Delivery is in order and at most once.
   * @returns false if there is no open channel to that peer; nothing is kept for later
   */
  send(peerId: PeerId, channel: ChannelName, bytes: Uint8Array): boolean;

  /** `send` to every connected validator. @returns how many were queued */
  broadcast(channel: ChannelName, bytes: Uint8Array): number;

  /** Subscribes to the messages of a channel. */
  onMessage(channel: ChannelName, listener: MessageListener): Unsubscribe;

  /**
   * Asks one peer. At most `REQUESTS_IN_FLIGHT_MAX` run per peer and a few more wait.
   * @returns the answer (at most the row's `responseBytesMax`), or why there is none
   */
  request(
    peerId: PeerId,
    name: RequestName,
    bytes: Uint8Array,
    options?: RequestOptions,
  ): Promise<Result<Uint8Array, NetworkFailure>>;

  /** Installs the one handler of a request; requests without one are refused as `absent`. */
  handle(name: RequestName, handler: RequestHandler): Unsubscribe;

  /**
   * Gossips to everybody. The own listener is not called.
   * @returns how many peers it was handed to: 0 means nobody is there, so nobody will get it
   */
  publish(topic: TopicName, bytes: Uint8Array): Promise<number>;

  /** Installs the one judge of a topic; a topic without one ignores everything. */
  onGossip(topic: TopicName, listener: GossipListener): Unsubscribe;

  /** Subscribes to the life of links. */
  onPeer(listener: (event: PeerEvent) => void): Unsubscribe;

  /** Reports what only the node can see (undecodable message, false claim); enough of it cuts the peer. */
  penalise(peerId: PeerId, offence: Offence): void;
}

/** Monotonic time and timers. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Runs `task` once after `delayMs`; the result cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** Flat facts of a log line. */
export type LogData = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(message: string, data?: LogData): void;
  info(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  error(message: string, data?: LogData): void;
}

/** Where figures go; names and labels are those of `NETWORK_METRICS`. */
export interface MetricsSink {
  /** Adds to a counter. */
  add(name: MetricName, amount: number, labels?: Readonly<Record<string, string>>): void;
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: Readonly<Record<string, string>>): void;
  /** Records one value of a histogram. */
  observe(name: MetricName, value: number, labels?: Readonly<Record<string, string>>): void;
}

/** What an adapter is given from outside. */
export interface NetworkParts {
  readonly clock: Clock;
  /** Uniform in [0, 1): jitter of redials only. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

export interface NetworkOptions {
  /** Multiaddrs to listen on; port 0 picks a free one; empty = outbound connections only. */
  readonly listen: readonly string[];
  /** The raw 32-byte Ed25519 seed of the PEER key. */
  readonly secretKey: Uint8Array;
  /** G, the 32-byte chain id: peers of another chain are refused by name. */
  readonly chain: Uint8Array;
  readonly admission: Admission;
  /** Consensus messages per second and peer; default 200 (spec §11), more for very short blocks. */
  readonly consensusRate?: number;
}
