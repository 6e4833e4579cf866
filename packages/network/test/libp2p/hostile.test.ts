/**
 * An admitted peer that breaks the rules on the wire (reliability F13, F14): it is refused by name,
 * counted, banned if it goes on, and nobody else notices.
 */
import { concatBytes } from '@daybook/core';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeEnvelope } from '../../src/envelope.ts';
import type { NetworkCode } from '../../src/errors.ts';
import { encodeHello } from '../../src/handshake.ts';
import { CHANNELS, REQUESTS } from '../../src/protocols.ts';
import type { Cluster, TestNode } from '../support/cluster.ts';
import { eventsOf, libp2pMaker, peerOf, startCluster } from '../support/cluster.ts';
import { fastClock } from '../support/parts.ts';
import type { RawPeer, RawStream } from '../support/raw-peer.ts';
import { rawHello, startRawPeer } from '../support/raw-peer.ts';
import { until } from '../support/wait.ts';

describe('network: hostile peer', () => {
  let cluster: Cluster;
  let node: TestNode;
  let raw: RawPeer;

  async function start(factor = 1): Promise<void> {
    cluster = await startCluster(libp2pMaker(), { validators: 2, clock: fastClock(factor) });
    const [first] = cluster.nodes;
    if (first === undefined) {
      throw new Error('a cluster has nodes');
    }
    node = first;
    raw = await startRawPeer();
    const { role, peers } = cluster.admission(0);
    const line = { peerId: raw.peerId, role: 'observer', addresses: [] } as const;
    node.network.updatePeers({ role, peers: [...peers, line] });
  }

  afterEach(async () => {
    await raw.stop();
    await cluster.stop();
  });

  async function refused(code: NetworkCode): Promise<void> {
    await until(`refused as ${code}`, () => eventsOf(node, raw.peerId).includes(`refused ${code}`));
    expect(node.parts.figure('daybook_network_refusals_total', { code })).to.be.greaterThan(0);
  }

  /** The node has read what was sent before, on whatever stream of the connection. */
  async function readSoFar(echo: RawStream): Promise<void> {
    const answers = echo.frames.length;
    echo.frame(encodeEnvelope({ kind: 'request', id: 1, row: 200, payload: new Uint8Array() }));
    await until('an answer comes', () => echo.frames.length > answers);
  }

  /** The honest pair still works, and nothing was blamed on our own code. */
  async function unharmed(): Promise<void> {
    const [, other] = cluster.nodes;
    let heard = 0;
    const off = other?.network.onMessage('consensus', () => {
      heard += 1;
    });
    node.network.broadcast('consensus', Uint8Array.of(1));
    await until('the other validator hears', () => heard === 1);
    off?.();
    expect(node.parts.lines.filter((line) => line.startsWith('error'))).to.deep.equal([]);
  }

  it('given a prefix of 2^32-1 (spec N-8), then the stream ends, it is counted, and twice is a ban', async () => {
    await start();
    const connection = await raw.connect(node);
    const first = await raw.channel(connection, 'sync');

    first.raw(Uint8Array.of(255, 255, 255, 255, 1, 2, 3));
    await refused('NETWORK_FRAME_OVERSIZED');
    expect(node.parts.figure('daybook_network_dropped_total', { why: 'oversized' })).to.equal(1);
    expect(eventsOf(node, raw.peerId)).to.not.include('disconnected NETWORK_PEER_BANNED');
    const second = await raw.channel(connection, 'sync');
    second.raw(Uint8Array.of(0, 0, 0, 0));
    await refused('NETWORK_FRAME_MALFORMED');

    await until('the raw peer is banned', () =>
      eventsOf(node, raw.peerId).includes('disconnected NETWORK_PEER_BANNED'),
    );
    const again = await raw.connect(node).then(
      (late) => until('the late connection ends', () => late.status !== 'open'),
      () => undefined,
    );
    expect(again).to.equal(undefined);
    await unharmed();
  });

  it('given one byte more than the limit of the channel, then it is refused unread', async () => {
    await start();
    const channel = await raw.channel(await raw.connect(node), 'transactions');
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, CHANNELS.transactions.frameBytesMax + 1);

    channel.raw(prefix);

    await refused('NETWORK_FRAME_OVERSIZED');
    await unharmed();
  });

  it('given a first frame that is too large or no hello, then the handshake fails', async () => {
    await start();
    const connection = await raw.connect(node);

    const large = await raw.open(connection, CHANNELS.sync.id);
    large.frame(new Uint8Array(1000));
    await refused('NETWORK_FRAME_OVERSIZED');
    const garbage = await raw.open(connection, CHANNELS.sync.id);
    garbage.frame(new Uint8Array(35).fill(9));

    await refused('NETWORK_HANDSHAKE_FAILED');
    expect(eventsOf(node, raw.peerId)).to.not.include('connected');
    await unharmed();
  });

  it('given another version or chain, then both ends know why before the link ends', async () => {
    await start();
    const version = await raw.open(await raw.connect(node), CHANNELS.sync.id);
    version.frame(encodeHello(rawHello({ version: 999 })));
    await refused('NETWORK_VERSION_MISMATCH');
    expect(version.frames[0]?.[0]).to.equal(1);

    await until('the first connection ends', () => raw.host.getConnections().length === 0);
    const chain = await raw.open(await raw.connect(node), CHANNELS.sync.id);
    chain.frame(encodeHello(rawHello({ chain: new Uint8Array(32) })));
    await refused('NETWORK_CHAIN_MISMATCH');
    expect(chain.frames[0]?.[0]).to.equal(2);
    await until('the second connection ends', () => raw.host.getConnections().length === 0);
  });

  it('given an observer that opens the consensus channel, then only that is refused', async () => {
    await start();
    const connection = await raw.connect(node);
    await raw.channel(connection, 'sync');

    for (const role of ['observer', 'validator'] as const) {
      const consensus = await raw.open(connection, CHANNELS.consensus.id);
      consensus.frame(encodeHello(rawHello({ role })));
      await until('the verdict comes', () => consensus.frames.length === 1);
      expect(consensus.frames[0]?.[0]).to.equal(3);
    }

    await refused('NETWORK_ROLE_MISMATCH');
    const link = node.network.links().find(({ peerId }) => peerId === raw.peerId);
    expect(link?.channels).to.deep.equal(['sync']);
  });

  it('given a peer that opens a stream and says nothing, then it is closed in time', async () => {
    await start(5);
    const connection = await raw.connect(node);

    await raw.open(connection, CHANNELS.sync.id);

    await refused('NETWORK_HANDSHAKE_FAILED');
  });

  it('given random frames (F14), then nothing throws and the peer is banned', async () => {
    await start();
    const channel = await raw.channel(await raw.connect(node), 'sync');
    const frames = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
      numRuns: 300,
      seed: 14,
    });

    for (const frame of frames) {
      channel.frame(frame);
    }

    await until('the raw peer is banned', () =>
      eventsOf(node, raw.peerId).includes('disconnected NETWORK_PEER_BANNED'),
    );
    await unharmed();
  });

  it('given a request that we do not know, then it is refused without blame', async () => {
    await start();
    const channel = await raw.channel(await raw.connect(node), 'sync');

    channel.frame(encodeEnvelope({ kind: 'request', id: 7, row: 200, payload: new Uint8Array() }));

    await until('the refusal comes', () => channel.frames.length === 2);
    expect(channel.frames[1]).to.deep.equal(
      encodeEnvelope({ kind: 'refusal', id: 7, why: 'absent' }),
    );
    expect(node.parts.figure('daybook_network_offences_total')).to.equal(0);
  });

  it('given a request over its limit or on the wrong channel, then it is malformed', async () => {
    await start();
    const connection = await raw.connect(node);
    const channel = await raw.channel(connection, 'transactions');
    const { number } = REQUESTS.blocks;

    channel.frame(
      encodeEnvelope({ kind: 'request', id: 1, row: number, payload: new Uint8Array() }),
    );

    await until('it is counted', () => {
      const figure = node.parts.figure('daybook_network_offences_total', { offence: 'malformed' });
      return figure === 1;
    });
  });

  it('given more requests at a time than allowed, then the rest are refused as busy', async () => {
    await start();
    node.network.handle('blocks', () => new Promise(() => undefined));
    const channel = await raw.channel(await raw.connect(node), 'sync');
    const { number } = REQUESTS.blocks;

    for (let id = 1; id <= 10; id += 1) {
      channel.frame(
        encodeEnvelope({ kind: 'request', id, row: number, payload: new Uint8Array() }),
      );
    }

    await until('six are refused', () => channel.frames.length === 7);
    expect(channel.frames[1]).to.deep.equal(
      encodeEnvelope({ kind: 'refusal', id: 5, why: 'busy' }),
    );
  });

  it('given an asker that never reads (F13), then the queue is bounded and its stream cut', async () => {
    await start(5);
    node.network.handle('blocks', () => Promise.resolve(new Uint8Array(8_000_000)));
    const channel = await raw.channel(await raw.connect(node), 'sync');
    const { number } = REQUESTS.blocks;
    let most = 0;
    const watch = (): boolean => {
      most = Math.max(most, node.parts.figure('daybook_network_queued_bytes'));
      return eventsOf(node, raw.peerId).includes('closed sync');
    };

    channel.stream.pause();
    for (let id = 1; id <= 60; id += 1) {
      channel.frame(
        encodeEnvelope({ kind: 'request', id, row: number, payload: new Uint8Array() }),
      );
    }

    await until('the stream is cut', watch);
    expect(most).to.be.within(8_000_000, CHANNELS.sync.queueBytesMax);
    await refused('NETWORK_PEER_SLOW');
    expect(
      node.parts.figure('daybook_network_offences_total', { offence: 'slow' }),
    ).to.be.greaterThan(0);
    await unharmed();
  });

  it('given 200 streams of unknown and known protocols (F13), then nobody notices', async () => {
    await start();
    const connection = await raw.connect(node);
    const protocols = ['/nobody/1', CHANNELS.sync.id, '/ipfs/ping/1.0.0', '/meshsub/1.1.0'];

    const opened = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => raw.open(connection, protocols[index % 4] ?? '')),
    );

    expect(opened).to.have.length(200);
    await unharmed();
  });

  it('given a second stream of one channel, then it takes the place of the first', async () => {
    await start();
    const connection = await raw.connect(node);
    const first = await raw.channel(connection, 'sync');

    const second = await raw.channel(connection, 'sync');

    await until('the first is closed', () => first.stream.status !== 'open');
    node.network.send(raw.peerId, 'sync', Uint8Array.of(5));
    await until('the second hears', () => second.frames.length === 2);
  });

  it('given one stream after the other (spec N-10), then the rate holds for all of them', async () => {
    await start();
    const connection = await raw.connect(node);
    let heard = 0;
    node.network.onMessage('sync', () => {
      heard += 1;
    });
    const echo = await raw.channel(connection, 'transactions');
    const burst = concatBytes(
      ...Array.from({ length: CHANNELS.sync.burst }, () => Uint8Array.of(0, 0, 0, 2, 1, 7)),
    );

    for (let round = 1; round <= 5; round += 1) {
      const channel = await raw.channel(connection, 'sync');
      channel.raw(burst);
      await readSoFar(echo);
    }

    expect(heard).to.be.lessThan(3 * CHANNELS.sync.burst);
  });

  it('given a listener at work and a new stream, then its frames wait, too', async () => {
    await start();
    const connection = await raw.connect(node);
    const echo = await raw.channel(connection, 'sync');
    let working = 0;
    node.network.onMessage('transactions', () => {
      working += 1;
      return new Promise(() => undefined);
    });

    for (let round = 1; round <= 5; round += 1) {
      const channel = await raw.channel(connection, 'transactions');
      channel.frame(Uint8Array.of(1, 7));
      await readSoFar(echo);
    }

    expect(working).to.equal(1);
  });

  it('given a peer that opens streams without end (F13), then it is banned', async () => {
    await start();
    const connection = await raw.connect(node);

    for (let count = 0; count < 1000 && connection.status === 'open'; count += 1) {
      const opened = await raw.open(connection, CHANNELS.sync.id).catch(() => undefined);
      opened?.stream.abort(new Error('on purpose'));
    }

    await until('the raw peer is banned', () =>
      node.parts.lines.some((line) => line.startsWith('warn peer banned')),
    );
    await unharmed();
  });

  it('given a second connection of one key, then the first stays and works', async () => {
    await start();
    const connection = await raw.connect(node);
    const channel = await raw.channel(connection, 'sync');
    const [address = ''] = peerOf(node).addresses;

    const twin = raw.host.dial(multiaddr(address), { force: true });
    await twin.then(
      (late) => until('the twin ends', () => late.status !== 'open'),
      () => undefined,
    );

    expect(connection.status).to.equal('open');
    node.network.send(raw.peerId, 'sync', Uint8Array.of(5));
    await until('the first still hears', () => channel.frames.length === 2);
  });

  it('given a gossip stream that died (stack pitfall 17), then the link is made anew', async () => {
    await start(5);
    const connection = await raw.connect(node);
    await raw.channel(connection, 'sync');

    const gossip = (): readonly Stream[] =>
      connection.streams.filter(({ protocol }) => protocol.startsWith('/meshsub/'));
    // A stream that ends while it is being opened is opened again, and nothing is lost.
    await until('gossip is there both ways', () => gossip().length === 2);
    for (const stream of gossip()) {
      stream.abort(new Error('on purpose'));
    }

    await until('the link is cut', () =>
      eventsOf(node, raw.peerId).includes('disconnected NETWORK_LINK_LOST'),
    );
    expect(node.parts.lines.some((line) => line.startsWith('warn gossip stream lost'))).to.equal(
      true,
    );
  });
});
