import { expect } from 'chai';
import type { FeedEntry, FeedOptions } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { Answering } from '../fixtures/world.ts';
import { createWorld, failureOf, problem } from '../fixtures/world.ts';

const HASH = '44'.repeat(32);

function eventText(cursor: string): string {
  const height = Number(cursor.split('.')[0]);
  const data = {
    cursor,
    contract: 'treasury',
    name: 'paid',
    transaction: HASH,
    fields: {},
    height,
    blockHash: HASH,
    timestampMs: height,
  };
  return `id: ${cursor}\nevent: treasury.paid\ndata: ${JSON.stringify(data)}\n\n`;
}

function blockText(height: number): string {
  const data = { height, blockHash: HASH, timestampMs: height, transactionCount: 1 };
  return `id: ${height}\nevent: block\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A stream that breaks after some messages. */
function stream(...texts: readonly string[]): Response {
  return new Response(texts.join(''), { headers: { 'content-type': 'text/event-stream' } });
}

/** Answers one after the other; afterwards the node is away. */
function script(...answers: readonly (() => Response)[]): Answering {
  let next = 0;
  return () => {
    const answer = answers[next];
    next += 1;
    if (answer === undefined) throw new TypeError('fetch failed');
    return answer();
  };
}

async function take(
  nodes: Readonly<Record<string, Answering>>,
  count: number,
  options: FeedOptions = { after: '0' },
) {
  const world = createWorld(nodes);
  const urls = Object.keys(nodes).map((host) => `http://${host}`);
  const entries: FeedEntry[] = [];
  for await (const entry of createClient({ urls }, world).events(options)) {
    entries.push(entry);
    if (entries.length === count) break;
  }
  return { cursors: entries.map(({ cursor }) => cursor), requests: world.requests };
}

describe('client: event feed', () => {
  it('given a broken connection, then it goes on after the last event, and none comes twice', async () => {
    const { cursors, requests } = await take(
      {
        a: script(
          () => stream(eventText('1.0.0'), eventText('1.0.1')),
          () => stream(eventText('1.0.1'), eventText('1.1.0'), blockText(1), eventText('2.0.0')),
        ),
      },
      4,
    );

    expect(cursors).to.deep.equal(['1.0.0', '1.0.1', '1.1.0', '2.0.0']);
    expect(requests[1]).to.contain('after=1.0.1');
  });

  it('given a node that dies, then the next node takes over at the same place', async () => {
    const { cursors, requests } = await take(
      {
        a: script(() => stream(eventText('1.0.0'), blockText(1))),
        b: script(() => stream(blockText(2), eventText('3.0.0'))),
      },
      2,
    );

    expect(cursors).to.deep.equal(['1.0.0', '3.0.0']);
    expect(requests.at(-1)).to.match(/^b .*after=1&/);
  });

  it('given a block left out by one node, then the next one is asked', async () => {
    const { cursors } = await take(
      {
        a: script(() => stream(blockText(1), eventText('3.0.0'))),
        b: script(() => stream(eventText('2.0.0'), blockText(2))),
      },
      1,
    );

    expect(cursors).to.deep.equal(['2.0.0']);
  });

  for (const [what, texts] of [
    ['a block', [blockText(1), blockText(3)]],
    ['an event of a transaction', [eventText('1.0.0'), eventText('1.0.2')]],
    ['blocks, told by a lone id', [blockText(1), 'id: 5\n: alive\n\n']],
  ] as const) {
    it(`given ${what} left out by every node, then the feed fails and says where`, async () => {
      const gap = () => stream(...texts);
      const error = await failureOf(
        take({ a: script(gap, gap, gap), b: script(gap, gap, gap) }, 5),
      );

      expect(error.code).to.equal('CLIENT_FEED_GAP');
    });
  }

  it('given blocks=true, then each block has an entry of its own', async () => {
    const { cursors } = await take({ a: script(() => stream(blockText(1), blockText(2))) }, 2, {
      after: '0',
      blocks: true,
    });

    expect(cursors).to.deep.equal(['1', '2']);
  });

  it('given a feed that no node keeps that far back, then it fails with the reason', async () => {
    const data = { code: 'NODE_FEED_PRUNED', detail: 'Block 1 is no longer kept here.' };
    const pruned = () => stream(`id: 0\nevent: problem\ndata: ${JSON.stringify(data)}\n\n`);

    const error = await failureOf(take({ a: script(pruned, pruned) }, 1));

    expect(error.code).to.equal('CLIENT_REFUSED');
    expect(error.message).to.contain('no longer kept');
  });

  it('given words without end in place of a stream, then no more of them than a problem has is read', async () => {
    let pieces = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          pieces += 1;
          if (pieces > 100) controller.close();
          else controller.enqueue(new Uint8Array(100_000).fill(0x20));
        },
      });

    const failure = await failureOf(take({ a: () => new Response(endless(), { status: 500 }) }, 1));

    expect(failure.code).to.equal('CLIENT_ANSWER_MALFORMED');
    expect(pieces).to.be.below(15);
  });

  it('given no node for too long, then it fails instead of waiting in silence', async () => {
    const error = await failureOf(take({ a: script() }, 1, { after: '0', offlineMsMax: 60_000 }));

    expect(error.code).to.equal('CLIENT_UNREACHABLE');
  });

  it('given no free stream for a while, then it waits and gets one', async () => {
    const { cursors } = await take(
      {
        a: script(
          () => stream(blockText(1)),
          () => stream(eventText('2.0.0')),
        ),
        b: script(() => problem('NODE_STREAMS_EXHAUSTED', 503)),
      },
      1,
    );

    expect(cursors).to.deep.equal(['2.0.0']);
  });

  it('given a signal, when aborted, then the feed ends without an error', async () => {
    const stop = new AbortController();
    stop.abort();

    const { cursors } = await take({ a: script() }, 1, { after: '0', signal: stop.signal });

    expect(cursors).to.deep.equal([]);
  });

  it('given a cursor that is none, then it is refused at once', async () => {
    const error = await failureOf(take({ a: script() }, 1, { after: 'x' }));

    expect(error.code).to.equal('CLIENT_INPUT_INVALID');
  });
});
