/**
 * Sources of public data onto a cluster of four validators, each a process, every source twice, held
 * against what DuckDB counts in the files: the same lines, the same sums, and nothing doubled.
 */
import { procurement, treasury } from '@daybook/applications';
import type { ImportParts, ImportReport, ReleaseImportParts } from '@daybook/cli';
import { importLines, importReleases, keepFiles, pendingCalls } from '@daybook/cli';
import type { Genesis } from '@daybook/core';
import {
  explainFormats,
  MONEY_FORMATS,
  movedBy,
  planKeptFiles,
  planOcdsFrames,
} from '@daybook/formats';
import type { Cluster, MemberPlan } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import type { Ledger } from '../start/ledger.ts';
import { openLedger } from '../start/ledger.ts';
import { countBy } from './duckdb.ts';
import { readReleases, releasesSql } from './releases.ts';
import type { ImportSource } from './sources.ts';
import { filesOf, mappingOf } from './sources.ts';

const GRANTOR = 'treasury';
/** Keeps the books of all publishers, who are no members of this chain. */
const HOLDER = 'works';
const PATIENCE_MS = 240_000;

const MEMBERS: readonly MemberPlan[] = [GRANTOR, HOLDER, 'audit-office', 'university'].map(
  (slug) => ({
    slug,
    title: { en: slug, zh: slug },
    officers: [
      {
        name: 'officer',
        roles: [
          'directory.administrator',
          'governance.delegate',
          'treasury.appropriator',
          'treasury.budgeter',
          'treasury.payer',
          'treasury.controller',
          'procurement.publisher',
        ],
      },
    ],
    node: 'validator',
  }),
);

/** Where sources go. */
export interface ImportTarget {
  readonly cluster: Cluster;
  readonly ledger: Ledger;
  readonly parts: Pick<ReleaseImportParts, 'chain' | 'submitBatch' | 'authorFor' | 'validUntilMs'>;
}

/** What became of a source. */
export interface ImportOutcome {
  /** In words: lines, refusals and sums. */
  readonly told: readonly string[];
  /** Each line that was refused, with its place, what was expected, and what was found. */
  readonly refused: readonly object[];
  /** Between files, reports and ledger; empty when all agree. */
  readonly differences: readonly string[];
}

/** Starts the cluster in a folder. @throws as `startCluster` */
export async function openTarget(directory: string): Promise<ImportTarget> {
  const cluster = await startCluster({
    members: MEMBERS,
    name: 'import',
    directory,
    parameters: { blockIntervalMs: 50, roundBaseMs: 1000 },
  });
  const ledger = openLedger(cluster);
  return { cluster, ledger, parts: partsOf(ledger, cluster.genesis) };
}

/** Transactions live long: on a busy machine they wait for minutes. */
function partsOf(ledger: Ledger, { chain, document }: Genesis): ImportTarget['parts'] {
  const { client, authorFor } = ledger;
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  return {
    chain,
    authorFor,
    submitBatch: (transactions, { startAt }) =>
      client.submitBatch(transactions, { startAt, timeoutMs: PATIENCE_MS }),
    validUntilMs: () => Date.now() + validMs,
  };
}

/**
 * Imports a source of money twice, and compares.
 * @throws Error for files that cannot be read at all
 */
export async function importMoney(
  source: ImportSource,
  target: ImportTarget,
): Promise<ImportOutcome> {
  const [first, second] = await importTwice(source, target);
  const refused = first.totals.reduce((sum, one) => sum + one.linesRefused, 0);
  const { linesImported, linesRefused, perSecond } = first;
  return {
    told: [
      `${source.name}: ${linesImported} lines on the ledger, ${refused} refused with ` +
        `${linesRefused.length} faults, ${Math.round(perSecond)} lines/s`,
      ...first.totals.map(
        (one) => `  ${one.currency}: ${one.file} in the files = ${one.imported} + ${one.refused}`,
      ),
    ],
    refused: linesRefused,
    differences: await differencesOf(source, [first, second], target.ledger),
  };
}

async function importTwice(
  source: ImportSource,
  { ledger, parts }: ImportTarget,
): Promise<readonly [ImportReport, ImportReport]> {
  const files = filesOf(source);
  const mapping = mappingOf(source);
  const lines = MONEY_FORMATS[source.format](files, mapping, { holder: HOLDER });
  if (!lines.ok) throw new Error(explainFormats(lines.reason));
  const kept = planKeptFiles(source.format, files, { mapping, holder: HOLDER });
  if (!kept.ok) throw new Error(explainFormats(kept.reason));
  const importing: ImportParts = {
    ...parts,
    books: ledger.client.contractOf(treasury),
    pendingCalls: () => pendingCalls(ledger.client),
    authorsFor: (signers) => signers.map(parts.authorFor),
    now: () => performance.now(),
  };
  const run = async (): Promise<ImportReport> => {
    await keepFiles(kept.value, { ...importing, kept: importing.books.records.filePart });
    return await importLines(
      { lines: lines.value, grantor: GRANTOR, controller: GRANTOR, batchCount: 128, inFlight: 6 },
      importing,
    );
  };
  return [await run(), await run()];
}

/** What differs between the files, the reports and the ledger; empty when nothing does. */
async function differencesOf(
  source: ImportSource,
  [first, second]: readonly [ImportReport, ImportReport],
  ledger: Ledger,
): Promise<readonly string[]> {
  const counted = await countBy(source.sql);
  const reported = first.totals.map((one) => [
    one.currency,
    String(one.linesImported + one.linesRefused),
    String(one.file),
  ]);
  const { publisher } = mappingOf(source) as { readonly publisher: string };
  const kept = await keptOf({ format: source.format, publisher }, ledger);
  return [
    ...(JSON.stringify(reported) === JSON.stringify(counted)
      ? []
      : [`files ${JSON.stringify(counted)}, reported ${JSON.stringify(reported)}`]),
    ...first.totals.flatMap(({ currency, imported }) =>
      (kept.get(currency) ?? 0n) === imported
        ? []
        : [`${currency}: reported ${imported}, on the ledger ${kept.get(currency) ?? 'nothing'}`],
    ),
    ...(second.added === 0 ? [] : [`added again: ${second.added}`]),
  ];
}

/** Sums of a source by currency as the ledger has them: line for line what is kept of it. */
async function keptOf(
  { format, publisher }: { readonly format: ImportSource['format']; readonly publisher: string },
  ledger: Ledger,
): Promise<ReadonlyMap<string, bigint>> {
  const sums = new Map<string, bigint>();
  const { source } = ledger.client.contractOf(treasury).records;
  for await (const { row } of source.list({ publisher })) {
    // A line of a budget is an allocation; an activity is one, too, holds what its lines move, and
    // moves nothing itself.
    if (row.action === 'allocate' && format !== 'fiscal') continue;
    const { currency } = row.amount;
    sums.set(currency, (sums.get(currency) ?? 0n) + movedBy(row));
  }
  return sums;
}

/** Imports all OCDS releases of a folder twice, and compares. */
export async function importProcurement(
  folder: string,
  { ledger, parts }: ImportTarget,
): Promise<ImportOutcome> {
  const sources = readReleases(folder);
  const frames = planOcdsFrames(sources, HOLDER);
  if (!frames.ok) throw new Error(explainFormats(frames.reason));
  const processes = ledger.client.contractOf(procurement);
  const authorsFor: ImportParts['authorsFor'] = (signers) => signers.map(parts.authorFor);
  const run = async () => {
    await keepFiles(frames.value, { ...parts, kept: processes.records.filePart, authorsFor });
    return await importReleases({ sources, publisher: HOLDER }, { ...parts, processes });
  };
  const first = await run();
  const second = await run();
  const [[counted = '', distinct = '', linked = ''] = []] = await countBy(releasesSql(folder));
  const { added, repeated, refused, differing, transactions } = first;
  const found = [added + repeated + refused.length, added - differing.length].join(' and ');
  const expected = [Number(counted) + Number(linked), distinct].join(' and ');
  return {
    told: [
      `Releases: ${added} added in ${transactions} transactions, ${differing.length} of them under ` +
        `another name, ${repeated} repeated, ${refused.length} records refused; DuckDB counts ` +
        `${counted}, ${distinct} of them different, and ${linked} records of links alone`,
    ],
    refused,
    differences: [
      ...(found === expected ? [] : [`files ${expected}, reported ${found}`]),
      ...(second.added === 0 ? [] : [`added again: ${second.added}`]),
    ],
  };
}
