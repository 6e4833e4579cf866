/** The state tree itself, for whoever compares two nodes. */
import { fromHex, isTreeKey, placeOfText, placeToText, ROOT_PLACE } from '@daybook/core';
import type { ShownSubtree } from '@daybook/state';
import { headView } from '../chain-view.ts';
import { BINARY_TYPE, CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import { parameter, queryHeight } from '../parameters.ts';
import type { Records } from '../ports.ts';
import { problemOf } from '../problem.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { COUNT, choice, hex, list, named, object, orNull, TEXT } from '../schemas.ts';
import type { ViewMap } from '../view.ts';

export interface StateParts {
  readonly records: Records;
}

const RECORD = object({ set: COUNT, partition: orNull(hex()), key: hex(), valueHash: hex(32) });
const ANSWER = object({
  head: named('Head'),
  height: COUNT,
  stateRoot: hex(32),
  kind: choice('empty', 'bucket', 'node'),
  'place?': TEXT,
  'slots?': list(hex(32)),
  'records?': list(RECORD),
});

const HEIGHT = queryHeight(
  'State after this height, as long as it is kept; the newest if left out.',
);

function partView(part: ShownSubtree['part']): ViewMap {
  switch (part.kind) {
    case 'empty':
      return { kind: 'empty' };
    case 'node':
      return { kind: 'node', place: placeToText(part), slots: part.slots };
    default:
      return {
        kind: 'bucket',
        records: part.records.map(({ key: { set, partition, key }, valueHash }) => ({
          set,
          partition: partition ?? null,
          key,
          valueHash,
        })),
      };
  }
}

export function stateRoutes(parts: StateParts): readonly Route[] {
  return [subtreeRoute(parts), recordsRoute(parts)];
}

function subtreeRoute({ records }: StateParts): Route {
  return defineRoute({
    id: 'stateSubtree',
    method: 'GET',
    path: '/v1/state',
    tag: 'Blocks',
    title: 'A part of the state tree',
    help:
      'The node or bucket at a place of the tree or right below it: 16 hashes of the next nodes, ' +
      'or up to 16 records. `daybook diff-state` compares two nodes with it.',
    parameters: {
      place: parameter({
        in: 'query',
        help: 'The first nibbles of the tree keys below; the root if left out.',
        expected: 'at most 104 hexadecimal digits',
        schema: { type: 'string', pattern: '^[0-9a-f]{0,104}$' },
        absent: ROOT_PLACE,
        read: placeOfText,
      }),
      height: HEIGHT,
    },
    responses: {
      200: { help: 'The part.', content: { [JSON_TYPE]: ANSWER, [CBOR_TYPE]: ANSWER } },
    },
    problems: ['NODE_INPUT_INVALID', 'NODE_STATE_UNKNOWN', 'NODE_STATE_PRUNED'],
    handle: async ({ values: { place, height } }) => {
      const found = await records.subtree(place, height);
      if (!found.ok) return refuse(problemOf(found.reason));
      const { head, shown } = found.value;
      const { height: at, root, part } = shown;
      return view({ head: headView(head), height: at, stateRoot: root, ...partView(part) });
    },
  });
}

function recordsRoute({ records }: StateParts): Route {
  return defineRoute({
    id: 'stateRecords',
    method: 'GET',
    path: '/v1/state/records',
    tag: 'Blocks',
    title: 'Records of the whole state, with the proof that none is left out',
    help:
      'As many records from a tree key on as one answer holds, in the bytes that nodes which join ' +
      'are served (protocol N-14): where the rest begins, a range proof to the state root of the ' +
      'height, and the records. `daybookd backup` copies the state with it.',
    parameters: {
      from: parameter({
        in: 'query',
        help: 'The tree key to begin at: what the answer before names as the next.',
        expected: 'a tree key: 72 or 104 hexadecimal digits',
        schema: { type: 'string', pattern: '^([0-9a-f]{72}|[0-9a-f]{104})$' },
        absent: undefined,
        read: (text: string) => {
          const key = fromHex(text);
          return key !== undefined && isTreeKey(key) ? key : undefined;
        },
      }),
      height: HEIGHT,
    },
    responses: {
      200: { help: 'The records.', content: { [BINARY_TYPE]: { type: 'string' } } },
    },
    problems: ['NODE_INPUT_INVALID', 'NODE_STATE_UNKNOWN', 'NODE_STATE_PRUNED'],
    handle: async ({ values: { from, height } }) => {
      const found = await records.range({
        ...(from !== undefined && { from }),
        ...(height !== undefined && { height }),
      });
      if (!found.ok) return refuse(problemOf(found.reason));
      const freshness = { kind: 'never' } as const;
      const bytes = found.value;
      return { kind: 'bytes', status: 200, mediaType: BINARY_TYPE, bytes, freshness };
    },
  });
}
