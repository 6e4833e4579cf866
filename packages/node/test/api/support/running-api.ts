/**
 * A started API over a memory ledger, and a client that checks every answer against the OpenAPI
 * document of the very server it talks to: no answer can differ from what is documented.
 */
import { createRequire } from 'node:module';
import type { ValidateFunction } from 'ajv';
import { expect } from 'chai';
import type { Api, ApiOptions } from '../../../src/api/api.ts';
import { startApi } from '../../../src/api/api.ts';
import type { NodeReport, WaitingReport } from '../../../src/api/ports.ts';
import { createSystemClock } from '../../../src/clock.ts';
import { DISK_LIMITS } from '../../../src/free-space.ts';
import type { LogData, Logger } from '../../../src/log.ts';
import type { Metrics } from '../../../src/metrics.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { followHistory, NO_CHECKPOINTS } from './history.ts';
import type { MemoryLedger } from './memory-ledger.ts';
import { createMemoryLedger } from './memory-ledger.ts';

const require = createRequire(import.meta.url);
const { default: Ajv } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js');
const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Parsed body when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  readonly json: any;
}

export interface RunningApi {
  readonly ledger: MemoryLedger;
  readonly api: Api;
  readonly metrics: Metrics;
  readonly url: string;
  /** Lines of level error that the server wrote. */
  readonly faults: { readonly message: string; readonly data: LogData | undefined }[];
  /** What `status()` says from now on. */
  report: NodeReport;
  waiting: WaitingReport | undefined;
  request(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export const DEFAULT_API: ApiOptions = {
  host: '127.0.0.1',
  port: 0,
  hostNames: [],
  trustedProxies: [],
  clientRequestsPerSecond: 100_000,
  clientTransactionsPerSecond: 100_000,
  eventStreamsMax: 16,
};

export const HEALTHY: NodeReport = {
  version: '0.1.0',
  role: 'validator',
  organisation: 'ministry',
  peerId: '12D3KooWtest',
  validator: 'ab'.repeat(32),
  activity: 'voting',
  hindrance: undefined,
  signing: { state: 'open' },
  upMs: 3_600_000,
  bestKnownHeight: 0,
  headAgeMs: 20.5,
  blockWantedMs: undefined,
  peers: { validators: 3, observers: 1 },
  reachable: { count: 4, of: 4 },
  mempool: { transactions: 0, bytes: 0, bytesMax: 1_000_000 },
  diskFree: 0.5,
  diskLimits: DISK_LIMITS,
  clockOffsetMs: 3.5,
  oldestStateHeight: 0,
  snapshots: [],
  oldestBlockHeight: 0,
  startedAtMs: Date.UTC(2026, 0, 1),
};

export async function startTestApi(options: Partial<ApiOptions> = {}): Promise<RunningApi> {
  const ledger = createMemoryLedger();
  const metrics = createMetrics();
  const faults: RunningApi['faults'] = [];
  const running: { report: NodeReport; waiting: WaitingReport | undefined } = {
    report: HEALTHY,
    waiting: undefined,
  };
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message, data) => faults.push({ message, data }),
    child: () => logger,
  };
  const status = { report: () => running.report, waiting: () => running.waiting };
  const parts = { ...ledger, status, clock: createSystemClock(), logger, metrics };
  const { chain, heads, submissions, records, contracts } = ledger;
  const history = followHistory(ledger);
  const checkpoints = NO_CHECKPOINTS;
  const ports = { chain, heads, submissions, records, contracts, history, checkpoints };
  const api = await startApi({ ...DEFAULT_API, ...options }, { ...parts, ...ports });
  const url = `http://127.0.0.1:${api.address.port}`;
  const check = createContractCheck(url);
  const request = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(url + path, init);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson ? JSON.parse(text) : undefined;
    const answer = { status: response.status, headers: response.headers, text, bytes, json };
    await check(init.method ?? 'GET', path, answer);
    return answer;
  };
  return Object.assign(running, {
    ledger,
    api,
    metrics,
    url,
    faults,
    request,
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    stop: () => api.stop(),
  });
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** Finds what the document says of an answer and holds the answer to it. */
function createContractCheck(
  url: string,
): (method: string, path: string, answer: Answer) => Promise<void> {
  let loaded: Promise<OpenApi> | undefined;
  const compiled = new Map<string, ValidateFunction>();
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  return async (method, path, answer) => {
    if (answer.json === undefined || path.startsWith('/openapi.json')) return;
    loaded ??= fetch(`${url}/openapi.json`).then((response) => response.json() as Promise<OpenApi>);
    const document = await loaded;
    const [mediaType = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const template = findTemplate(Object.keys(document.paths), path);
    const operation = document.paths[template ?? '']?.[method.toLowerCase()];
    const isProblem = mediaType === 'application/problem+json';
    const schema = isProblem
      ? { $ref: '#/components/schemas/Problem' }
      : operation?.responses[answer.status]?.content[mediaType]?.schema;
    expect(schema, `${method} ${path} ${answer.status} ${mediaType} is documented`).to.be.an(
      'object',
    );
    if (isProblem && operation !== undefined) {
      expect(operation.responses, `${path}: ${answer.json.code}`).to.have.property(
        `${answer.status}`,
      );
    }
    const name = `${method} ${template} ${answer.status} ${mediaType}`;
    const validate =
      compiled.get(name) ?? ajv.compile({ ...schema, components: document.components });
    compiled.set(name, validate);
    const valid = validate(answer.json);
    expect(valid, `${name}: ${JSON.stringify(validate.errors)} in ${answer.text}`).to.equal(true);
  };
}

function findTemplate(templates: readonly string[], path: string): string | undefined {
  const [bare = ''] = path.split('?');
  const exact = templates.find((template) => template === bare);
  const matching = templates.filter((template) =>
    new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(bare),
  );
  return exact ?? matching.sort((a, b) => a.split('{').length - b.split('{').length)[0];
}
