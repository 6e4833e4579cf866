/** The running consortium as the importer needs it: a client over all nodes, and officers who sign. */
import { treasury } from '@daybook/applications';
import type { ImportParts, ImportReport } from '@daybook/cli';
import { importLines, pendingCalls } from '@daybook/cli';
import type { Client, Outcome, Submittable, TransactionAuthor } from '@daybook/client';
import { createClient } from '@daybook/client';
import { createSigner } from '@daybook/core';
import type { PlannedSigner } from '@daybook/formats';
import { explainFormats, MONEY_FORMATS } from '@daybook/formats';
import type { Cluster } from '@daybook/testkit';
import { TREASURY } from './departments.ts';
import type { Sample } from './samples.ts';

/** Longest waiting for one batch: through the outage of a node and the rounds it costs. */
const PATIENCE_MS = 120_000;

/** What differs between one import and another. */
export interface ImportOptions {
  readonly batchCount: number;
  readonly inFlight: number;
  readonly onProgress?: NonNullable<ImportParts['onProgress']>;
  /** Time of each request from handing in to the answer that all in it is final, in ms. */
  readonly onSettled?: (ms: number) => void;
}

export interface Ledger {
  readonly client: Client;
  /** An officer of the organisation with the role. @throws Error if there is none */
  readonly authorFor: (signer: PlannedSigner) => TransactionAuthor;
  /** Imports what the ledger does not hold yet of a sample. */
  importSample(sample: Sample, options: ImportOptions): Promise<ImportReport>;
}

/** What a client has to know of a cluster; the nodes are those it asks. */
export type ClusterView = Pick<Cluster, 'genesis' | 'consortium' | 'nodes'>;

/** Officers by organisation and role, each key parsed once. */
function createAuthors({ genesis, consortium }: ClusterView): Ledger['authorFor'] {
  const authors = new Map<string, TransactionAuthor>();
  const find = ({ organisation, role }: PlannedSigner): TransactionAuthor => {
    const { officers = [] } =
      genesis.document.organisations.find(({ slug }) => slug === organisation) ?? {};
    const officer = officers.find(({ roles }) => roles.includes(role));
    if (officer === undefined) throw new Error(`${organisation} has no officer with ${role}`);
    const identity = `${organisation}/${officer.name}`;
    return { identity, signer: createSigner(consortium.officer(identity).secretKey) };
  };
  return (signer) => {
    const key = `${signer.organisation} ${signer.role}`;
    const author = authors.get(key) ?? find(signer);
    authors.set(key, author);
    return author;
  };
}

/** A client over every node; requests are spread and go on to the next node when one is down. */
export function openLedger(cluster: ClusterView): Ledger {
  const { chain, document } = cluster.genesis;
  // The treasury's node first: it is one of those that stay up.
  const client = createClient({ urls: cluster.nodes.map(({ apiUrl }) => apiUrl), chain });
  const authorFor = createAuthors(cluster);
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const submitBatch = async (
    transactions: readonly Submittable[],
    { startAt }: { readonly startAt: number },
    onSettled: ImportOptions['onSettled'],
  ): Promise<readonly Outcome[]> => {
    const sentMs = performance.now();
    const outcomes = await client.submitBatch(transactions, { startAt, timeoutMs: PATIENCE_MS });
    onSettled?.(performance.now() - sentMs);
    return outcomes;
  };
  return {
    client,
    authorFor,
    importSample: async ({ files, mapping }, { onProgress, onSettled, ...width }) => {
      const lines = MONEY_FORMATS.spend(files, mapping);
      if (!lines.ok) throw new Error(explainFormats(lines.reason));
      return await importLines(
        { lines: lines.value, grantor: TREASURY, controller: TREASURY, ...width },
        {
          chain,
          books: client.contractOf(treasury),
          submitBatch: (transactions, options) => submitBatch(transactions, options, onSettled),
          pendingCalls: () => pendingCalls(client),
          authorsFor: (signers) => signers.map(authorFor),
          validUntilMs: () => Date.now() + validMs,
          now: () => performance.now(),
          ...(onProgress && { onProgress }),
        },
      );
    },
  };
}
