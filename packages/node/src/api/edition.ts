/** All routes of the API for one manifest, and what they say of themselves. */
import type { Manifest } from '@daybook/contracts';
import { ERROR_TABLES } from '../error-tables.ts';
import type { ContractViews } from './contract-view.ts';
import { contractErrors, createContractViews } from './contract-view.ts';
import { renderDocsPage, renderErrorsPage, STYLE } from './html.ts';
import type { DocumentWords } from './openapi.ts';
import { buildOpenApi } from './openapi.ts';
import type { Catalogue } from './problem.ts';
import { buildCatalogue } from './problem.ts';
import type { JsonSchema, Route } from './route.ts';
import type { BlockParts } from './routes/blocks.ts';
import { blockRoutes } from './routes/blocks.ts';
import type { CheckpointParts } from './routes/checkpoints.ts';
import { checkpointRoutes } from './routes/checkpoints.ts';
import type { ContractParts } from './routes/contracts.ts';
import { contractRoutes } from './routes/contracts.ts';
import type { DocumentParts } from './routes/documents.ts';
import { documentRoutes } from './routes/documents.ts';
import type { EventParts } from './routes/events.ts';
import { eventRoutes } from './routes/events.ts';
import type { SqlParts } from './routes/sql.ts';
import { sqlRoutes } from './routes/sql.ts';

import type { StateParts } from './routes/state.ts';
import { stateRoutes } from './routes/state.ts';
import type { StatusParts } from './routes/status.ts';
import { statusRoutes } from './routes/status.ts';
import { tableRoutes } from './routes/tables.ts';
import type { TransactionParts } from './routes/transactions.ts';
import { transactionRoutes } from './routes/transactions.ts';
import type { Site } from './site.ts';
import { buildSite } from './site.ts';

/** Everything that routes work on, but for what belongs to the manifest. */
export type RouteParts = Omit<TransactionParts, 'catalogue' | 'views'> &
  BlockParts &
  CheckpointParts &
  Omit<EventParts, 'views'> &
  StatusParts &
  StateParts &
  SqlParts &
  Omit<ContractParts, 'views'> &
  Pick<DocumentParts, 'renderMetrics'>;

/** What belongs to one manifest. */
export interface Edition {
  readonly manifest: Manifest;
  readonly views: ContractViews;
  readonly catalogue: Catalogue;
  readonly site: Site;
}

/** @param parts  of the running API; its handlers always see the newest edition through `now` */
export function buildEdition(
  manifest: Manifest,
  words: DocumentWords,
  parts: RouteParts,
  now: () => Edition,
): Edition {
  const views = createContractViews(manifest);
  const catalogue = buildCatalogue([...ERROR_TABLES, contractErrors(manifest)]);
  const shared = {
    ...parts,
    views: () => now().views,
    catalogue: () => now().catalogue,
  };
  const documented: readonly Route[] = [
    ...transactionRoutes(shared),
    ...blockRoutes(shared),
    ...checkpointRoutes(shared),
    ...eventRoutes(shared),
    ...sqlRoutes(shared),
    ...tableRoutes(shared, manifest),
    ...statusRoutes(shared),
    ...stateRoutes(shared),
    ...contractRoutes({ ...parts, views }),
  ];
  const documents: readonly Route[] = documentRoutes({
    openApi: lazily(() => JSON.stringify(buildOpenApi(routes(), words, catalogue))),
    docsPage: lazily(() => renderDocsPage(words.title, routes())),
    errorsPage: lazily(() => renderErrorsPage(catalogue)),
    style: STYLE,
    renderMetrics: parts.renderMetrics,
  });
  const routes = (): readonly Route[] => [...documented, ...documents];
  return { manifest, views, catalogue, site: buildSite(routes()) };
}

/** Rendered at the first request: few nodes are ever asked for their documentation. */
function lazily(render: () => string): () => string {
  let text: string | undefined;
  return () => {
    text ??= render();
    return text;
  };
}

/** The OpenAPI document of a node with these contracts, without a node. */
export function describeApi(manifest: Manifest, words: DocumentWords): JsonSchema {
  // No handler is ever called, so there is nothing for the parts to do.
  const parts = {} as RouteParts;
  const edition = buildEdition(manifest, words, parts, () => edition);
  return buildOpenApi(edition.site.routes, words, edition.catalogue);
}
