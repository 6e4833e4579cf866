import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { encodeCanonical, toHex } from '@daybook/core';
import { expect } from 'chai';
import { API_LIMITS } from '../../src/api/limits.ts';
import type { Answer, RunningApi } from './support/running-api.ts';
import { HEALTHY, startTestApi } from './support/running-api.ts';
import { asHexBody, signedNote } from './support/signing.ts';

describe('api: hostile and careless clients', () => {
  let api: RunningApi;

  beforeEach(async () => {
    api = await startTestApi();
  });

  afterEach(async () => {
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  /** Sends bytes and returns everything that comes until the server closes. */
  async function raw(text: string): Promise<string> {
    const socket = connect(api.api.address.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(text);
    await once(socket, 'close');
    return Buffer.concat(chunks).toString('utf8');
  }

  async function untilMetric(line: string): Promise<void> {
    let text = '';
    for (let tries = 0; !text.includes(line) && tries < 100; tries++) {
      text = (await api.request('/metrics')).text;
    }
    expect(text).to.contain(line);
  }

  const postRoutes = [
    '/v1/transactions',
    '/v1/transactions/batch',
    '/v1/contracts/notebook/write',
  ] as const;

  const badBodies: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing', ''],
    ['text', 'hello'],
    ['half of an object', '{"transaction":"00'],
    ['bad UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['a byte order mark', '\ufeff{}'],
    ['deep nesting', '['.repeat(10_000)],
    ['deep but closed nesting', `${'['.repeat(100)}${']'.repeat(100)}`],
    ['a repeated member', '{"transaction":"00","transaction":"01"}'],
    ['a repeated member in disguise', '{"transaction":"00","\\u0074ransaction":"01"}'],
    ['a member that reaches the prototype', '{"__proto__":{"transaction":"00"}}'],
  ];

  for (const path of postRoutes) {
    for (const [words, body] of badBodies) {
      it(`given ${words} as body, when posted to ${path}, then NODE_BODY_MALFORMED`, async () => {
        const answer = await api.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });

        expect([answer.status, answer.json.code]).to.deep.equal([400, 'NODE_BODY_MALFORMED']);
      });
    }

    for (const body of ['null', '1', '"x"', '[]', '{}', '{"x":1}', '{"constructor":1}']) {
      it(`given ${body}, when posted to ${path}, then NODE_INPUT_INVALID with a pointer`, async () => {
        const answer = await api.post(path, body);

        expect([answer.status, answer.json.code]).to.deep.equal([400, 'NODE_INPUT_INVALID']);
        expect(answer.json.errors[0].pointer).to.be.a('string');
      });
    }

    it(`given another media type, when posted to ${path}, then 415 names what is taken`, async () => {
      for (const type of [
        'text/plain',
        'application/json; charset=latin1',
        'multipart/form-data',
        '',
      ]) {
        const answer = await api.post(path, '{}', { 'content-type': type });

        expect([answer.status, answer.json.code], type).to.deep.equal([
          415,
          'NODE_MEDIA_TYPE_UNSUPPORTED',
        ]);
        expect(answer.headers.get('accept-post')).to.contain('application/json');
      }
    });

    it(`given a compressed body, when posted to ${path}, then it is refused`, async () => {
      const answer = await api.post(path, '{}', { 'content-encoding': 'gzip' });

      expect(answer.status).to.equal(415);
    });

    it(`given more bytes than allowed, announced or not, when posted to ${path}, then 413`, async () => {
      const size =
        (path.endsWith('batch') ? API_LIMITS.batchBytesMax : API_LIMITS.bodyBytesMax) + 1;
      const announced = await api.post(path, ' '.repeat(size));
      const chunked = await api.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new ReadableStream({
          start: (controller) => {
            controller.enqueue(new Uint8Array(size).fill(32));
            controller.close();
          },
        }),
        duplex: 'half',
      } as RequestInit);

      expect([announced.status, chunked.status]).to.deep.equal([413, 413]);
    });
  }

  it('given 20 MB where 136 kB are taken, then the client still reads the 413', async () => {
    const whole = await api.post('/v1/transactions', ' '.repeat(20_000_000));
    const parts = Array.from({ length: 200 }, () => new Uint8Array(100_000).fill(32));
    const streamed = await api.request('/v1/transactions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ReadableStream.from(parts),
      duplex: 'half',
    } as RequestInit);

    expect([whole.status, streamed.status]).to.deep.equal([413, 413]);
  });

  it('given bodies that are worked on, then their bytes count until they are answered', async () => {
    const waiting = api.post(
      '/v1/transactions?wait=committed&timeoutMs=60000',
      asHexBody(signedNote(api, 1)),
    );
    let held = 0;
    while (held === 0)
      held = Number(/held_bytes (\d+)/.exec((await api.request('/metrics')).text)?.[1]);
    api.ledger.seal();
    await waiting;

    expect(held).to.be.above(100);
    expect((await api.request('/metrics')).text).to.contain('held_bytes 0');
  });

  it('given bytes that are no transaction, then the code of the decoder comes back', async () => {
    const wire = signedNote(api, 1);
    const cases = [
      wire.slice(0, -1),
      Uint8Array.of(...wire, 0),
      new Uint8Array(70_000),
      encodeCanonical([1, 2, 3]),
      encodeCanonical('x'),
    ];
    for (const bytes of cases) {
      const answer = await api.request('/v1/transactions', {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: bytes,
      });
      expect(answer.json.code, toHex(bytes.slice(0, 8))).to.match(/^CORE_/);
      expect(answer.status).to.be.within(400, 499);
    }
  });

  it('given too many transactions in a batch, then 413 with a code of its own', async () => {
    const wire = toHex(signedNote(api, 1));
    const transactions = Array.from({ length: API_LIMITS.batchCountMax + 1 }, () => wire);

    const answer = await api.post('/v1/transactions/batch', { transactions });

    expect([answer.status, answer.json.code]).to.deep.equal([413, 'NODE_BATCH_TOO_MANY']);
  });

  it('given unknown, repeated or wrong parameters, then each is named', async () => {
    const answer = await api.request('/v1/blocks?limit=0&limit=1&order=up&more=1&height=2');

    const names = answer.json.errors.map(({ parameter }: { parameter: string }) => parameter);
    expect(answer.status).to.equal(400);
    expect(names).to.have.members(['limit', 'order', 'more', 'height']);
  });

  it('given control characters in a value, then they do not come back', async () => {
    const answer = await api.request(
      `/v1/blocks?order=${encodeURIComponent('\u202e\u0007\u001b[31m')}`,
    );

    expect(answer.text).not.to.match(/\\u202e|\\u0007|\\u001b/i);
  });

  it('given a path that does not exist, or not for this method, then 404 and 405 say so', async () => {
    const nothing = await api.request('/v1/nothing');
    const method = await api.request('/v1/blocks', { method: 'POST', body: 'x' });
    const verb = await api.request('/v1/transactions', { method: 'DELETE' });

    expect([nothing.status, nothing.json.code]).to.deep.equal([404, 'NODE_ROUTE_UNKNOWN']);
    expect([method.status, method.headers.get('allow')]).to.deep.equal([405, 'GET']);
    expect([verb.status, verb.headers.get('allow')]).to.deep.equal([405, 'POST']);
  });

  it('given an encoding that is broken, then NODE_REQUEST_MALFORMED', async () => {
    for (const path of ['/v1/transactions/%zz', '/v1/contracts/notebook/note/%ff/1', '/v1/%']) {
      const answer = await api.request(path);
      expect(answer.status, path).to.be.oneOf([400, 404]);
    }
  });

  it('given an Accept that nothing satisfies, then 406; a wildcard or nothing gets JSON', async () => {
    const none = await api.request('/v1/blocks', { headers: { accept: 'image/png' } });
    const zero = await api.request('/v1/blocks', {
      headers: { accept: 'application/json;q=0, application/cbor;q=0' },
    });
    const any = await api.request('/v1/blocks', { headers: { accept: 'text/html, */*;q=0.1' } });
    const cbor = await api.request('/v1/blocks', {
      headers: { accept: 'application/json;q=0.2, application/cbor' },
    });

    expect([none.status, zero.status, any.status]).to.deep.equal([406, 406, 200]);
    expect(cbor.headers.get('content-type')).to.equal('application/cbor');
  });

  it('given what is not HTTP, then a problem and a closed connection', async () => {
    const answer = await raw('HELLO\r\n\r\n');

    expect(answer).to.match(/^HTTP\/1\.1 400 /);
    expect(answer).to.contain('NODE_REQUEST_MALFORMED');
  });

  it('given headers without end, then 431', async () => {
    const answer = await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);

    expect(answer).to.match(/^HTTP\/1\.1 431 /);
    expect(answer).to.contain('NODE_HEADERS_TOO_LARGE');
  });

  it('given a client that never ends its headers, then 408 after the time for them', async () => {
    const answer = await raw('GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Slow: ');

    expect(answer).to.match(/^HTTP\/1\.1 408 /);
    expect(answer).to.contain('NODE_REQUEST_TIMEOUT');
  });

  it('given a request before the one before it was answered, then nothing of it outlives the client', async () => {
    const request = 'GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n';
    const socket = connect(api.api.address.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(request.repeat(3));
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    socket.destroy();

    // What waits behind an answer does not learn that the client has left.
    await untilMetric('event_streams 0');
  });

  it('given a client with as many connections as it may hold, then one more is closed and others are served', async () => {
    const { connectionsMax, connectionsPerClientShare } = API_LIMITS;
    const { port } = api.api.address;
    const open = async (): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    };
    const held: Socket[] = [];
    for (let count = 0; count < connectionsMax * connectionsPerClientShare; count++) {
      held.push(await open());
    }

    const [first] = held;
    await once(await open(), 'close');
    const { status } = await api.request('/v1/status');
    first?.destroy();
    await untilMetric('event_streams 0');
    const again = await open();
    again.write('GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const [answer] = await once(again, 'data');

    expect(status).to.equal(200);
    expect(String(answer)).to.match(/^HTTP\/1\.1 200 /);
    for (const socket of held) socket.destroy();
  });

  it('given two lengths or a smuggled body, then the request is refused', async () => {
    const two = await raw(
      'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    );
    const both = await raw(
      'POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );

    expect(two).to.match(/^HTTP\/1\.1 400 /);
    expect(both).to.match(/^HTTP\/1\.1 400 /);
  });

  it('given an absolute target or a very long one, then NODE_REQUEST_MALFORMED', async () => {
    const absolute = await raw(
      'GET http://evil/v1/blocks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    const long = await api.request(`/v1/blocks?cursor=${'a'.repeat(5000)}`);

    expect(absolute).to.contain('NODE_REQUEST_MALFORMED');
    expect(long.json.code).to.equal('NODE_REQUEST_MALFORMED');
  });

  it('given a client that leaves while it waits, then its waiting ends and nothing is logged', async () => {
    const controller = new AbortController();
    const waiting = api
      .request('/v1/transactions?wait=committed', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(asHexBody(signedNote(api, 1))),
        signal: controller.signal,
      })
      .catch((error: Error) => error.name);
    await api.request('/v1/status');
    controller.abort();

    expect(await waiting).to.equal('AbortError');
  });

  it('given a failure inside, then NODE_INTERNAL says nothing about it, and the log says it all', async () => {
    api.report = { ...HEALTHY, startedAtMs: Number.NaN };

    const answer = await api.request('/v1/status');

    expect([answer.status, answer.json.code]).to.deep.equal([500, 'NODE_INTERNAL']);
    expect(answer.text).not.to.match(/RangeError|\.ts|at /);
    expect(api.faults.splice(0)[0]?.data?.reason).to.contain('RangeError');
  });
});

describe('api: shares and hosts', () => {
  let api: RunningApi | undefined;

  afterEach(async () => {
    await api?.stop();
  });

  it('given a client above its share, then 429 with Retry-After; health is never refused', async () => {
    api = await startTestApi({ clientRequestsPerSecond: 1 });

    const path = '/v1/status';
    const first = await api.request(path);
    // At once: one after the other, a slow machine would save up for the next.
    let answers: readonly Answer[] = [];
    while (answers.every(({ status }) => status === 200)) {
      const request = api.request;
      answers = await Promise.all(Array.from({ length: 16 }, () => request(path)));
    }
    const health = await api.request('/healthz');

    const refused = answers.filter(({ status }) => status !== 200);
    expect(first.status).to.equal(200);
    for (const { status, json, headers } of refused) {
      expect([status, json.code]).to.deep.equal([429, 'NODE_RATE_LIMITED']);
      expect(Number(headers.get('retry-after'))).to.be.within(1, 2);
    }
    expect(health.status).to.equal(200);
  });

  it('given too many transactions of one client, then 429 before any signature is checked', async () => {
    api = await startTestApi({ clientTransactionsPerSecond: 1 });
    const running = api;
    const transactions = Array.from({ length: 4 }, (_, n) => toHex(signedNote(running, n + 1)));
    await api.post('/v1/transactions/batch', { transactions });

    const answer = await api.post('/v1/transactions/batch', { transactions });

    expect([answer.status, answer.json.code]).to.deep.equal([429, 'NODE_RATE_LIMITED']);
  });

  it('given host names in the settings, then others are refused', async () => {
    api = await startTestApi({ hostNames: ['127.0.0.1'] });
    const other = connect(api.api.address.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    other.on('data', (chunk: Buffer) => chunks.push(chunk));
    other.write('GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    await once(other, 'close');

    expect(Buffer.concat(chunks).toString()).to.contain('NODE_HOST_REFUSED');
    expect((await api.request('/v1/status')).status).to.equal(200);
  });

  it('given a browser elsewhere, then reads are open to it and writes are not', async () => {
    api = await startTestApi();
    const { url } = api;

    const read = await fetch(`${url}/v1/blocks`, { method: 'OPTIONS' });
    const write = await fetch(`${url}/v1/transactions`, { method: 'OPTIONS' });
    const get = await api.request('/v1/status', { headers: { origin: 'https://evil.example' } });
    const post = await api.post('/v1/transactions', '{}', { origin: 'https://evil.example' });

    expect(read.headers.get('access-control-allow-origin')).to.equal('*');
    expect(read.headers.get('access-control-allow-methods')).to.equal('GET, HEAD');
    expect(write.headers.get('access-control-allow-origin')).to.equal(null);
    expect(get.headers.get('access-control-allow-origin')).to.equal('*');
    expect(post.headers.get('access-control-allow-origin')).to.equal(null);
    expect(get.headers.get('access-control-allow-credentials')).to.equal(null);
  });

  it('given HEAD, then headers as for GET and no body', async () => {
    api = await startTestApi();

    const get = await api.request('/v1/genesis');
    const head = await fetch(`${api.url}/v1/genesis`, { method: 'HEAD' });

    expect(head.headers.get('content-length')).to.equal(get.headers.get('content-length'));
    expect(await head.text()).to.equal('');
  });
});
