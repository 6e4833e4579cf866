/**
 * What only the libp2p adapter can do wrong: sockets, dials that cross, names, and its end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { createNetwork, NetworkError } from '../../src/index.ts';
import type { Admission, Network } from '../../src/network.ts';
import type { Cluster, TestNode } from '../support/cluster.ts';
import {
  CHAIN,
  eventsOf,
  freshKey,
  libp2pMaker,
  peerOf,
  startCluster,
} from '../support/cluster.ts';
import { keptParts } from '../support/parts.ts';
import { until } from '../support/wait.ts';

describe('network: libp2p', () => {
  let cluster: Cluster;

  afterEach(async () => {
    await cluster.stop();
  });

  async function pair(): Promise<[TestNode, TestNode]> {
    cluster = await startCluster(libp2pMaker(), { validators: 2 });
    const [a, b] = cluster.nodes;
    if (a === undefined || b === undefined) {
      throw new Error('a cluster of two has two nodes');
    }
    return [a, b];
  }

  function alone(listen: readonly string[], admission?: Admission): Network {
    return createNetwork(
      {
        listen,
        secretKey: freshKey(),
        chain: CHAIN,
        admission: admission ?? { role: 'observer', peers: [] },
      },
      keptParts(),
    );
  }

  it('given a port that is taken, then start says so and leaves nothing behind', async () => {
    const [a] = await pair();
    const network = alone(peerOf(a).addresses);

    const error = await network.start().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

    expect(error).to.be.instanceOf(NetworkError);
    expect(error instanceof NetworkError && error.code).to.equal('NETWORK_LISTEN_FAILED');
    await network.stop();
  });

  it('given a name instead of a number, then the peer is dialled by it', async () => {
    const [a] = await pair();
    const address = peerOf(a).addresses[0]?.replace('/ip4/127.0.0.1/', '/dns4/localhost/') ?? '';
    const peers = [
      { peerId: a.peerId, role: 'bootstrap', addresses: ['nonsense', address] },
    ] as const;
    const network = alone([], { role: 'observer', peers });
    const own = { peerId: network.peerId, role: 'observer', addresses: [] } as const;
    a.network.updatePeers({ role: 'validator', peers: [...cluster.admission(0).peers, own] });

    await network.start();

    await until('it is linked', () => network.links().length === 1);
    await network.stop();
  });

  it('given two that dial each other at once (spec N-7), then one connection is left', async () => {
    const [a, b] = await pair();
    for (let round = 0; round < 5; round += 1) {
      a.network.updatePeers({ role: 'validator', peers: [] });
      b.network.updatePeers({ role: 'validator', peers: [] });
      await until('they are apart', () =>
        [a, b].every(({ network }) => network.links().length === 0),
      );

      // As bootstraps of each other, both dial at once.
      a.network.updatePeers({ role: 'observer', peers: [{ ...peerOf(b), role: 'bootstrap' }] });
      b.network.updatePeers({ role: 'observer', peers: [{ ...peerOf(a), role: 'bootstrap' }] });

      await until('they are linked', () =>
        [a, b].every(({ network }) => network.links()[0]?.channels.length === 2),
      );
      const directions = [a, b].map(({ network }) => network.links()[0]?.direction);
      expect([...directions].sort(), `round ${round}`).to.deep.equal(['inbound', 'outbound']);
    }
    let heard = 0;
    b.network.onMessage('sync', () => {
      heard += 1;
    });
    await until('messages pass', () => {
      a.network.send(b.peerId, 'sync', Uint8Array.of(1));
      return heard > 0;
    });
  });

  it('given 300 sockets that say nothing (F13), then the links live and restarts succeed', async () => {
    const [a] = await pair();
    const port = Number(peerOf(a).addresses[0]?.split('/').at(-1));
    const sockets = Array.from({ length: 300 }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) {
      socket.on('error', () => undefined);
    }
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));

    const node = await cluster.restart(1);

    await until('the restarted node is linked', () => node.network.links().length === 1);
    for (const socket of sockets) {
      socket.destroy();
    }
  });

  it('given a process whose network stopped, then it ends by itself', async () => {
    await pair();
    const script = new URL('../support/short-life.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--conditions=source', script], { stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });

    const [code] = await once(child, 'exit');

    expect(code).to.equal(0);
    expect(output).to.equal('linked\nstopped\n');
  });

  it('given a peer whose process vanishes, then the link ends and it is dialled again', async () => {
    const [a, b] = await pair();
    const listen = peerOf(b).addresses;

    await b.network.stop();
    await until('a sees it go', () =>
      eventsOf(a, b.peerId).some((event) => event.startsWith('disconnected')),
    );
    const network = createNetwork(
      { listen, secretKey: b.secretKey, chain: CHAIN, admission: cluster.admission(1) },
      keptParts(),
    );
    await network.start();

    await until('they are linked again', () => network.links()[0]?.channels.length === 3);
    await network.stop();
  });
});
