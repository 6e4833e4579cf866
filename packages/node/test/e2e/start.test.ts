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

const NOTE = {
  book: 'red',
  number: 1,
  text: 'hello',
  cost: { minor: 100n, currency: 'GBP' },
  due: '2030-01-01',
};

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

  it('spec N-17: given an anchor that the stored chain contradicts, in any mode, then the node does not start', async () => {
    for (const mode of ['blocks', 'snapshot']) {
      const settings = `sync: {mode: ${mode}, checkpoint: "0:${'ab'.repeat(32)}"}\n`;

      const failure = await startSingleNode({ settings }).catch((error: unknown) => error);

      expect(failure).to.have.property('code', 'NODE_CHECKPOINT_CONTRADICTED');
    }
  });

  it('spec N-17: given an anchor that the next block contradicts, when it is decided, then the node stops', async () => {
    const settings = `sync: {checkpoint: "1:${'ab'.repeat(32)}"}\n`;
    const single = await startSingleNode({ settings });
    try {
      const { apiUrl, ledger } = single.node;
      await fetch(`${apiUrl}/v1/transactions`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: Buffer.from(single.call('notebook', 'write', NOTE)),
      });
      const failure = await single.failed.catch((error: unknown) => error);

      expect(failure).to.have.property('code', 'NODE_CHECKPOINT_CONTRADICTED');
      expect(ledger.head().header.height).to.equal(0);
    } finally {
      await single.stop();
    }
  });
});
