/**
 * Replies onto the wire: status, headers, caching and the form the client asked for. Every answer
 * forbids what a browser could be talked into; reads are open to every origin, writes to none.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { API_LIMITS } from './limits.ts';
import { CBOR_TYPE, HTML_TYPE, JSON_TYPE, PROBLEM_TYPE } from './media-type.ts';
import type { Catalogue, Problem } from './problem.ts';
import { describeProblem } from './problem.ts';
import type { Freshness, Reply, StreamBody, StreamSink } from './reply.ts';
import type { UnreadAnswers } from './unread-answers.ts';
import { renderCbor, renderJson } from './view.ts';

/** What of the request decides how a reply is written. */
export interface ReplyContext {
  readonly accept: string;
  readonly ifNoneMatch: string | undefined;
  readonly isHead: boolean;
  /** Read routes may be called from pages of every origin. */
  readonly isOpen: boolean;
  readonly signal: AbortSignal;
  readonly unread: UnreadAnswers;
}

type Headers = Record<string, string | number>;

const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";
const EXPOSED_HEADERS = 'ETag, Retry-After, Allow';
const YEAR_SECONDS = 31_536_000;

/** @returns the status that was sent */
export async function writeReply(
  response: ServerResponse,
  reply: Reply,
  context: ReplyContext,
  catalogue: Catalogue,
): Promise<number> {
  switch (reply.kind) {
    case 'view': {
      const isCbor = context.accept === CBOR_TYPE;
      const body = isCbor ? renderCbor(reply.view) : renderJson(reply.view);
      const mediaType = isCbor ? CBOR_TYPE : `${JSON_TYPE}; charset=utf-8`;
      const { status, freshness } = reply;
      return sendBody(response, { status, mediaType, body, freshness, extra: {} }, context);
    }
    case 'bytes': {
      const { status, mediaType, bytes, freshness, fileName } = reply;
      const extra: Headers =
        fileName === undefined
          ? {}
          : { 'content-disposition': `attachment; filename="${fileName}"` };
      return sendBody(response, { status, mediaType, body: bytes, freshness, extra }, context);
    }
    case 'problem':
      return writeProblem(response, reply.problem, context, catalogue);
    case 'stream':
      return await sendStream(response, reply, context);
  }
}

/** Problem details, whatever the client accepts: it must learn what went wrong. */
export function writeProblem(
  response: ServerResponse,
  problem: Problem,
  context: ReplyContext,
  catalogue: Catalogue,
): number {
  const { status, body } = describeProblem(problem, catalogue);
  const text = renderJson(body);
  const freshness: Freshness = { kind: 'never' };
  const mediaType = `${PROBLEM_TYPE}; charset=utf-8`;
  const extra = { ...problem.headers };
  return sendBody(response, { status, mediaType, body: text, freshness, extra }, context);
}

interface Content {
  readonly status: number;
  readonly mediaType: string;
  readonly body: string | Uint8Array;
  readonly freshness: Freshness;
  readonly extra: Headers;
}

function sendBody(response: ServerResponse, content: Content, context: ReplyContext): number {
  const { freshness, mediaType, body } = content;
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  const tag = freshness.kind === 'never' ? undefined : tagOf(freshness.tag, mediaType);
  const headers: Headers = { ...commonHeaders(mediaType, context), ...content.extra };
  headers['cache-control'] = cacheControl(freshness);
  if (tag !== undefined) headers.etag = tag;
  if (tag !== undefined && matches(context.ifNoneMatch, tag)) {
    delete headers['content-type'];
    response.writeHead(304, headers).end();
    return 304;
  }
  headers['content-length'] = bytes.length;
  response.writeHead(content.status, headers);
  if (!context.isHead) context.unread.add(response, bytes.length);
  response.setTimeout(API_LIMITS.streamStallMs, () => response.destroy());
  response.end(context.isHead ? undefined : bytes);
  return content.status;
}

function commonHeaders(mediaType: string, context: ReplyContext): Headers {
  return {
    'content-type': mediaType,
    'content-security-policy': mediaType.startsWith(HTML_TYPE) ? PAGE_POLICY : DATA_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    vary: 'accept',
    ...(context.isOpen && {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': EXPOSED_HEADERS,
      'cross-origin-resource-policy': 'cross-origin',
    }),
  };
}

/** One tag per form: JSON and CBOR of one thing are different bytes. */
function tagOf(tag: string, mediaType: string): string {
  return `"${tag}${mediaType === CBOR_TYPE ? '.cbor' : ''}"`;
}

function cacheControl(freshness: Freshness): string {
  switch (freshness.kind) {
    case 'immutable':
      return `public, max-age=${YEAR_SECONDS}, immutable`;
    case 'tagged':
      return 'public, no-cache';
    case 'never':
      return 'no-store';
  }
}

function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return tags.includes(tag) || tags.includes('*');
}

async function sendStream(
  response: ServerResponse,
  stream: { readonly mediaType: string; readonly run: StreamBody },
  context: ReplyContext,
): Promise<number> {
  const headers = commonHeaders(stream.mediaType, context);
  headers['cache-control'] = 'no-store';
  // Proxies that collect answers would turn a stream into silence.
  headers['x-accel-buffering'] = 'no';
  response.writeHead(200, headers);
  if (context.isHead) {
    response.end();
    await stream.run(ENDED_SINK);
    return 200;
  }
  response.flushHeaders();
  await stream.run(createSink(response, context.signal));
  response.end();
  return 200;
}

/** For a stream of which nothing is wanted: it is run all the same, and gives back what it holds. */
const ENDED_SINK: StreamSink = { signal: AbortSignal.abort(), write: async () => false };

function createSink(response: ServerResponse, signal: AbortSignal): StreamSink {
  return {
    signal,
    write: async (text) => {
      if (signal.aborted || response.destroyed) return false;
      if (response.write(text)) return true;
      return await drained(response, signal);
    },
  };
}

/** Waits until the client has taken what was written; one that takes nothing is cut off. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<boolean> {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort();
  const timer = setTimeout(giveUp, API_LIMITS.streamStallMs);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    await once(response, 'drain', { signal: controller.signal });
    return true;
  } catch {
    // Stalled, left, or the node stops: in each case nobody reads what would follow.
    response.destroy();
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}
