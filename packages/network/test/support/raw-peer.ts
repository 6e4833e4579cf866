/**
 * A peer that speaks libp2p with an admitted key and keeps to no rule of ours: it opens streams and
 * sends what bytes it is told to.
 */
import { concatBytes, peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { createFrameReader, encodePrefix } from '../../src/framing.ts';
import type { Hello } from '../../src/handshake.ts';
import { encodeHello, WIRE_VERSION } from '../../src/handshake.ts';
import type { Host } from '../../src/libp2p/host.ts';
import { createHost } from '../../src/libp2p/host.ts';
import type { ChannelName } from '../../src/protocols.ts';
import { CHANNELS } from '../../src/protocols.ts';
import type { TestNode } from './cluster.ts';
import { CHAIN, freshKey, peerOf } from './cluster.ts';
import { until } from './wait.ts';

export interface RawStream {
  readonly stream: Stream;
  /** Frames that came back. */
  readonly frames: readonly Uint8Array[];
  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void;
  /** Sends a frame with a true prefix. */
  frame(bytes: Uint8Array): void;
}

export interface RawPeer {
  readonly peerId: string;
  readonly host: Host;
  connect(node: TestNode): Promise<Connection>;
  open(connection: Connection, protocol: string): Promise<RawStream>;
  /** Opens a channel and passes the handshake. */
  channel(connection: Connection, name: ChannelName): Promise<RawStream>;
  stop(): Promise<void>;
}

export async function startRawPeer(): Promise<RawPeer> {
  const secretKey = freshKey();
  const host = await createHost({
    listen: [],
    secretKey,
    topics: [],
    gossipBytesMax: 1024,
    gater: { denyDialMultiaddr: () => false },
  });
  await host.start();

  async function open(connection: Connection, protocol: string): Promise<RawStream> {
    const stream = await connection.newStream(protocol, { maxOutboundStreams: 100 });
    const frames: Uint8Array[] = [];
    const reader = createFrameReader(64 * 1024 * 1024);
    stream.addEventListener('message', ({ data }) => {
      for (const chunk of data instanceof Uint8Array ? [data] : data) {
        reader.push(chunk, (frame) => frames.push(frame));
      }
    });
    return {
      stream,
      frames,
      raw: (bytes) => stream.send(bytes),
      frame: (bytes) => stream.send(concatBytes(encodePrefix(bytes.length), bytes)),
    };
  }

  return {
    peerId: peerIdFromPublicKey(publicKeyOf(secretKey)),
    host,
    connect: (node) => {
      const [address = ''] = peerOf(node).addresses;
      return host.dial(multiaddr(`${address}/p2p/${node.peerId}`));
    },
    open,
    async channel(connection, name) {
      const stream = await open(connection, CHANNELS[name].id);
      stream.frame(encodeHello(rawHello({})));
      await until('the welcome comes', () => stream.frames.length === 1);
      return stream;
    },
    async stop() {
      await host.stop();
    },
  };
}

export function rawHello(parts: Partial<Hello>): Hello {
  return { version: WIRE_VERSION, chain: CHAIN, role: 'observer', ...parts };
}
