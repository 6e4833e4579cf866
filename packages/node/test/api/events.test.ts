import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { expect } from 'chai';
import { runFeed } from '../../src/api/event-stream.ts';
import { createFinalBlocks } from '../../src/api/final-blocks.ts';
import type { EventReader } from './support/event-reader.ts';
import { openEvents } from './support/event-reader.ts';
import type { RunningApi } from './support/running-api.ts';
import { startTestApi } from './support/running-api.ts';
import { signedCall, signedNote, writeNotes } from './support/signing.ts';

describe('api: events', () => {
  let api: RunningApi;
  let readers: EventReader[];

  beforeEach(async () => {
    api = await startTestApi({ eventStreamsMax: 16 });
    readers = [];
  });

  afterEach(async () => {
    for (const reader of readers) reader.close();
    await api.stop();
    expect(api.faults).to.deep.equal([]);
  });

  async function open(query = '', headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = await openEvents(`${api.url}/v1/events${query}`, headers);
    readers.push(reader);
    return reader;
  }

  it('given an open stream, when a block becomes final, then its events arrive with cursors', async () => {
    const reader = await open();
    await reader.nextRaw();
    await writeNotes(api, [signedNote(api, 1), signedNote(api, 2)]);

    const [first, second] = [await reader.next(), await reader.next()];

    expect([first.id, second.id]).to.deep.equal(['1.0.0', '1.1.0']);
    expect(first.event).to.equal('notebook.written');
    expect(first.data.fields.cost).to.deep.equal({ minor: '1250', currency: 'GBP' });
    expect(first.data.height).to.equal(1);
  });

  it('given a cursor inside a block, when resumed, then nothing is missed and nothing repeated', async () => {
    await writeNotes(
      api,
      [1, 2, 3].map((number) => signedNote(api, number)),
    );
    await writeNotes(api, [signedNote(api, 4)]);

    const byQuery = await open('?after=1.0.0');
    const byHeader = await open('?after=0', { 'last-event-id': '1.1.0' });

    const ids: (string | undefined)[] = [];
    for (let count = 0; count < 3; count++) ids.push((await byQuery.next()).id);
    expect(ids).to.deep.equal(['1.1.0', '1.2.0', '2.0.0']);
    expect((await byHeader.next()).id).to.equal('1.2.0');
  });

  it('given a height as cursor, then all of that block counts as seen', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    await writeNotes(api, [signedNote(api, 2)]);

    const reader = await open('?after=1');

    expect((await reader.next()).id).to.equal('2.0.0');
  });

  it('given filters, then only matching events come; blocks=yes closes each block', async () => {
    await writeNotes(api, [signedNote(api, 1)]);
    await writeNotes(api, [signedCall(api, 'close', { book: 'red', number: 1 })]);

    const reader = await open('?after=0&contract=notebook&event=closed&blocks=yes');

    const messages = [await reader.next(), await reader.next(), await reader.next()];
    expect(messages.map(({ event }) => event)).to.deep.equal(['block', 'notebook.closed', 'block']);
    expect(messages.map(({ id }) => id)).to.deep.equal(['1', '2.0.0', '2']);
  });

  it('given a cursor below what is kept, then 410 names the code', async () => {
    api.ledger.seal();
    api.ledger.seal();
    api.ledger.prune(2);

    const answer = await api.request('/v1/events?after=0');

    expect([answer.status, answer.json.code]).to.deep.equal([410, 'NODE_FEED_PRUNED']);
  });

  it('given malformed cursors, then each is refused', async () => {
    const bad = ['-1', '1.2', '1.2.3.4', 'x', '1.2.', '99999999999999999999', '01'];
    const answers = await Promise.all(bad.map((text) => api.request(`/v1/events?after=${text}`)));
    const header = await api.request('/v1/events', { headers: { 'last-event-id': '1;2' } });

    for (const answer of [...answers, header]) expect(answer.status).to.equal(400);
  });

  it('given one client with its share of streams, then the next one is refused until one ends', async () => {
    const first = await open();
    await open();

    const refused = await api.request('/v1/events');
    first.close();

    expect(refused.json.code).to.equal('NODE_STREAMS_EXHAUSTED');
    expect(refused.headers.get('retry-after')).to.equal('10');
    let status = 503;
    for (let tries = 0; status !== 200 && tries < 100; tries++) {
      const reader = await open();
      status = reader.status;
      if (status !== 200) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(status).to.equal(200);
  });

  it('given a client that does not read, then the server buffers no more than the socket', async () => {
    const text = 'x'.repeat(4000);
    for (let height = 0; height < 40; height++) {
      const notes = Array.from({ length: 20 }, (_, n) =>
        signedNote(api, 1 + n + 20 * height, { text }),
      );
      await writeNotes(api, notes);
    }
    const before = process.memoryUsage().rss;

    const response = await pausedStream(`${api.url}/v1/events?after=0&blocks=yes`);
    for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
    const grown = process.memoryUsage().rss - before;
    response.destroy();

    expect(grown).to.be.below(64 * 1024 * 1024);
  });

  it('given HEAD, then no place among the streams is taken for good', async () => {
    for (let count = 0; count < 4; count++) {
      const { status } = await fetch(`${api.url}/v1/events`, { method: 'HEAD' });
      expect(status).to.equal(200);
    }

    expect((await api.request('/metrics')).text).to.contain('event_streams 0');
  });

  it('given a filter that nothing matches, when old blocks are looked through, then others get their turn', async () => {
    for (let height = 0; height < 50; height++) api.ledger.seal();
    const { chain, heads } = api.ledger;
    let reads = 0;
    const counted = {
      ...chain,
      block: async (height: number) => {
        reads += 1;
        return await chain.block(height);
      },
    };
    const leaving = new AbortController();
    const sink = { signal: leaving.signal, write: async () => true };
    const filter = { contract: 'nothing', name: undefined, blocks: false };
    const views = (): never => undefined as never;
    const feed = { chain, heads, blocks: createFinalBlocks(counted), views };
    setImmediate(() => leaving.abort());

    await runFeed(sink, { after: { height: 0 }, filter }, feed);

    expect(reads).to.be.within(1, 3);
  });

  it('given an open stream, when the node stops, then the stream ends', async () => {
    const reader = await open();
    await reader.nextRaw();

    await api.stop();

    const ended = await reader.nextRaw().then(
      () => false,
      () => true,
    );
    expect(ended).to.equal(true);
  });
});

function pausedStream(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, (response) => {
      response.on('error', () => undefined);
      resolve(response);
    })
      .on('error', reject)
      .end();
  });
}
