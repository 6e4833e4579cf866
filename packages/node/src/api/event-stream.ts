/**
 * The event feed (architecture: cursor `height.tx.index`). A stream reads block after block at the
 * pace its client takes them, so a slow client costs no memory; a cursor says what has been seen, so
 * nothing is missed between two connections. A bare height as cursor means all of that block.
 */
import { toHex } from '@daybook/core';
import { eventCursor, timeText } from './chain-view.ts';
import type { ContractViews } from './contract-view.ts';
import type { FinalBlocks } from './final-blocks.ts';
import { API_LIMITS } from './limits.ts';
import type { Chain, FinalBlock, Heads } from './ports.ts';
import type { StreamSink } from './reply.ts';
import { nextTurn } from './turns.ts';
import { toJson } from './view.ts';

/** Everything up to and including this place has been seen; whole blocks leave `tx` out. */
export interface FeedPlace {
  readonly height: number;
  readonly tx?: number;
  readonly event?: number;
}

export interface FeedFilter {
  readonly contract: string | undefined;
  readonly name: string | undefined;
  /** Also one event `block` for each block. */
  readonly blocks: boolean;
}

export interface FeedParts {
  readonly chain: Chain;
  readonly heads: Heads;
  readonly blocks: FinalBlocks;
  readonly views: () => ContractViews;
}

const CURSOR = /^(0|[1-9][0-9]{0,15})(?:\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5}))?$/;

/** `height` or `height.tx.index`; undefined for anything else. */
export function readFeedPlace(text: string): FeedPlace | undefined {
  const match = CURSOR.exec(text);
  if (match === null) return undefined;
  const [, height, tx, event] = match;
  const place = { height: Number(height) };
  return tx === undefined ? place : { ...place, tx: Number(tx), event: Number(event) };
}

/** One message of a stream, as the HTML standard writes it. */
function message(id: string, name: string, data: unknown): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function isSeen(place: FeedPlace, at: { height: number; tx: number; event: number }): boolean {
  if (at.height !== place.height) return at.height < place.height;
  if (place.tx === undefined) return true;
  return at.tx === place.tx ? at.event <= (place.event ?? -1) : at.tx < place.tx;
}

/** Messages of one block after a place; the last one, if any, carries the end of the block. */
export function blockMessages(
  block: FinalBlock,
  after: FeedPlace,
  filter: FeedFilter,
  views: ContractViews,
): string {
  const { height } = block.header;
  const parts: string[] = [];
  for (const [tx, result] of block.results.entries()) {
    for (const [event, emitted] of result.events.entries()) {
      const { contract, name } = emitted;
      if (isSeen(after, { height, tx, event })) continue;
      if (filter.contract !== undefined && filter.contract !== contract) continue;
      if (filter.name !== undefined && filter.name !== name) continue;
      const cursor = eventCursor({ height, index: tx, event });
      const transaction = toHex(result.id);
      const data = {
        cursor,
        contract,
        name,
        transaction,
        fields: toJson(views.event(emitted)),
        ...whenOf(block),
      };
      parts.push(message(cursor, `${contract}.${name}`, data));
    }
  }
  if (filter.blocks) {
    const data = { ...whenOf(block), transactionCount: block.transactionCount };
    parts.push(message(String(height), 'block', data));
  }
  return parts.join('');
}

function whenOf(block: FinalBlock): Readonly<Record<string, unknown>> {
  const { height, timestampMs } = block.header;
  return { height, blockHash: toHex(block.blockHash), timestampMs, time: timeText(timestampMs) };
}

/** Writes the feed after a place until the client leaves, or a block is no longer kept. */
export async function runFeed(
  sink: StreamSink,
  start: { readonly after: FeedPlace; readonly filter: FeedFilter },
  parts: FeedParts,
): Promise<void> {
  const { chain, blocks } = parts;
  let { after } = start;
  // A place inside a block is finished first; a whole block goes on with the next one.
  let next = after.tx === undefined ? after.height + 1 : after.height;
  if (!(await sink.write(`retry: 2000\n: height ${chain.head().height}\n\n`))) return;
  while (!sink.signal.aborted) {
    if (next > chain.head().height) {
      const moved = await headMoves(parts, next, sink.signal);
      // An id alone moves the client's cursor without an event (HTML standard, dispatch).
      if (!moved && !(await sink.write(`id: ${next - 1}\n: alive\n\n`))) return;
      continue;
    }
    const block = await blocks.at(next);
    if (block === undefined) {
      const data = { code: 'NODE_FEED_PRUNED', detail: `Block ${next} is no longer kept here.` };
      await sink.write(message(String(next - 1), 'problem', data));
      return;
    }
    const text = blockMessages(block, after, start.filter, parts.views());
    if (text !== '' && !(await sink.write(text))) return;
    after = { height: next };
    next += 1;
    await nextTurn();
  }
}

/** Resolves true when the head has reached a height, false when it is time for a sign of life. */
function headMoves(parts: FeedParts, height: number, signal: AbortSignal): Promise<boolean> {
  if (parts.chain.head().height >= height || signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const finish = (moved: boolean): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
      resolve(moved);
    };
    const onAbort = (): void => finish(true);
    const timer = setTimeout(() => finish(false), API_LIMITS.heartbeatMs);
    const unsubscribe = parts.heads.onHead((head) => {
      if (head.height >= height) finish(true);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
