/** Final blocks: pages of them, one with its certificate, and the transactions inside. */
import type { Height } from '@daybook/core';
import { toHex } from '@daybook/core';
import { blockView, headView, outlineView, resultLineView } from '../chain-view.ts';
import { encodeCursor, placeOf } from '../cursor.ts';
import type { FinalBlocks } from '../final-blocks.ts';
import { READ_PROBLEMS } from '../final-blocks.ts';
import { CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import { pathBlock, queryChoice, queryCursor, queryLimit } from '../parameters.ts';
import type { Chain } from '../ports.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { BOOLEAN, COUNT, hex, named, object, page } from '../schemas.ts';
import { nextTurn } from '../turns.ts';
import type { ViewMap } from '../view.ts';

export interface BlockParts {
  readonly chain: Chain;
  readonly blocks: FinalBlocks;
}

const TAG = 'Blocks';

function readNumber(cursor: Uint8Array): number | undefined {
  const place = placeOf(cursor);
  return typeof place === 'number' && place >= 0 ? place : undefined;
}

interface PageQuery {
  readonly order: 'newest' | 'oldest';
  readonly cursor: Uint8Array | undefined;
  readonly limit: number;
}

/** The first height of a page; undefined for a cursor of another list. */
function startOf(query: PageQuery, head: Height): Height | undefined {
  if (query.cursor !== undefined) return readNumber(query.cursor);
  return query.order === 'newest' ? head : 0;
}

function pageRoute({ chain }: BlockParts): Route {
  const blocks = page('blocks', named('BlockOutline'));
  return defineRoute({
    id: 'listBlocks',
    method: 'GET',
    path: '/v1/blocks',
    tag: TAG,
    title: 'Final blocks, page by page',
    parameters: {
      order: queryChoice({
        of: ['newest', 'oldest'],
        absent: 'newest',
        help: 'Which end comes first.',
      }),
      limit: queryLimit(),
      cursor: queryCursor(),
    },
    responses: { 200: { help: 'A page.', content: { [JSON_TYPE]: blocks, [CBOR_TYPE]: blocks } } },
    problems: ['NODE_CURSOR_INVALID', ...READ_PROBLEMS],
    handle: async ({ values }) => {
      const head = chain.head();
      const step = values.order === 'newest' ? -1 : 1;
      const start = startOf(values, head.height);
      if (start === undefined) return refuse({ code: 'NODE_CURSOR_INVALID' });
      const outlines: ViewMap[] = [];
      let height = start;
      while (outlines.length < values.limit && height >= 0 && height <= head.height) {
        const outline = await chain.outline(height);
        if (outline === undefined) break;
        outlines.push(outlineView(outline));
        height += step;
        await nextTurn();
      }
      const more = outlines.length === values.limit && height >= 0 && height <= head.height;
      return view({
        head: headView(head),
        blocks: outlines,
        next: more ? encodeCursor(height) : undefined,
      });
    },
  });
}

function blockRoute({ blocks }: BlockParts): Route {
  return defineRoute({
    id: 'getBlock',
    method: 'GET',
    path: '/v1/blocks/{block}',
    tag: TAG,
    title: 'One block with the certificate that makes it final',
    parameters: { block: pathBlock('Height, hash, or head.') },
    responses: {
      200: {
        help: 'The block.',
        content: { [JSON_TYPE]: named('Block'), [CBOR_TYPE]: named('Block') },
      },
    },
    problems: ['NODE_BLOCK_UNKNOWN', ...READ_PROBLEMS],
    handle: async ({ values }) => {
      const height = await blocks.resolve(values.block);
      if (height === undefined) return refuse({ code: 'NODE_BLOCK_UNKNOWN' });
      const block = await blocks.at(height);
      if (block === undefined) return refuse({ code: 'NODE_BLOCK_PRUNED' });
      const tag = toHex(block.blockHash);
      // The word head means another block soon; its content is still known by its tag.
      const kind = values.block.by === 'head' ? 'tagged' : 'immutable';
      return view({ ...blockView(block) }, { kind, tag });
    },
  });
}

function bodyRoute({ chain, blocks }: BlockParts): Route {
  const line = object({ index: COUNT, id: hex(32), succeeded: BOOLEAN, code: COUNT });
  const lines = page('transactions', line);
  return defineRoute({
    id: 'listBlockTransactions',
    method: 'GET',
    path: '/v1/blocks/{block}/transactions',
    tag: TAG,
    title: 'Transactions of a block in their order, with outcome',
    parameters: {
      block: pathBlock('Height, hash, or head.'),
      limit: queryLimit(),
      cursor: queryCursor(),
    },
    responses: { 200: { help: 'A page.', content: { [JSON_TYPE]: lines, [CBOR_TYPE]: lines } } },
    problems: ['NODE_BLOCK_UNKNOWN', 'NODE_CURSOR_INVALID', ...READ_PROBLEMS],
    handle: async ({ values }) => {
      const height = await blocks.resolve(values.block);
      if (height === undefined) return refuse({ code: 'NODE_BLOCK_UNKNOWN' });
      const block = await blocks.at(height);
      if (block === undefined) return refuse({ code: 'NODE_BLOCK_PRUNED' });
      const start = values.cursor === undefined ? 0 : readNumber(values.cursor);
      if (start === undefined) return refuse({ code: 'NODE_CURSOR_INVALID' });
      const end = Math.min(start + values.limit, block.transactionCount);
      const transactions: ViewMap[] = [];
      for (let index = start; index < end; index++) {
        const line = resultLineView(block, index);
        if (line !== undefined) transactions.push(line);
      }
      return view({
        head: headView(chain.head()),
        transactions,
        next: end < block.transactionCount ? encodeCursor(end) : undefined,
      });
    },
  });
}

export function blockRoutes(parts: BlockParts): readonly Route[] {
  return [pageRoute(parts), blockRoute(parts), bodyRoute(parts)];
}
