/**
 * The HTTP API of a node: composes routes, documents and server from the node's ports. Routes of
 * contracts are rebuilt when governance changes a contract; everything else is made once.
 */
import type { Clock } from '../clock.ts';
import { diagnose } from '../health.ts';
import { HEALTH_KINDS } from '../health-causes.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { createBodyBudget } from './body.ts';
import type { ClientSlots } from './client-slots.ts';
import { createClientSlots } from './client-slots.ts';
import type { Edition } from './edition.ts';
import { buildEdition } from './edition.ts';
import type { FinalBlocks } from './final-blocks.ts';
import { createFinalBlocks } from './final-blocks.ts';
import { API_LIMITS } from './limits.ts';
import { API_METRICS } from './metrics-table.ts';
import type { DocumentWords } from './openapi.ts';
import type {
  Chain,
  Checkpoints,
  Contracts,
  Heads,
  History,
  NodeStatus,
  Records,
  SqlDoor,
  Submissions,
} from './ports.ts';
import { healthFacts } from './routes/status.ts';
import type { HttpServer } from './server.ts';
import { startServer } from './server.ts';
import type { Shares } from './shares.ts';
import { createShares } from './shares.ts';

/** The section `api` of the settings. */
export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly hostNames: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly clientRequestsPerSecond: number;
  readonly clientTransactionsPerSecond: number;
  readonly eventStreamsMax: number;
}

export interface ApiParts {
  readonly chain: Chain;
  readonly heads: Heads;
  readonly submissions: Submissions;
  readonly records: Records;
  readonly contracts: Contracts;
  /** Absent on a node that keeps no SQL tables. */
  readonly sql?: SqlDoor | undefined;
  readonly history: History;
  readonly checkpoints: Checkpoints;
  readonly status: NodeStatus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Api {
  /** Where it listens, with the port that was really bound. */
  readonly address: { readonly host: string; readonly port: number };
  /** Takes over what a reload may change: rates and the number of streams. */
  reload(options: ApiOptions): void;
  /** Idempotent; leaves no handle open. */
  stop(): Promise<void>;
}

/** The judgement of GET /healthz as figures; every reason has a series from the start. */
function renderHealth({ chain, status, metrics }: ApiParts): void {
  const health = diagnose(healthFacts({ chain, status }));
  metrics.set('daybook_node_healthy', health.healthy ? 1 : 0);
  for (const kind of HEALTH_KINDS) {
    for (const severity of ['fault', 'warning'] as const) {
      const holds = health.reasons.some((r) => r.kind === kind && r.severity === severity);
      metrics.set('daybook_node_health_reasons', holds ? 1 : 0, { kind, severity });
    }
  }
}

/** What lives as long as the API. */
interface Running {
  readonly blocks: FinalBlocks;
  readonly shares: Shares;
  readonly slots: ClientSlots;
}

/** Builds and starts it. @throws NodeError NODE_API_LISTEN_FAILED */
export async function startApi(options: ApiOptions, parts: ApiParts): Promise<Api> {
  const { clock, metrics } = parts;
  metrics.register(API_METRICS);
  const running: Running = {
    blocks: createFinalBlocks(parts.chain),
    shares: createShares(ratesOf(options), () => clock.now()),
    slots: createClientSlots(options.eventStreamsMax, API_LIMITS.streamsPerClientShare),
  };
  const edition = createEditions(parts, running);
  const budget = createBodyBudget(API_LIMITS.heldBytesMax);
  metrics.onRender(() => {
    renderHealth(parts);
    metrics.set('daybook_node_api_event_streams', running.slots.count());
    metrics.set('daybook_node_api_held_bytes', budget.held());
  });
  const server: HttpServer = await startServer(
    {
      host: options.host,
      port: options.port,
      hostNames: new Set(options.hostNames.map((name) => name.toLowerCase())),
      trustedProxies: new Set(options.trustedProxies),
    },
    {
      site: () => edition().site,
      catalogue: () => edition().catalogue,
      shares: running.shares,
      budget,
      logger: parts.logger,
      metrics,
      now: () => clock.now(),
    },
  );
  return {
    address: server.address,
    reload: (next) => {
      running.shares.setRates(ratesOf(next));
      running.slots.setMax(next.eventStreamsMax);
    },
    stop: () => server.stop(),
  };
}

function ratesOf(options: ApiOptions) {
  return {
    requestsPerSecond: options.clientRequestsPerSecond,
    transactionsPerSecond: options.clientTransactionsPerSecond,
  };
}

/** The edition of the manifest that holds now, built when it is first asked for. */
function createEditions(parts: ApiParts, running: Running): () => Edition {
  const { name } = parts.chain.genesis.document;
  const words: DocumentWords = {
    title: `Daybook: ${name}`,
    version: parts.status.report().version,
    description:
      'A consortium ledger for public affairs. Answers speak of final blocks only and can be proven.',
  };
  const routeParts = { ...parts, ...running, renderMetrics: () => parts.metrics.render() };
  let current: Edition | undefined;
  const edition = (): Edition => {
    const manifest = parts.contracts.manifest();
    if (current?.manifest !== manifest) {
      current = buildEdition(manifest, words, routeParts, edition);
    }
    return current;
  };
  return edition;
}
