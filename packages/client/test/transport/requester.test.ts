import { expect } from 'chai';
import { createClient } from '../../src/index.ts';
import type { Answering } from '../fixtures/world.ts';
import { createWorld, failureOf, json, problem } from '../fixtures/world.ts';

const STATUS = {
  chain: { id: '11'.repeat(32), name: 'test' },
  head: { height: 3, blockHash: '22'.repeat(32), timestampMs: 5 },
  healthy: true,
  ready: true,
  version: '0.1.0',
  role: 'validator',
  peerId: 'p',
  activity: 'voting',
  headAgeMs: 1,
  peers: { validators: 3, observers: 0 },
  reachable: { count: 4, of: 4 },
  mempool: { transactions: 0, bytes: 0, bytesMax: 1 },
  oldestStateHeight: 0,
  oldestBlockHeight: 0,
  somethingNew: { of: 'a later release' },
};

const good: Answering = () => json(STATUS);

function clientFor(nodes: Readonly<Record<string, Answering>>, hosts: readonly string[]) {
  const world = createWorld(nodes);
  const client = createClient({ urls: hosts.map((host) => `http://${host}/`) }, world);
  return { client, world };
}

describe('client: transport', () => {
  it('given a node that is away, when asked, then the next one answers and is kept', async () => {
    const { client, world } = clientFor({ b: good }, ['a', 'b']);

    const first = await client.status();
    await client.status();

    expect(first.head.height).to.equal(3);
    expect(world.requests).to.deep.equal(['a /v1/status', 'b /v1/status', 'b /v1/status']);
  });

  it('given every node away, then the failure names each with its reason', async () => {
    const { client } = clientFor({}, ['a', 'b']);

    const error = await failureOf(client.status());

    expect(error.failure).to.deep.equal({
      code: 'CLIENT_UNREACHABLE',
      endpoints: [
        { url: 'http://a', fact: 'ECONNREFUSED' },
        { url: 'http://b', fact: 'ECONNREFUSED' },
      ],
    });
  });

  it('given a busy node, then it is asked again after the pause it names', async () => {
    let count = 0;
    const { client, world } = clientFor(
      {
        a: () => {
          count += 1;
          return count < 3 ? problem('NODE_SYNCING', 503, { 'retry-after': '2' }) : json(STATUS);
        },
      },
      ['a'],
    );
    const startedMs = world.clock.nowMs();

    await client.status();

    expect(count).to.equal(3);
    expect(world.clock.nowMs() - startedMs).to.equal(4000);
  });

  it('given a node that stays busy, then its problem comes through at last', async () => {
    const { client, world } = clientFor({ a: () => problem('NODE_OVERLOADED', 503) }, ['a']);

    const error = await failureOf(client.status());

    expect(error.code).to.equal('CLIENT_REFUSED');
    expect(error.message).to.equal('detail of NODE_OVERLOADED');
    expect(world.requests.length).to.equal(4);
  });

  it('given a node too slow to read the request in time, then the next one is asked', async () => {
    const { client, world } = clientFor(
      { a: () => problem('NODE_REQUEST_TIMEOUT', 408), b: good },
      ['a', 'b'],
    );

    await client.status();

    expect(world.requests.length).to.equal(2);
  });

  it('given a refusal that will not pass, then no other node is asked', async () => {
    const { client, world } = clientFor({ a: () => problem('NODE_CURSOR_INVALID', 400), b: good }, [
      'a',
      'b',
    ]);

    const error = await failureOf(client.status());

    expect(error.failure).to.include({ code: 'CLIENT_REFUSED' });
    expect(world.requests.length).to.equal(1);
  });

  for (const [what, answering] of [
    ['not JSON', () => new Response('<html>')],
    ['not UTF-8', () => new Response(new Uint8Array([0xff, 0xfe]))],
    ['of another form', () => json({ head: 1 })],
    ['an error page without problem details', () => new Response('oops', { status: 404 })],
  ] as const) {
    it(`given an answer that is ${what}, then it is called malformed`, async () => {
      const { client } = clientFor({ a: answering }, ['a']);

      const error = await failureOf(client.status());

      expect(error.code).to.equal('CLIENT_ANSWER_MALFORMED');
    });
  }

  it('given a proxy whose node is away, then the next address is asked', async () => {
    const { client } = clientFor(
      { a: () => new Response('bad gateway', { status: 502 }), b: good },
      ['a', 'b'],
    );

    expect((await client.status()).role).to.equal('validator');
  });

  it('given an answer that never ends, then it is cut and called malformed', async () => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
    });
    const { client } = clientFor({ a: () => new Response(endless) }, ['a']);

    const error = await failureOf(client.status());

    expect(error.code).to.equal('CLIENT_ANSWER_MALFORMED');
  });

  it('given a node that is behind what was seen, then another one is asked', async () => {
    const at = (height: number) => json({ ...STATUS, head: { ...STATUS.head, height } });
    let isDown = false;
    const { client, world } = clientFor(
      {
        a: () => (isDown ? problem('NODE_STOPPING', 503) : at(9)),
        b: () => at(3),
        c: () => at(10),
      },
      ['a', 'b', 'c'],
    );
    await client.status();
    isDown = true;

    const { head } = await client.status();

    expect(head.height).to.equal(10);
    expect(world.requests.map((line) => line[0]).join('')).to.equal('aabc');
  });

  it('given only a node that is behind, then its old answer is better than none', async () => {
    let height = 9;
    const { client, world } = clientFor(
      { a: () => json({ ...STATUS, head: { ...STATUS.head, height } }) },
      ['a'],
    );
    await client.status();
    height = 4;

    const again = await client.status();

    expect(again.head.height).to.equal(4);
    expect(world.requests.length).to.equal(4);
  });

  it('given an address that is no http address, then no client is made', () => {
    expect(() => createClient({ urls: ['ftp://a'] })).to.throw(/http/);
    expect(() => createClient({ urls: [] })).to.throw(/at least one/);
  });
});
