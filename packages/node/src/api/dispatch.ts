/**
 * From a request to its reply, in this order: host, share, path and method, parameters, form of the
 * answer, body, handler. The first thing wrong ends it with its problem.
 */
import type { IncomingMessage } from 'node:http';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { BodyBudget } from './body.ts';
import { readBody } from './body.ts';
import { API_LIMITS } from './limits.ts';
import { chooseMediaType } from './media-type.ts';
import type { InputFault, Problem } from './problem.ts';
import { showFound } from './problem.ts';
import type { Reply } from './reply.ts';
import { refuse } from './reply.ts';
import type { Parameter, Route } from './route.ts';
import type { Shares } from './shares.ts';
import { clientOf } from './shares.ts';
import type { Segments, Site } from './site.ts';

export interface DispatchOptions {
  /** Lower case, without port; empty for any. */
  readonly hostNames: ReadonlySet<string>;
  readonly trustedProxies: ReadonlySet<string>;
}

export interface DispatchParts {
  /** The routes at this moment. */
  readonly site: () => Site;
  readonly shares: Shares;
  readonly budget: BodyBudget;
}

/** The reply, and what is known of the request for writing and counting it. */
export interface Dispatched {
  readonly reply: Reply;
  readonly route: Route | undefined;
  readonly accept: string;
}

const REFUSED_ACCEPT = '';

/** Never throws for a reason that lies in the request. */
export async function dispatch(
  request: IncomingMessage,
  signal: AbortSignal,
  options: DispatchOptions,
  parts: DispatchParts,
): Promise<Dispatched> {
  const found = locate(request, options, parts);
  if (!found.ok) return { reply: refuse(found.reason), route: undefined, accept: REFUSED_ACCEPT };
  const { route, segments, query, client } = found.value;
  const answer = (reply: Reply, accept = REFUSED_ACCEPT): Dispatched => ({ reply, route, accept });

  const throttled = takeShare(route, client, parts.shares);
  if (throttled !== undefined) return answer(refuse(throttled));
  const values = readValues(route, segments, query);
  if (!values.ok) return answer(refuse(values.reason));
  const produced = producedBy(route);
  const accept =
    produced.length === 0 ? REFUSED_ACCEPT : chooseMediaType(request.headers.accept, produced);
  if (accept === undefined) {
    const detail = `This path answers in ${produced.join(' or ')}.`;
    return answer(refuse({ code: 'NODE_REPRESENTATION_UNAVAILABLE', detail }));
  }
  const account = parts.budget.open();
  try {
    const body =
      route.body === undefined ? ok(undefined) : await readBody(request, route.body, account);
    if (!body.ok) return answer(refuse(body.reason), accept);
    const reply = await route.handle({
      values: values.value,
      body: body.value,
      accept,
      lastEventId: oneHeader(request.headers['last-event-id']),
      client,
      signal,
    });
    return answer(reply, accept);
  } finally {
    account.release();
  }
}

interface Located {
  readonly route: Route;
  readonly segments: Segments;
  readonly query: string;
  readonly client: string;
}

function locate(
  request: IncomingMessage,
  options: DispatchOptions,
  parts: DispatchParts,
): Result<Located, Problem> {
  const url = request.url ?? '';
  if (!url.startsWith('/') || url.length > API_LIMITS.urlCharactersMax) {
    return fail({ code: 'NODE_REQUEST_MALFORMED', detail: 'The request target is not a path.' });
  }
  if (!isOurHost(request.headers.host, options.hostNames)) {
    return fail({ code: 'NODE_HOST_REFUSED' });
  }
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const found = parts.site().find(method, path);
  switch (found.kind) {
    case 'malformed':
      return fail({ code: 'NODE_REQUEST_MALFORMED' });
    case 'nothing':
      return fail({ code: 'NODE_ROUTE_UNKNOWN' });
    case 'method': {
      const allow = found.allowed.join(', ');
      const detail = `This path takes ${allow}.`;
      return fail({ code: 'NODE_METHOD_UNSUPPORTED', detail, headers: { allow } });
    }
    case 'route': {
      const forwarded = oneHeader(request.headers['x-forwarded-for']);
      const address = request.socket.remoteAddress ?? '';
      const client = clientOf(address, forwarded, options.trustedProxies);
      const query = at < 0 ? '' : url.slice(at + 1);
      return ok({ route: found.route, segments: found.segments, query, client });
    }
  }
}

function isOurHost(header: string | undefined, hostNames: ReadonlySet<string>): boolean {
  if (hostNames.size === 0) return true;
  const host = (header ?? '').toLowerCase().replace(/:[0-9]*$/, '');
  return hostNames.has(host);
}

function takeShare(route: Route, client: string, shares: Shares): Problem | undefined {
  if (route.unmetered === true) return undefined;
  const waitMs = shares.take(client, 'requests', 1);
  if (waitMs === 0) return undefined;
  const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
  return { code: 'NODE_RATE_LIMITED', headers };
}

/** Forms a route answers in, the preferred first. */
function producedBy(route: Route): readonly string[] {
  const types = Object.values(route.responses).flatMap(({ content }) => Object.keys(content));
  return [...new Set(types)];
}

function readValues(
  route: Route,
  segments: Segments,
  query: string,
): Result<Readonly<Record<string, unknown>>, Problem> {
  const given = new URLSearchParams(query);
  const values: Record<string, unknown> = Object.create(null);
  const errors: InputFault[] = [];
  for (const [name, parameter] of Object.entries(route.parameters)) {
    const texts = parameter.in === 'path' ? [segments[name] ?? ''] : given.getAll(name);
    const read = readValue(parameter, texts);
    if (read.ok) values[name] = read.value;
    else errors.push({ parameter: name, ...read.reason });
  }
  for (const name of new Set(given.keys())) {
    const known = Object.hasOwn(route.parameters, name) && route.parameters[name]?.in === 'query';
    if (known) continue;
    const found = showFound(given.get(name) ?? '');
    errors.push({ parameter: showFound(name), expected: 'no such parameter', found });
  }
  if (errors.length === 0) return ok(values);
  return fail({ code: 'NODE_INPUT_INVALID', detail: 'A parameter is not as it must be.', errors });
}

function readValue(
  parameter: Parameter<unknown>,
  texts: readonly string[],
): Result<unknown, InputFault> {
  const [text] = texts;
  if (text === undefined) return ok(parameter.absent);
  const found = showFound(text);
  if (texts.length > 1) return fail({ expected: 'the parameter once', found });
  const value = parameter.read(text);
  return value === undefined ? fail({ expected: parameter.expected, found }) : ok(value);
}

function oneHeader(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}
