import { asTransactionId, decodeCanonical, toHex } from '@daybook/core';
import { expect } from 'chai';
import type { Submittable } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { Answering } from '../fixtures/world.ts';
import { createWorld, failureOf, json, problem } from '../fixtures/world.ts';

const transaction = (byte: number): Submittable => ({
  id: asTransactionId(new Uint8Array(32).fill(byte)),
  bytes: new Uint8Array([byte]),
});

function receiptOf(byte: number, extra: object = {}) {
  return {
    id: toHex(new Uint8Array(32).fill(byte)),
    state: 'committed',
    height: 7,
    index: 0,
    blockHash: '33'.repeat(32),
    timestampMs: 9,
    succeeded: true,
    code: 0,
    events: [],
    writes: [],
    ...extra,
  };
}

const head = { height: 7, blockHash: '33'.repeat(32), timestampMs: 9 };
const pendingOf = (byte: number) => ({
  id: toHex(new Uint8Array(32).fill(byte)),
  state: 'received',
  head,
});
const problemOf = (code: string, status: number, extra: object = {}) => ({
  status,
  code,
  title: code,
  detail: `detail of ${code}`,
  remedy: 'none',
  ...extra,
});

/** The first byte of each transaction of a batch body. */
async function bytesIn(init: RequestInit): Promise<readonly number[]> {
  const body = new Uint8Array(await new Response(init.body).arrayBuffer());
  const decoded = decodeCanonical(body, { bytesMax: 10_000_000, depthMax: 2 });
  if (!decoded.ok) throw new Error('the batch is canonical CBOR');
  return (decoded.value as readonly Uint8Array[]).map((bytes) => bytes[0] ?? 0);
}

function clientOf(nodes: Readonly<Record<string, Answering>>) {
  const world = createWorld(nodes);
  const urls = Object.keys(nodes).map((host) => `http://${host}`);
  return { client: createClient({ urls: [...urls, 'http://away'] }, world), world };
}

describe('client: submit', () => {
  it('given a pending answer, when waiting for committed, then the same bytes go again', async () => {
    const sent: number[][] = [];
    const { client } = clientOf({
      a: async (_url, init) => {
        const bytes = await bytesIn(init);
        sent.push([...bytes]);
        const items = bytes.map((byte) =>
          byte === 2 && sent.length < 3
            ? { status: 202, pending: pendingOf(byte) }
            : { status: 200, receipt: receiptOf(byte) },
        );
        return json({ items, head });
      },
    });

    const outcomes = await client.submitBatch([transaction(1), transaction(2)]);

    expect(outcomes.map(({ state }) => state)).to.deep.equal(['committed', 'committed']);
    expect(sent).to.deep.equal([[1, 2], [2], [2]]);
  });

  it('given a node that dies under it, then the next node gets the same bytes', async () => {
    const { client, world } = clientOf({
      a: () => {
        throw new TypeError('fetch failed', { cause: new Error('socket hang up') });
      },
      b: () => json({ items: [{ status: 200, receipt: receiptOf(1) }], head }),
    });

    const outcome = await client.submit(transaction(1));

    expect(outcome.state).to.equal('committed');
    expect(world.requests.map((line) => line[0])).to.deep.equal(['a', 'b']);
  });

  it('given a full mempool, then it is tried again, and the refusal stays if it does not pass', async () => {
    let count = 0;
    const full = { status: 503, problem: problemOf('NODE_MEMPOOL_FULL', 503) };
    const { client } = clientOf({
      a: () => {
        count += 1;
        return json({ items: [full], head });
      },
    });

    const outcome = await client.submit(transaction(1), { timeoutMs: 2000 });

    expect(outcome.state === 'refused' && outcome.problem.code).to.equal('NODE_MEMPOOL_FULL');
    expect(count).to.be.greaterThan(3);
  });

  it('given it was met before, then the receipt says what became of it', async () => {
    const replayed = { status: 409, problem: problemOf('NODE_TRANSACTION_REPLAYED', 409) };
    const { client } = clientOf({
      a: (url) =>
        url.pathname.endsWith('/batch') ? json({ items: [replayed], head }) : json(receiptOf(1)),
    });

    const outcome = await client.submit(transaction(1));

    expect(outcome.state === 'committed' && outcome.receipt.height).to.equal(7);
  });

  it('given it expired and no node knows it, then it is expired', async () => {
    const expired = { status: 422, problem: problemOf('NODE_TRANSACTION_EXPIRED', 422) };
    const { client } = clientOf({
      a: (url) =>
        url.pathname.endsWith('/batch')
          ? json({ items: [expired], head })
          : problem('NODE_TRANSACTION_UNKNOWN', 404),
    });

    expect((await client.submit(transaction(1))).state).to.equal('expired');
  });

  it('given a refusal by a contract, then the outcome carries code, pointer and receipt', async () => {
    const receipt = receiptOf(1, { succeeded: false, code: 16012 });
    const errors = [{ pointer: '/calls/0/args/amount', expected: 'less', found: 'more' }];
    const refused = {
      status: 422,
      problem: problemOf('TREASURY_NOT_ENOUGH', 422, { receipt, errors }),
    };
    const { client } = clientOf({ a: () => json({ items: [refused], head }) });

    const outcome = await client.submit(transaction(1));

    expect(outcome.state === 'refused' && outcome.problem).to.deep.include({
      code: 'TREASURY_NOT_ENOUGH',
      errors,
    });
    expect(outcome.state === 'refused' && outcome.problem.receipt?.height).to.equal(7);
  });

  it('given wait=none, then one answer is enough', async () => {
    const { client, world } = clientOf({
      a: () => json({ items: [{ status: 202, pending: pendingOf(1) }], head }),
    });

    const outcome = await client.submit(transaction(1), { wait: 'none' });

    expect(outcome).to.include({ state: 'pending', progress: 'received' });
    expect(world.requests).to.deep.equal(['a /v1/transactions/batch?wait=none']);
  });

  it('given no node until the time is over, then it says that none answers', async () => {
    const { client, world } = clientOf({});
    const startedMs = world.clock.nowMs();

    const error = await failureOf(client.submit(transaction(1), { timeoutMs: 5000 }));

    expect(error.code).to.equal('CLIENT_UNREACHABLE');
    expect(world.clock.nowMs() - startedMs).to.be.within(5000, 6000);
  });

  it('given receipts of a node that is behind another, then they are taken and nothing goes again', async () => {
    const answerAt = (height: number) => async (_url: URL, init: RequestInit) => {
      const items = (await bytesIn(init)).map((byte) => ({
        status: 200,
        receipt: receiptOf(byte),
      }));
      return json({ items, head: { ...head, height } });
    };
    const { client, world } = clientOf({ a: answerAt(9), b: answerAt(8) });
    await client.submitBatch([transaction(1)], { startAt: 0 });

    const outcomes = await client.submitBatch([transaction(2)], { startAt: 1 });

    expect(outcomes.map(({ state }) => state)).to.deep.equal(['committed']);
    expect(world.requests.map((line) => line[0]).join('')).to.equal('ab');
  });

  it('given more than a batch takes, then it is split by count and by bytes', async () => {
    const sizes: number[] = [];
    const { client } = clientOf({
      a: async (_url, init) => {
        const bytes = await bytesIn(init);
        sizes.push(bytes.length);
        return json({
          items: bytes.map((byte) => ({ status: 200, receipt: receiptOf(byte) })),
          head,
        });
      },
    });
    const large = { ...transaction(3), bytes: new Uint8Array(60_000).fill(3) };

    await client.submitBatch(Array.from({ length: 300 }, () => transaction(1)));
    await client.submitBatch(Array.from({ length: 40 }, () => large));

    expect(sizes).to.deep.equal([256, 44, 31, 9]);
  });
});
