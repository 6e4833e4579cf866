/**
 * The libp2p host as this project uses it: TCP, noise, yamux, gossipsub without signatures, every
 * limit far below the defaults. Nothing else of the package creates or configures libp2p.
 */
import { createHash } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { assert, concatBytes, publicKeyOf } from '@daybook/core';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { GossipSub } from '@libp2p/gossipsub';
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { ConnectionGater, Libp2p } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';

export type Host = Libp2p<{ identify: unknown; ping: unknown; gossip: GossipSub }>;

export interface HostOptions {
  readonly listen: readonly string[];
  /** Raw 32-byte Ed25519 seed. */
  readonly secretKey: Uint8Array;
  /** Full names of the gossip topics; others are ignored. */
  readonly topics: readonly string[];
  readonly gossipBytesMax: number;
  readonly gater: ConnectionGater;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Connections in all. Strangers never count: they are refused before they are connections. Room
 * for the largest validator set, `OBSERVER_LINKS_MAX` observers, and the old ones of restarts.
 */
const CONNECTIONS_MAX = 200;

/**
 * Unread bytes per stream, thus what one slow listener can make us hold, and at the same time the
 * most that sync can put before a vote on the wire: 0.8 s at 10 Mbit/s. It must stay below the
 * read buffer, or a paused stream is reset.
 */
const STREAM_WINDOW_BYTES_MAX = 1 * MIB;
const READ_BUFFER_BYTES_MAX = 4 * MIB;
const WRITE_BUFFER_BYTES_MAX = 4 * MIB;

/** Three channels, two of gossip, identify, pings; twice that while streams are replaced. */
const STREAMS_PER_CONNECTION_MAX = 32;

/** Of one gossip packet: an answer to IWANT carries several messages. */
const GOSSIP_PACKET_BYTES_MAX = 4 * MIB;

/** A host that does not run yet. Its private key stays inside libp2p. */
export async function createHost(options: HostOptions): Promise<Host> {
  assert(options.gossipBytesMax * 4 <= GOSSIP_PACKET_BYTES_MAX, 'gossip fits into its packets');
  const publicKey = publicKeyOf(options.secretKey);
  const host = await createLibp2p({
    start: false,
    privateKey: privateKeyFromRaw(concatBytes(options.secretKey, publicKey)),
    nodeInfo: { name: 'daybook', version: '1', userAgent: 'daybook' },
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: STREAMS_PER_CONNECTION_MAX,
        maxOutboundStreams: STREAMS_PER_CONNECTION_MAX,
        streamOptions: {
          maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX,
          maxReadBufferLength: READ_BUFFER_BYTES_MAX,
          maxWriteBufferLength: WRITE_BUFFER_BYTES_MAX,
        },
      }),
    ],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: CONNECTIONS_MAX,
      // Rates per host are the gater's (`doorkeeper.ts`), which knows the addresses of our peers.
      inboundConnectionThreshold: 1000,
      maxIncomingPendingConnections: 1000,
      inboundUpgradeTimeout: 5000,
      reconnectRetries: 0,
    },
    // A frozen peer is noticed within 7 s. After a stall of the own event loop the timer of a ping
    // runs before the answer is read, and all links would go at once: stalls of 5 s are forgiven.
    connectionMonitor: { pingInterval: 2000, pingTimeout: { minTimeout: 5000, maxTimeout: 5000 } },
    services: {
      identify: identify({ maxInboundStreams: 2, maxOutboundStreams: 2 }),
      ping: ping({ maxInboundStreams: 2 }),
      gossip: gossip(options.topics),
    },
  });
  return host;
}

function gossip(topics: readonly string[]): ReturnType<typeof gossipsub> {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    doPX: false,
    fallbackToFloodsub: false,
    floodPublish: false,
    // A full mesh costs three times the CPU of a small one: every receiver forwards to everyone.
    D: 4,
    Dlo: 3,
    Dhi: 6,
    Dscore: 2,
    Dout: 1,
    mcacheLength: 3,
    mcacheGossip: 2,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    tagMeshPeers: false,
    allowedTopics: [...topics],
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: GOSSIP_PACKET_BYTES_MAX,
    maxOutboundBufferSize: 2 * GOSSIP_PACKET_BYTES_MAX,
    maxTopicBytesPerPeer: 16 * KIB,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 64,
      maxIhaveMessageIDs: 1000,
      maxIwantMessageIDs: 1000,
      maxIdontwantMessageIDs: 256,
      maxControlMessages: 64,
      maxPeerInfos: 0,
    },
    // Peers are admitted by key, so several behind one address are no attack.
    scoreParams: { IPColocationFactorWeight: 0 },
    // Content alone decides what is the same message: the sender cannot make it look new.
    msgIdFn: (message) =>
      createHash('sha256').update(message.topic).update(message.data).digest().subarray(0, 20),
  });
}
