/**
 * The HTTP server: limits of the transport, life cycle, and the way of each request through
 * dispatch and writing. Every request ends in an answer with a documented code; what goes wrong
 * inside is logged here and leaves as NODE_INTERNAL without a word about the inside.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { NodeError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import { createClientSlots } from './client-slots.ts';
import type { Dispatched, DispatchOptions, DispatchParts } from './dispatch.ts';
import { dispatch } from './dispatch.ts';
import { API_LIMITS } from './limits.ts';
import { PROBLEM_TYPE } from './media-type.ts';
import type { Catalogue, Problem } from './problem.ts';
import { describeProblem } from './problem.ts';
import { refuse } from './reply.ts';
import { clientOf, isTrusted } from './shares.ts';
import type { UnreadAnswers } from './unread-answers.ts';
import { createUnreadAnswers } from './unread-answers.ts';
import { renderJson } from './view.ts';
import { writeProblem, writeReply } from './write-reply.ts';

export interface ServerOptions extends DispatchOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

export interface ServerParts extends DispatchParts {
  readonly catalogue: () => Catalogue;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface HttpServer {
  /** Where it listens; `port` is the real one. */
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no more connections, lets requests end within a bound, leaves nothing open. */
  stop(): Promise<void>;
}

/** @throws NodeError NODE_API_LISTEN_FAILED */
export async function startServer(options: ServerOptions, parts: ServerParts): Promise<HttpServer> {
  const running = new Set<AbortController>();
  const unread = createUnreadAnswers(API_LIMITS.unreadBytesMax);
  let stopping = false;
  const server = createServer(
    {
      maxHeaderSize: API_LIMITS.headerBytesMax,
      headersTimeout: API_LIMITS.headersTimeoutMs,
      requestTimeout: API_LIMITS.requestTimeoutMs,
      keepAliveTimeout: API_LIMITS.keepAliveMs,
      connectionsCheckingInterval: 1000,
      requireHostHeader: true,
      noDelay: true,
    },
    (request, response) => {
      // Behind an answer that is still to come, a response would never learn that the client left.
      if (response.socket === null) {
        request.socket.destroy();
        return;
      }
      const controller = new AbortController();
      running.add(controller);
      response.once('close', () => {
        running.delete(controller);
        controller.abort();
        // Kept alive for a next request that will not be taken.
        if (stopping) setImmediate(() => server.closeIdleConnections());
      });
      if (stopping) response.setHeader('connection', 'close');
      const exchange = { request, response, signal: controller.signal, unread };
      serve(exchange, options, parts).catch((error: unknown) => {
        logFault(parts.logger, request, error);
        response.destroy();
      });
    },
  );
  server.maxConnections = API_LIMITS.connectionsMax;
  server.on('connection', holdPlaces(options));
  server.on('clientError', (error, socket) => answerRaw(error, socket as Socket, parts));
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    stop: async () => {
      if (stopping) return;
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Streams and waiting requests end now; the others get the time to finish.
      for (const controller of running) controller.abort();
      const timer = setTimeout(() => server.closeAllConnections(), API_LIMITS.drainMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Closes connections that are too many of one client at once, so that there is room for others. */
function holdPlaces({ trustedProxies }: ServerOptions): (socket: Socket) => void {
  const { connectionsMax, connectionsPerClientShare } = API_LIMITS;
  const slots = createClientSlots(connectionsMax, connectionsPerClientShare);
  return (socket) => {
    const address = socket.remoteAddress ?? '';
    // Those of a proxy are of many clients.
    if (isTrusted(address, trustedProxies)) return;
    const giveBack = slots.take(clientOf(address, undefined, trustedProxies));
    if (giveBack === undefined) socket.destroy();
    else socket.once('close', giveBack);
  };
}

async function listen(
  server: ReturnType<typeof createServer>,
  { host, port }: ServerOptions,
): Promise<void> {
  const failed = once(server, 'error').then(([error]) => Promise.reject(error));
  try {
    server.listen({ host, port });
    await Promise.race([once(server, 'listening'), failed]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const detail = `${host} port ${port}: ${reason}.`;
    throw new NodeError('NODE_API_LISTEN_FAILED', { detail, cause });
  } finally {
    failed.catch(() => undefined);
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly unread: UnreadAnswers;
}

async function serve(
  { request, response, signal, unread }: Exchange,
  options: ServerOptions,
  parts: ServerParts,
): Promise<void> {
  const started = parts.now();
  if (request.method === 'OPTIONS') {
    answerOptions(request, response, parts);
    return;
  }
  const { reply, route, accept } = await dispatchSafely(request, signal, options, parts);
  const label = route?.id ?? 'none';
  const context = {
    accept,
    ifNoneMatch: request.headers['if-none-match'],
    isHead: request.method === 'HEAD',
    isOpen: route === undefined || route.method === 'GET',
    signal,
    unread,
  };
  if (reply.kind === 'problem') {
    parts.metrics.add('daybook_node_api_problems_total', 1, { code: reply.problem.code });
  }
  if (signal.aborted && reply.kind !== 'stream' && response.destroyed) return;
  const status =
    reply.kind === 'problem'
      ? writeProblem(response, reply.problem, context, parts.catalogue())
      : await writeReply(response, reply, context, parts.catalogue());
  parts.metrics.add('daybook_node_api_requests_total', 1, { route: label, status: `${status}` });
  if (reply.kind === 'stream') return;
  parts.metrics.observe('daybook_node_api_request_seconds', (parts.now() - started) / 1000, {
    route: label,
  });
}

async function dispatchSafely(
  request: IncomingMessage,
  signal: AbortSignal,
  options: ServerOptions,
  parts: ServerParts,
): Promise<Dispatched> {
  try {
    return await dispatch(request, signal, options, parts);
  } catch (error) {
    // A client that left while its body was read is no fault of ours.
    const known = knownProblem(error, parts.catalogue());
    if (!signal.aborted && known === undefined) logFault(parts.logger, request, error);
    const problem = known ?? { code: 'NODE_INTERNAL' };
    return { reply: refuse(problem), route: undefined, accept: '' };
  }
}

/** What the world denies the node and clients are told of, such as an archive that is away. */
function knownProblem(error: unknown, catalogue: Catalogue): Problem | undefined {
  if (!(error instanceof NodeError)) return undefined;
  const { code, detail } = error;
  return catalogue.get(code)?.status === undefined ? undefined : { code, detail };
}

function logFault(logger: Logger, request: IncomingMessage, error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logger.error('request failed', { method: request.method, path: request.url, reason });
}

const OPEN_HEADERS = 'Accept, If-None-Match, Last-Event-ID';

/** What a path takes; the CORS preflight of reads is granted, of writes it is not. */
function answerOptions(
  request: IncomingMessage,
  response: ServerResponse,
  parts: ServerParts,
): void {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const site = parts.site();
  const methods = ['GET', 'POST'].filter((method) => site.find(method, path).kind === 'route');
  const reads = methods.includes('GET');
  response.writeHead(methods.length === 0 ? 404 : 204, {
    allow: [...methods, ...(reads ? ['HEAD'] : []), 'OPTIONS'].join(', '),
    'content-length': 0,
    ...(reads && {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': OPEN_HEADERS,
      'access-control-max-age': '86400',
    }),
  });
  response.end();
}

const RAW_CODES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'NODE_HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'NODE_REQUEST_TIMEOUT',
};

const RAW_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers what is not even HTTP; there is no response object to write to. */
function answerRaw(
  error: Error & { readonly code?: string },
  socket: Socket,
  { catalogue, metrics }: ServerParts,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = RAW_CODES[error.code ?? ''] ?? 'NODE_REQUEST_MALFORMED';
  const { status, body } = describeProblem({ code }, catalogue());
  const text = renderJson(body);
  metrics.add('daybook_node_api_problems_total', 1, { code });
  const lines = [
    `HTTP/1.1 ${status} ${RAW_PHRASES[status] ?? 'Error'}`,
    `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
