/** A node that fails outside consensus: no vote and no block after it, and it says why. */
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { isReady } from '../../src/health.ts';
import type { SingleNode } from './support/single-node.ts';
import { startSingleNode } from './support/single-node.ts';

const NOTE = {
  book: 'red',
  text: 'hello',
  cost: { minor: 100n, currency: 'GBP' },
  due: '2030-01-01',
};

interface HeldRequest {
  /** Sends the body. @returns all that the node answers */
  finish(): Promise<string>;
}

/** A POST that the node has begun to serve, and whose body is held back. */
async function hold({ node, call }: SingleNode, number: number): Promise<HeldRequest> {
  const { hostname, port } = new URL(node.apiUrl);
  const body = call('notebook', 'write', { ...NOTE, number });
  const socket = connect(Number(port), hostname);
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    answer += text;
    begun.resolve();
  });
  socket.on('error', ended.reject);
  socket.on('close', () => ended.resolve(answer));
  const head = [
    'POST /v1/transactions HTTP/1.1',
    `host: ${hostname}:${port}`,
    'content-type: application/cbor',
    `content-length: ${body.length}`,
    'expect: 100-continue',
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  await begun.promise;
  return {
    finish: () => {
      socket.write(body);
      return ended.promise;
    },
  };
}

/** All that the vote log holds. */
function votesOf({ dataDirectory }: SingleNode): readonly string[] {
  const folder = path.join(dataDirectory, 'votes');
  return readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'hex'));
}

describe('node: failures outside consensus', () => {
  it('given requests that drain, when a node fails, then it signs and commits nothing more, is not ready and names the cause', async () => {
    const single = await startSingleNode();
    try {
      const { node } = single;
      const held = [await hold(single, 1), await hold(single, 2), await hold(single, 3)];
      const votes = votesOf(single);
      expect(isReady(node.report())).to.equal(true);

      node.fail(new Error('a defect of an own part'));
      const stopped = node.stop();
      const { activity, hindrance } = node.report();
      expect(activity).to.equal('halted');
      expect(hindrance).to.contain('a defect of an own part');
      expect(isReady(node.report())).to.equal(false);
      // Each is answered before the next one goes on: a node that still voted would have the time.
      for (const request of held) expect(await request.finish()).to.contain('HTTP/1.1 2');
      await stopped;

      expect(node.ledger.head().header.height).to.equal(0);
      expect(votesOf(single)).to.deep.equal(votes);
      const failure = await single.failed.catch((error: unknown) => error);
      expect(failure).to.have.property('message', 'a defect of an own part');
    } finally {
      await single.stop();
    }
  });

  it('given a data directory that is taken away, then the node halts and says so', async () => {
    const single = await startSingleNode();
    const away = `${single.dataDirectory}-away`;
    renameSync(single.dataDirectory, away);
    try {
      const failure = await single.failed.catch((error: unknown) => error);

      expect(failure).to.have.property('code', 'STATE_DISK_FAILED');
      const report = single.node.report();
      expect(report.activity).to.equal('halted');
      expect(report.hindrance).to.contain(single.dataDirectory);
      expect(isReady(report)).to.equal(false);
    } finally {
      renameSync(away, single.dataDirectory);
      await single.stop();
    }
  });
});
