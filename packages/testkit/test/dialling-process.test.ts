import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { dialling } from '../src/dialling-process.ts';

const HERE = { slug: 'ana', process: { pid: () => process.pid } };

async function listen(): Promise<Server> {
  // The tests reset connections; the server's ends hear of it as errors.
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** One end of a connection, from a chosen local port if one is given. */
async function dial(server: Server, localPort?: number): Promise<Socket> {
  const socket = connect({
    port: portOf(server),
    host: '127.0.0.1',
    ...(localPort !== undefined && { localPort }),
  });
  await once(socket, 'connect');
  return socket;
}

describe('testkit: who dialled (Linux)', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  it('given one local port with two connections, when one is over, then the other is still named', async () => {
    servers.push(await listen(), await listen(), await listen());
    const [first, second, spare] = servers as [Server, Server, Server];
    const localPort = portOf(spare);
    spare.close();
    await once(spare, 'close');
    const over = await dial(first, localPort);
    const living = await dial(second, localPort);
    sockets.push(over, living);

    const both = [first, second].map((server) =>
      dialling({ localPort, remotePort: portOf(server) }, [HERE]),
    );
    const closed = once(over, 'close');
    over.resetAndDestroy();
    await closed;

    expect(both).to.deep.equal(['ana', 'ana']);
    expect(dialling({ localPort, remotePort: portOf(first) }, [HERE])).to.equal(undefined);
    expect(dialling({ localPort, remotePort: portOf(second) }, [HERE])).to.equal('ana');
  });

  it('given a connection of nobody, then nobody is named', async () => {
    servers.push(await listen());
    const [server] = servers as [Server];
    sockets.push(await dial(server));
    const [socket] = sockets as [Socket];
    const dialled = { localPort: socket.localPort, remotePort: portOf(server) };

    expect(dialling(dialled, [])).to.equal(undefined);
    expect(dialling({ ...dialled, remotePort: 1 }, [HERE])).to.equal(undefined);
    expect(dialling({ localPort: undefined, remotePort: 1 }, [HERE])).to.equal(undefined);
  });
});
