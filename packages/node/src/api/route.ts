/**
 * Routes as data: one value says what a path takes, what it answers and in which words, and the
 * server, the OpenAPI document and the page for people all derive from it.
 */
import type { Problem } from './problem.ts';
import type { Reply } from './reply.ts';

/** JSON Schema 2020-12, as OpenAPI 3.1 embeds it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One parameter of the path or the query. */
export interface Parameter<T> {
  readonly in: 'path' | 'query';
  readonly help: string;
  readonly schema: JsonSchema;
  /** What a good value looks like, after "expected". */
  readonly expected: string;
  /** The value of a text, or undefined if it is not a good one. */
  read(text: string): T | undefined;
  /** What holds when a query parameter is left out. */
  readonly absent: T;
  /** A path that works for a reader of the documentation. */
  readonly example?: string;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** Values of the parameters by name. */
export type ValuesOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** A request whose parameters and body have been read within their limits. */
export interface ApiRequest<V = Readonly<Record<string, unknown>>> {
  readonly values: V;
  /** Parsed JSON, or the bytes of a CBOR body; undefined for routes without body. */
  readonly body: unknown;
  /** The media type the client wants among those the route produces. */
  readonly accept: string;
  /** Header `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
  /** Whom the shares are counted for. */
  readonly client: string;
  /** Aborted when the client leaves or the node stops. */
  readonly signal: AbortSignal;
}

export interface RequestBody {
  readonly bytesMax: number;
  /** Schemas by media type; CBOR is handed to the handler as bytes. */
  readonly content: Readonly<Record<string, JsonSchema>>;
  readonly example?: unknown;
}

export interface ResponseSpec {
  readonly help: string;
  readonly content: Readonly<Record<string, JsonSchema>>;
}

export interface Route {
  /** Unique; OpenAPI's operationId, and the label in metrics. */
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** With `{name}` for each path parameter. */
  readonly path: string;
  /** Heading under which people find it. */
  readonly tag: string;
  readonly title: string;
  readonly help?: string;
  readonly parameters: Parameters;
  readonly body?: RequestBody;
  /** Schemas that this route refers to by name, shared by all routes that bring the same. */
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
  /** Successes by status; problems come from `problems`. */
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Codes this route adds to those any route may answer with. */
  readonly problems: readonly string[];
  /** Left out of the documentation: it only makes a better error than "no such path". */
  readonly hidden?: true;
  /** Takes no token of the client's share: what keeps watch must not be turned away. */
  readonly unmetered?: true;
  handle(request: ApiRequest): Promise<Reply> | Reply;
}

/** A route as written down, its handler typed by its parameters. */
export type RouteSpec<P extends Parameters> = Omit<Route, 'parameters' | 'handle'> & {
  readonly parameters: P;
  readonly handle: (request: ApiRequest<ValuesOf<P>>) => Promise<Reply> | Reply;
};

export function defineRoute<P extends Parameters>(spec: RouteSpec<P>): Route {
  return {
    ...spec,
    // The server has read every value with the parameter's own `read`.
    handle: (request) => spec.handle({ ...request, values: request.values as ValuesOf<P> }),
  };
}

/** Problems that every route may answer with; documented once. */
export const COMMON_PROBLEMS: readonly Problem['code'][] = [
  'NODE_REQUEST_MALFORMED',
  'NODE_HOST_REFUSED',
  'NODE_ROUTE_UNKNOWN',
  'NODE_METHOD_UNSUPPORTED',
  'NODE_REPRESENTATION_UNAVAILABLE',
  'NODE_RATE_LIMITED',
  'NODE_REQUEST_TIMEOUT',
  'NODE_HEADERS_TOO_LARGE',
  'NODE_INTERNAL',
  'NODE_STOPPING',
];
