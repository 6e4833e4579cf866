/**
 * Requests to whichever node answers. Every request of this API may be repeated without harm
 * (submissions too: equal bytes are one transaction), so one that fails is put to the next node,
 * and again after a pause while nodes say that they are only busy. A client never goes back in time
 * if it can be helped: a node that is behind what it has seen already is passed over as well.
 */
import type { Result } from '@daybook/core';
import { decodeUtf8, fail, ok } from '@daybook/core';
import type { Clock } from '../clock.ts';
import type { EndpointFault } from '../errors.ts';
import { ClientError } from '../errors.ts';
import type { Decoder } from '../wire/decode.ts';
import { decodeAnswer } from '../wire/decode.ts';
import type { Problem } from '../wire/problem.ts';
import { decodeProblem } from '../wire/problem.ts';
import { ANSWER_BYTES_MAX, readBounded } from './body.ts';
import { buildUrl } from './url.ts';

/** What a request carries; the path is relative to the address of a node. */
export interface RequestSpec {
  readonly path: string;
  /** Members that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Makes the request a POST. */
  readonly body?: Uint8Array;
  /** Media type of the body; canonical CBOR by default. */
  readonly bodyType?: string;
  readonly signal?: AbortSignal | undefined;
  /** Longest waiting for one node, beside what the query asks it to wait. */
  readonly timeoutMs?: number;
  /** Which address to begin with, modulo their number; the last good one by default. */
  readonly startAt?: number;
}

/** An answer that is no problem. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly bytes: Uint8Array;
}

export interface Requester {
  /** Addresses of the nodes, in the order given. */
  readonly urls: readonly string[];
  /**
   * @throws ClientError CLIENT_UNREACHABLE, CLIENT_REFUSED or CLIENT_ANSWER_MALFORMED; whatever
   *   the signal was aborted with
   */
  send(spec: RequestSpec, accept: string): Promise<Answer>;
  /** As `send`, with JSON of a known form as answer. */
  json<T>(spec: RequestSpec, decoder: Decoder<T>): Promise<T>;
}

export interface RequesterOptions {
  readonly urls: readonly string[];
  /** Longest waiting for one node. */
  readonly timeoutMs: number;
}

export interface RequesterParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

/** How often all addresses are tried before the client gives up. */
const ROUNDS_MAX = 4;
/** How often before an old answer is better than none. */
const STALE_ROUNDS_MAX = 3;
const PAUSE_MS = 250;
const PAUSE_MS_MAX = 10_000;
/**
 * The node is busy, stopping or behind, or did not read the whole request in time (408, RFC 9110
 * section 15.5.9): another one, or the same one later, may answer.
 */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/problem+json']);

/** Whether a refusal with this status may pass by itself. */
export function isPassing(status: number): boolean {
  return PASSING_STATUSES.has(status);
}

/** How one attempt ended without an answer. */
type Setback =
  | { readonly kind: 'away'; readonly fact: string }
  | { readonly kind: 'busy'; readonly problem: Problem; readonly pauseMs: number }
  /** An answer of the past. */
  | { readonly kind: 'behind'; readonly answer: Answer };

/** How a round over all addresses ended without an answer. */
interface Standstill {
  readonly away: readonly EndpointFault[];
  /** A node that is there, and may answer later. */
  readonly busy: { readonly url: string; readonly problem: Problem } | undefined;
  /** The answer of a node that is behind. */
  readonly stale: Answer | undefined;
  readonly pauseMs: number;
}

/** Whether an answer may be taken, in the light of what was seen before. */
type Judge = (answer: Answer) => boolean;

class FailoverRequester implements Requester {
  readonly urls: readonly string[];
  readonly #timeoutMs: number;
  readonly #parts: RequesterParts;
  #preferred = 0;
  /** Highest head that any answer named. */
  #newestHeight = 0;

  constructor({ urls, timeoutMs }: RequesterOptions, parts: RequesterParts) {
    this.urls = urls;
    this.#timeoutMs = timeoutMs;
    this.#parts = parts;
  }

  async json<T>(spec: RequestSpec, decoder: Decoder<T>): Promise<T> {
    // Parsed once: the answer that is returned is the one that was judged last.
    const last: { json: Result<unknown, string> } = { json: fail('there is no answer') };
    const { url } = await this.#ask(spec, 'application/json', ({ bytes }) => {
      last.json = parseJson(bytes);
      const isCurrent = this.#isCurrent(last.json);
      // What became of something handed in is final however old the head beside it is, and asking
      // the next node would hand it in again.
      return isCurrent || spec.body !== undefined;
    });
    const { json } = last;
    const decoded = json.ok ? decodeAnswer(json.value, decoder) : json;
    if (decoded.ok) return decoded.value;
    throw new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact: decoded.reason });
  }

  async send(spec: RequestSpec, accept: string): Promise<Answer> {
    return await this.#ask(spec, accept, () => true);
  }

  /** Most answers name the newest block their node knows. */
  #isCurrent(json: Result<unknown, string>): boolean {
    const height = json.ok ? headHeightIn(json.value) : undefined;
    if (height === undefined) return true;
    if (height < this.#newestHeight) return false;
    this.#newestHeight = height;
    return true;
  }

  async #ask(spec: RequestSpec, accept: string, judge: Judge): Promise<Answer> {
    for (let round = 1; ; round += 1) {
      const result = await this.#askAll(spec, accept, judge);
      if (result.ok) return result.value;
      const { away, busy, stale, pauseMs } = result.reason;
      if (stale !== undefined && round >= STALE_ROUNDS_MAX) return stale;
      if (busy === undefined && stale === undefined) {
        throw new ClientError({ code: 'CLIENT_UNREACHABLE', endpoints: away });
      }
      if (busy !== undefined && round === ROUNDS_MAX) {
        throw new ClientError({ code: 'CLIENT_REFUSED', ...busy });
      }
      await this.#parts.clock.wait(Math.min(pauseMs, PAUSE_MS_MAX), spec.signal);
      spec.signal?.throwIfAborted();
    }
  }

  /** Every address once, until one answers. */
  async #askAll(
    spec: RequestSpec,
    accept: string,
    judge: Judge,
  ): Promise<Result<Answer, Standstill>> {
    const first = spec.startAt ?? this.#preferred;
    const away: EndpointFault[] = [];
    let busy: Standstill['busy'];
    let stale: Answer | undefined;
    let pauseMs = PAUSE_MS;
    for (let offset = 0; offset < this.urls.length; offset += 1) {
      const position = (first + offset) % this.urls.length;
      const url = this.urls[position] ?? '';
      const setback = await this.#attemptAndJudge(url, { spec, accept, judge });
      if ('bytes' in setback) {
        if (spec.startAt === undefined) this.#preferred = position;
        return ok(setback);
      }
      if (setback.kind === 'away') away.push({ url, fact: setback.fact });
      if (setback.kind === 'behind') stale = setback.answer;
      if (setback.kind === 'busy') {
        busy = { url, problem: setback.problem };
        pauseMs = Math.max(pauseMs, setback.pauseMs);
      }
    }
    return fail({ away, busy, stale, pauseMs });
  }

  async #attemptAndJudge(
    url: string,
    { spec, accept, judge }: { spec: RequestSpec; accept: string; judge: Judge },
  ): Promise<Answer | Setback> {
    const result = await this.#attempt(url, spec, accept);
    if (!result.ok) return result.reason;
    return judge(result.value) ? result.value : { kind: 'behind', answer: result.value };
  }

  async #attempt(url: string, spec: RequestSpec, accept: string): Promise<Result<Answer, Setback>> {
    spec.signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(spec.timeoutMs ?? this.#timeoutMs);
    const signal = spec.signal === undefined ? timeout : AbortSignal.any([spec.signal, timeout]);
    try {
      const response = await this.#parts.fetch(buildUrl(url, spec.path, spec.query), {
        method: spec.body === undefined ? 'GET' : 'POST',
        headers: {
          accept,
          ...(spec.body !== undefined && { 'content-type': spec.bodyType ?? 'application/cbor' }),
        },
        ...(spec.body !== undefined && { body: spec.body as Uint8Array<ArrayBuffer> }),
        signal,
        redirect: 'error',
      });
      const bytes = await readBounded(response, ANSWER_BYTES_MAX);
      if (bytes === undefined) {
        const fact = `the answer has more than ${ANSWER_BYTES_MAX} bytes`;
        throw new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact });
      }
      if (response.ok) return ok({ url, status: response.status, bytes });
      return fail(this.#judgeProblem({ url, spec }, response, bytes));
    } catch (error) {
      if (error instanceof ClientError) throw error;
      spec.signal?.throwIfAborted();
      const fact = timeout.aborted ? 'no answer in time' : factOf(error);
      return fail({ kind: 'away', fact });
    }
  }
  /** @returns a setback that may pass @throws ClientError for one that will not */
  #judgeProblem(
    { url, spec }: { readonly url: string; readonly spec: RequestSpec },
    response: Response,
    bytes: Uint8Array,
  ): Setback {
    const problem = readProblem(response, bytes);
    if (problem === undefined) {
      const fact = `status ${response.status} without problem details`;
      // Proxies answer like this while the node behind them is away.
      if (isPassing(response.status)) return { kind: 'away', fact };
      throw new ClientError({ code: 'CLIENT_ANSWER_MALFORMED', url, fact });
    }
    // A height that others have reached is only not known here yet.
    const isBehind =
      problem.code === 'NODE_STATE_UNKNOWN' && Number(spec.query?.height) <= this.#newestHeight;
    if (!isBehind && !isPassing(response.status)) {
      throw new ClientError({ code: 'CLIENT_REFUSED', url, problem });
    }
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    return { kind: 'busy', problem, pauseMs: Number.isFinite(seconds) ? seconds * 1000 : 0 };
  }
}

export function createRequester(options: RequesterOptions, parts: RequesterParts): Requester {
  return new FailoverRequester(options, parts);
}

/** `head.height` of an answer that has it. */
function headHeightIn(json: unknown): number | undefined {
  if (typeof json !== 'object' || json === null || !('head' in json)) return undefined;
  const { head } = json;
  const hasHeight = typeof head === 'object' && head !== null && 'height' in head;
  return hasHeight && typeof head.height === 'number' ? head.height : undefined;
}

function readProblem(response: Response, bytes: Uint8Array): Problem | undefined {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim() ?? '';
  if (!JSON_TYPES.has(type)) return undefined;
  const json = parseJson(bytes);
  const problem = json.ok ? decodeAnswer(json.value, decodeProblem) : json;
  return problem.ok ? problem.value : undefined;
}

function parseJson(bytes: Uint8Array): Result<unknown, string> {
  const text = decodeUtf8(bytes, 'answer');
  if (!text.ok) return fail('the answer is not UTF-8');
  try {
    return ok(JSON.parse(text.value));
  } catch {
    // What the parser says would quote a stranger's text; that it is not JSON is all there is.
    return fail('the answer is not JSON');
  }
}

/** fetch hides the reason in `cause`; its code says most in few letters. */
function factOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : error.message;
}
