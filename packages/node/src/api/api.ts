/**
 * The HTTP API of a node: composes routes, documents and server from the node's ports. Routes of
 * contracts are rebuilt when governance changes a contract; everything else is made once.
 */
import type { Manifest } from '@daybook/contracts';
import type { Clock } from '../clock.ts';
import { ERROR_TABLES } from '../error-tables.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { ContractViews } from './contract-view.ts';
import { contractErrors, createContractViews } from './contract-view.ts';
import type { FinalBlocks } from './final-blocks.ts';
import { createFinalBlocks } from './final-blocks.ts';
import { renderDocsPage, renderErrorsPage, STYLE } from './html.ts';
import { API_METRICS } from './metrics-table.ts';
import { buildOpenApi } from './openapi.ts';
import type { Chain, Contracts, Heads, NodeStatus, Records, Submissions } from './ports.ts';
import type { Catalogue } from './problem.ts';
import { buildCatalogue } from './problem.ts';
import type { Route } from './route.ts';
import { blockRoutes } from './routes/blocks.ts';
import { contractRoutes } from './routes/contracts.ts';
import { documentRoutes } from './routes/documents.ts';
import { eventRoutes } from './routes/events.ts';
import { statusRoutes } from './routes/status.ts';
import { transactionRoutes } from './routes/transactions.ts';
import type { HttpServer } from './server.ts';
import { startServer } from './server.ts';
import type { Shares } from './shares.ts';
import { createShares } from './shares.ts';
import type { Site } from './site.ts';
import { buildSite } from './site.ts';
import type { StreamSlots } from './stream-slots.ts';
import { createStreamSlots } from './stream-slots.ts';

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

/** What lives as long as the API. */
interface Running {
  readonly blocks: FinalBlocks;
  readonly shares: Shares;
  readonly slots: StreamSlots;
}

/** What belongs to one manifest. */
interface Edition {
  readonly manifest: Manifest;
  readonly views: ContractViews;
  readonly catalogue: Catalogue;
  readonly site: Site;
}

/** Builds and starts it. @throws NodeError NODE_API_LISTEN_FAILED */
export async function startApi(options: ApiOptions, parts: ApiParts): Promise<Api> {
  const { clock, metrics } = parts;
  metrics.register(API_METRICS);
  const running: Running = {
    blocks: createFinalBlocks(parts.chain),
    shares: createShares(ratesOf(options), () => clock.now()),
    slots: createStreamSlots(options.eventStreamsMax),
  };
  const edition = createEditions(parts, running);
  const budget = { held: 0 };
  metrics.onRender(() => {
    metrics.set('daybook_node_api_event_streams', running.slots.count());
    metrics.set('daybook_node_api_held_bytes', budget.held);
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
  let current: Edition | undefined;
  const edition = (): Edition => {
    const manifest = parts.contracts.manifest();
    if (current?.manifest !== manifest) current = buildEdition(manifest, parts, running, edition);
    return current;
  };
  return edition;
}

function buildEdition(
  manifest: Manifest,
  parts: ApiParts,
  running: Running,
  now: () => Edition,
): Edition {
  const views = createContractViews(manifest);
  const catalogue = buildCatalogue([...ERROR_TABLES, contractErrors(manifest)]);
  const site: { routes: readonly Route[] } = { routes: [] };
  const { version } = parts.status.report();
  const { name } = parts.chain.genesis.document;
  const title = `Daybook: ${name}`;
  const description =
    'A consortium ledger for public affairs. Answers speak of final blocks only and can be proven.';
  const openApi = lazily(() =>
    JSON.stringify(buildOpenApi(site.routes, { title, version, description }, catalogue)),
  );
  const shared = {
    ...parts,
    ...running,
    views: () => now().views,
    catalogue: () => now().catalogue,
  };
  const routes = [
    ...transactionRoutes(shared),
    ...blockRoutes(shared),
    ...eventRoutes(shared),
    ...statusRoutes(shared),
    ...contractRoutes({ ...parts, views }),
    ...documentRoutes({
      openApi,
      docsPage: lazily(() => renderDocsPage(title, site.routes)),
      errorsPage: lazily(() => renderErrorsPage(catalogue)),
      style: STYLE,
      renderMetrics: () => parts.metrics.render(),
    }),
  ];
  site.routes = routes;
  return { manifest, views, catalogue, site: buildSite(routes) };
}

/** Rendered at the first request: few nodes are ever asked for their documentation. */
function lazily(render: () => string): () => string {
  let text: string | undefined;
  return () => {
    text ??= render();
    return text;
  };
}
