/**
 * The event feed as an async iterable that survives broken connections and dead nodes: it goes on
 * after the last thing it saw, at the next node if need be; nothing is lost and nothing comes twice.
 * It reads at the pace of its consumer and holds no more than one piece of the stream. When no node
 * can be reached for too long it ends with an error, and never in silence.
 */
import type { Hash, Height, TimestampMs } from '@daybook/core';
import type { Clock } from '../clock.ts';
import type { EndpointFault } from '../errors.ts';
import { ClientError } from '../errors.ts';
import { readBounded } from '../transport/body.ts';
import type { Requester } from '../transport/requester.ts';
import { buildUrl } from '../transport/url.ts';
import type { Decoder } from '../wire/decode.ts';
import { decodeAnswer, hash, integer, object, objectOfAnything, text } from '../wire/decode.ts';
import { decodeProblem } from '../wire/problem.ts';
import type { FeedPlace, Step } from './place.ts';
import { placeText, readPlace, stepOverBlock, stepOverEvent } from './place.ts';
import type { SseMessage } from './sse.ts';
import { createSseParser } from './sse.ts';

/** The block that an entry stands in. */
interface InBlock {
  readonly height: Height;
  readonly blockHash: Hash;
  readonly timestampMs: TimestampMs;
}

/** One entry of the feed; `cursor` is what to pass as `after` to go on behind it. */
export type FeedEntry =
  | (InBlock & {
      readonly kind: 'event';
      readonly cursor: string;
      readonly contract: string;
      readonly name: string;
      readonly transaction: Hash;
      /** JSON form: bytes in hex, integers of 64 bits as decimal strings. */
      readonly fields: Readonly<Record<string, unknown>>;
    })
  | (InBlock & {
      readonly kind: 'block';
      readonly cursor: string;
      readonly transactionCount: number;
    });

export interface FeedOptions {
  /** A cursor, or a height for all of that block; left out: only what comes from now on. */
  readonly after?: string;
  readonly contract?: string;
  /** Name of the event. */
  readonly event?: string;
  /** Also an entry at the end of each block. */
  readonly blocks?: boolean;
  /** Ends the feed without an error. */
  readonly signal?: AbortSignal;
  /** How long no node may be reachable before the feed fails; 5 minutes by default. */
  readonly offlineMsMax?: number;
}

export interface FeedParts {
  readonly requester: Requester;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

const OFFLINE_MS_MAX = 300_000;
/** A node gives a sign of life every 15 s; three missing ones are a dead connection. */
const SILENCE_MS_MAX = 45_000;
/** Why there is no stream, in words. */
const PROBLEM_BYTES_MAX = 1024 * 1024;
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 10_000;

const decodeEvent = object({
  cursor: text,
  contract: text,
  name: text,
  transaction: hash,
  fields: objectOfAnything,
  height: integer,
  blockHash: hash,
  timestampMs: integer,
});
const decodeBlock = object({
  height: integer,
  blockHash: hash,
  timestampMs: integer,
  transactionCount: integer,
});
const decodeStart: Decoder<{ readonly head: { readonly height: number } }> = object({
  head: object({ height: integer }),
});

/** Where the reader stands, kept over all connections. */
interface Progress {
  place: FeedPlace;
  /** Since when no node could be heard; undefined while one can. */
  offlineSinceMs: number | undefined;
  /** How connections ended since the reader last moved, the newest last, one per address. */
  failures: readonly EndpointFault[];
}

/** Reads the feed until the signal is aborted. */
export async function* readFeed(
  options: FeedOptions,
  parts: FeedParts,
): AsyncGenerator<FeedEntry, void, void> {
  const { clock, requester } = parts;
  const { signal } = options;
  const place = await startOf(options, requester);
  const progress: Progress = { place, offlineSinceMs: undefined, failures: [] };
  for (let attempt = 0; !isAborted(signal); attempt += 1) {
    const url = requester.urls[attempt % requester.urls.length] ?? '';
    try {
      yield* readConnection(url, options, progress, parts);
    } catch (error) {
      if (isAborted(signal)) return;
      noteFailure(progress, { url, error, nowMs: clock.nowMs() });
      const lasting = lastingFailure(progress, error, { options, parts });
      if (lasting !== undefined) throw lasting;
    }
    const pauseMs = PAUSE_MS * 2 ** Math.min(progress.failures.length, 5);
    await clock.wait(Math.min(pauseMs, PAUSE_MS_MAX), signal);
  }
}

function noteFailure(
  progress: Progress,
  { url, error, nowMs }: { readonly url: string; readonly error: unknown; readonly nowMs: number },
): void {
  const others = progress.failures.filter((failure) => failure.url !== url);
  const fact = error instanceof Error ? error.message : 'the connection broke';
  progress.failures = [...others, { url, fact }];
  progress.offlineSinceMs ??= nowMs;
}

/** What ends the feed: nodes away for too long, or a fault that every one of them has. */
function lastingFailure(
  { failures, offlineSinceMs }: Progress,
  error: unknown,
  {
    options,
    parts,
  }: { readonly options: FeedOptions; readonly parts: Pick<FeedParts, 'requester' | 'clock'> },
): unknown {
  const { requester, clock } = parts;
  const offlineMs = clock.nowMs() - (offlineSinceMs ?? clock.nowMs());
  if (offlineMs > (options.offlineMsMax ?? OFFLINE_MS_MAX)) {
    return new ClientError({ code: 'CLIENT_UNREACHABLE', endpoints: failures });
  }
  const isEverywhere = failures.length === requester.urls.length;
  return isEverywhere && error instanceof ClientError ? error : undefined;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

async function startOf({ after, signal }: FeedOptions, requester: Requester): Promise<FeedPlace> {
  if (after === undefined) {
    const { head } = await requester.json({ path: '/v1/status', signal }, decodeStart);
    return { height: head.height };
  }
  const place = readPlace(after);
  if (place !== undefined) return place;
  const expected = 'a height, or height.tx.index';
  const faults = [{ pointer: '/after', expected, found: JSON.stringify(after) }];
  throw new ClientError({ code: 'CLIENT_INPUT_INVALID', faults });
}

async function* readConnection(
  url: string,
  options: FeedOptions,
  progress: Progress,
  parts: FeedParts,
): AsyncGenerator<FeedEntry, void, void> {
  const reader = await openStream(url, options, progress.place, parts);
  const parser = createSseParser();
  try {
    while (true) {
      const { done, value } = await readOrTimeOut(reader, options.signal, parts.clock);
      if (done) return;
      progress.offlineSinceMs = undefined;
      const messages = parser.push(value);
      if (messages === undefined) throw malformed(url, 'a message of the feed is too large');
      for (const message of messages) {
        const entry = takeMessage(url, message, { options, progress });
        if (entry !== undefined) yield entry;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // the connection may be gone already
  }
}

async function openStream(
  url: string,
  { contract, event, signal }: FeedOptions,
  place: FeedPlace,
  { fetch }: FeedParts,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const query = { after: placeText(place), contract, event, blocks: 'yes' };
  const response = await fetch(buildUrl(url, '/v1/events', query), {
    headers: { accept: 'text/event-stream' },
    redirect: 'error',
    ...(signal !== undefined && { signal }),
  });
  if (response.ok && response.body !== null) return response.body.getReader();
  const problem = decodeAnswer(await readProblem(response), decodeProblem);
  if (!problem.ok) throw malformed(url, `status ${response.status} without problem details`);
  throw new ClientError({ code: 'CLIENT_REFUSED', url, problem: problem.value });
}

async function readProblem(response: Response): Promise<unknown> {
  const bytes = await readBounded(response, PROBLEM_BYTES_MAX);
  try {
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: the status says what there is to say.
    return undefined;
  }
}

type Piece =
  | { readonly done: true; readonly value?: unknown }
  | { readonly done: false; readonly value: Uint8Array };

/** The next piece; a connection that gives no sign of life for too long has ended. */
async function readOrTimeOut(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<Piece> {
  const over = new AbortController();
  const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  const silence = clock.wait(SILENCE_MS_MAX, either).then((): Piece => ({ done: true }));
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    over.abort();
  }
}

function malformed(url: string, fact: string, options?: ErrorOptions): ClientError {
  return new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact }, options);
}

/** Moves the reader over one message. @returns what the consumer gets of it, if anything */
function takeMessage(
  url: string,
  message: SseMessage,
  { options, progress }: { readonly options: FeedOptions; readonly progress: Progress },
): FeedEntry | undefined {
  if (message.data === undefined) {
    // An id alone: all blocks up to it were sent, each with its mark.
    const place = readPlace(message.id ?? '');
    if (place !== undefined && place.height > progress.place.height) throw gap(progress, message);
    return undefined;
  }
  const json = parseData(url, message.data);
  if (message.event === 'problem') throw refusalOf(url, json);
  const isBlock = message.event === 'block';
  const entry = isBlock ? blockEntry(url, json) : eventEntry(url, json);
  const step = stepOver(progress.place, entry, options);
  if (step.kind === 'gap') throw gap(progress, message);
  if (step.kind === 'drop') return undefined;
  progress.place = step.place;
  progress.failures = [];
  return isBlock && options.blocks !== true ? undefined : entry;
}

function stepOver(place: FeedPlace, entry: FeedEntry, options: FeedOptions): Step {
  if (entry.kind === 'block') return stepOverBlock(place, entry.height);
  const { within } = readPlace(entry.cursor) ?? {};
  if (within === undefined || within.height !== entry.height) return { kind: 'gap' };
  const isComplete = options.contract === undefined && options.event === undefined;
  return stepOverEvent(place, within, isComplete);
}

function gap({ place }: Progress, { id }: SseMessage): ClientError {
  return new ClientError({
    code: 'CLIENT_FEED_GAP',
    after: placeText(place),
    found: id ?? 'a message without id',
  });
}

function parseData(url: string, data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw malformed(url, 'an event is not JSON', { cause });
  }
}

function decoded<T>(url: string, json: unknown, decoder: Decoder<T>): T {
  const result = decodeAnswer(json, decoder);
  if (result.ok) return result.value;
  throw malformed(url, result.reason);
}

function blockEntry(url: string, json: unknown): FeedEntry {
  const block = decoded(url, json, decodeBlock);
  return { kind: 'block', cursor: String(block.height), ...block };
}

function eventEntry(url: string, json: unknown): FeedEntry {
  return { kind: 'event', ...decoded(url, json, decodeEvent) };
}

const decodeFeedProblem = object({ code: text, detail: text });

function refusalOf(url: string, json: unknown): ClientError {
  const { code, detail } = decoded(url, json, decodeFeedProblem);
  const problem = {
    status: 410,
    code,
    title: detail,
    detail,
    remedy: 'Resume at an archive node.',
  };
  return new ClientError({ code: 'CLIENT_REFUSED', url, problem });
}
