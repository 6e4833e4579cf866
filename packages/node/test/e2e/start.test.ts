/** Starts that fail, and what they leave behind. */
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import { NetworkError } from '@daybook/network';
import { expect } from 'chai';
import { startSingleNode } from './support/single-node.ts';

async function listen(port = 0): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('node: starts that fail', () => {
  it('given a taken network port, when a node is started, then it says so and its API port is free again', async () => {
    const taken = await listen();
    const free = await listen();
    const apiPort = portOf(free);
    await close(free);

    let failure: unknown;
    await startSingleNode({ networkPort: portOf(taken), apiPort }).catch((error: unknown) => {
      failure = error;
    });
    const again = await listen(apiPort);
    await close(again);
    await close(taken);

    expect(failure).to.be.instanceOf(NetworkError);
  });
});
