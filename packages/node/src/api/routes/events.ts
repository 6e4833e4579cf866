/** The event feed as server-sent events. */

import type { ClientSlots } from '../client-slots.ts';
import type { FeedParts, FeedPlace } from '../event-stream.ts';
import { readFeedPlace, runFeed } from '../event-stream.ts';
import { EVENTS_TYPE } from '../media-type.ts';
import { parameter, queryChoice } from '../parameters.ts';
import { showFound } from '../problem.ts';
import type { Reply } from '../reply.ts';
import { refuse } from '../reply.ts';
import type { ApiRequest, Route } from '../route.ts';
import { defineRoute } from '../route.ts';

export interface EventParts extends FeedParts {
  readonly slots: ClientSlots;
}

const NAME = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;

const nameFilter = (help: string) =>
  parameter<string | undefined>({
    in: 'query',
    help,
    expected: 'a name of 1 to 64 letters, digits and hyphens',
    schema: { type: 'string', pattern: NAME.source },
    absent: undefined,
    read: (text) => (NAME.test(text) ? text : undefined),
  });

const PARAMETERS = {
  after: parameter<FeedPlace | undefined>({
    in: 'query',
    help:
      'What has been seen already: the id of the last event, or a height for all of that block; ' +
      'the header Last-Event-ID goes before it. Left out: only what comes from now on.',
    expected: 'a height, or height.tx.index',
    schema: { type: 'string', pattern: '^[0-9]+(?:\\.[0-9]+\\.[0-9]+)?$' },
    absent: undefined,
    read: readFeedPlace,
    example: '0',
  }),
  contract: nameFilter('Only events of this contract.'),
  event: nameFilter('Only events of this name.'),
  blocks: queryChoice({
    of: ['no', 'yes'],
    absent: 'no',
    help: 'yes adds an event `block` at the end of each block.',
  }),
} as const;

type Values = {
  readonly after: FeedPlace | undefined;
  readonly contract: string | undefined;
  readonly event: string | undefined;
  readonly blocks: 'yes' | 'no';
};

async function openFeed(request: ApiRequest<Values>, parts: EventParts): Promise<Reply> {
  const { values, lastEventId, client } = request;
  const seen = lastEventId === undefined ? values.after : readFeedPlace(lastEventId);
  if (lastEventId !== undefined && seen === undefined) {
    const expected = 'a height, or height.tx.index';
    const found = showFound(lastEventId);
    const errors = [{ parameter: 'Last-Event-ID', expected, found }];
    return refuse({ code: 'NODE_INPUT_INVALID', errors });
  }
  const head = parts.chain.head();
  const after = seen ?? { height: head.height };
  const first = after.tx === undefined ? after.height + 1 : after.height;
  if (first <= head.height && (await parts.blocks.at(first)) === undefined) {
    return refuse({ code: 'NODE_FEED_PRUNED' });
  }
  const release = parts.slots.take(client);
  if (release === undefined) {
    return refuse({ code: 'NODE_STREAMS_EXHAUSTED', headers: { 'retry-after': '10' } });
  }
  const { contract, event: name, blocks } = values;
  const filter = { contract, name, blocks: blocks === 'yes' };
  return {
    kind: 'stream',
    mediaType: EVENTS_TYPE,
    run: (sink) => runFeed(sink, { after, filter }, parts).finally(release),
  };
}

export function eventRoutes(parts: EventParts): readonly Route[] {
  return [
    defineRoute({
      id: 'streamEvents',
      method: 'GET',
      path: '/v1/events',
      tag: 'Events',
      title: 'Events of final blocks, as they come',
      help:
        'Server-sent events, at least once and in order. Each carries its cursor as id; after a ' +
        'broken connection the browser resumes by itself, others send the last id. The event is ' +
        'named contract.event, its data are JSON. A message with an id and no data moves the ' +
        'cursor past blocks in which nothing matched.',
      parameters: PARAMETERS,
      responses: {
        200: { help: 'The stream.', content: { [EVENTS_TYPE]: { type: 'string' } } },
      },
      problems: ['NODE_STREAMS_EXHAUSTED', 'NODE_FEED_PRUNED'],
      handle: (request) => openFeed(request, parts),
    }),
  ];
}
