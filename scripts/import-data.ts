/**
 * `npm run import-data`: every source of public data onto a cluster of four validators, twice, held
 * against what DuckDB counts in the files: the same lines, the same sums, and nothing doubled.
 *
 *   npm run import-data                       the excerpts that the repository carries
 *   npm run import-data -- --data FOLDER      whole files in a folder of the layout that
 *                                             scripts/imports/sources.ts names
 *   npm run import-data -- --only EPSRC       sources whose name begins so
 *
 * Ends with code 1 if anything differs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { procurement, treasury } from '@daybook/applications';
import type { ImportReport, ReleaseImportParts } from '@daybook/cli';
import { importLines, importReleases, pendingCalls } from '@daybook/cli';
import type { Genesis } from '@daybook/core';
import { explainFormats, MONEY_FORMATS, movedBy } from '@daybook/formats';
import type { MemberPlan } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { countBy } from './imports/duckdb.ts';
import { readReleases, releaseFolder, releasesSql } from './imports/releases.ts';
import type { ImportSource } from './imports/sources.ts';
import { filesOf, importSources, mappingOf } from './imports/sources.ts';
import { parseOptions } from './options.ts';
import type { Ledger } from './start/ledger.ts';
import { openLedger } from './start/ledger.ts';

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

type Parts = Pick<ReleaseImportParts, 'chain' | 'submitBatch' | 'authorFor' | 'validUntilMs'>;

/** Transactions live long: on a busy machine they wait for minutes. */
function partsOf(ledger: Ledger, { chain, document }: Genesis): Parts {
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

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Sums of a source by currency as the ledger has them: line for line what is kept of it. */
async function keptOf(ledger: Ledger, publisher: string): Promise<ReadonlyMap<string, bigint>> {
  const sums = new Map<string, bigint>();
  const { source } = ledger.client.contractOf(treasury).records;
  for await (const { row } of source.list({ publisher })) {
    if (row.action === 'allocate') continue;
    const { currency } = row.amount;
    sums.set(currency, (sums.get(currency) ?? 0n) + movedBy(row));
  }
  return sums;
}

async function importSource(
  source: ImportSource,
  ledger: Ledger,
  parts: Parts,
): Promise<readonly ImportReport[]> {
  const files = filesOf(source);
  const lines = MONEY_FORMATS[source.format](files, mappingOf(source), { holder: HOLDER });
  if (!lines.ok) throw new Error(explainFormats(lines.reason));
  const run = async (): Promise<ImportReport> =>
    await importLines(
      { lines: lines.value, grantor: GRANTOR, controller: GRANTOR, batchCount: 128, inFlight: 6 },
      {
        ...parts,
        books: ledger.client.contractOf(treasury),
        pendingCalls: () => pendingCalls(ledger.client),
        authorsFor: (signers) => signers.map(parts.authorFor),
        now: () => performance.now(),
      },
    );
  return [await run(), await run()];
}

/** What differs between the files, the reports and the ledger; empty when nothing does. */
async function differencesOf(
  source: ImportSource,
  [first, second]: readonly (ImportReport | undefined)[],
  ledger: Ledger,
): Promise<readonly string[]> {
  if (first === undefined || second === undefined) return ['no report'];
  const counted = await countBy(source.sql);
  const reported = first.totals.map((one) => [
    one.currency,
    String(one.linesImported + one.linesRefused),
    String(one.file),
  ]);
  const { publisher } = mappingOf(source) as { readonly publisher: string };
  const kept = await keptOf(ledger, publisher);
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

async function importMoney(
  sources: readonly ImportSource[],
  ledger: Ledger,
  parts: Parts,
): Promise<boolean> {
  let isRight = true;
  for (const source of sources) {
    const reports = await importSource(source, ledger, parts);
    const [report] = reports;
    const differences = await differencesOf(source, reports, ledger);
    const refused = report?.totals.reduce((sum, one) => sum + one.linesRefused, 0);
    tell(
      `${source.name}: ${report?.linesImported} lines on the ledger, ${refused} refused with ` +
        `${report?.linesRefused.length} faults, ${Math.round(report?.perSecond ?? 0)} lines/s`,
    );
    for (const one of report?.totals ?? []) {
      tell(`  ${one.currency}: ${one.file} in the files = ${one.imported} + ${one.refused}`);
    }
    for (const difference of differences) tell(`  DIFFERS: ${difference}`);
    isRight &&= differences.length === 0;
  }
  return isRight;
}

async function importProcurement(folder: string, ledger: Ledger, parts: Parts): Promise<boolean> {
  const sources = readReleases(folder);
  const run = async () =>
    await importReleases(
      { sources, publisher: HOLDER },
      { ...parts, processes: ledger.client.contractOf(procurement) },
    );
  const first = await run();
  const second = await run();
  const [[counted = '', distinct = ''] = []] = await countBy(releasesSql(folder));
  const { added, repeated, refused, differing, transactions } = first;
  tell(
    `Releases: ${added} added in ${transactions} transactions, ${differing.length} of them under ` +
      `another name, ${repeated} repeated, ${refused.length} refused; DuckDB counts ${counted}, ` +
      `${distinct} of them different`,
  );
  const isRight =
    String(added + repeated + refused.length) === counted &&
    String(added - differing.length) === distinct &&
    second.added === 0;
  if (!isRight) tell('  DIFFERS');
  return isRight;
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.filename, {
    options: { data: { type: 'string' }, only: { type: 'string', default: '' } },
  });
  const { data, only } = values;
  const sources = importSources(data).filter(({ name }) => name.startsWith(only));
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-import-'));
  const cluster = await startCluster({
    members: MEMBERS,
    name: 'import',
    directory: folder,
    parameters: { blockIntervalMs: 50, roundBaseMs: 1000 },
  });
  try {
    const ledger = openLedger(cluster);
    const parts = partsOf(ledger, cluster.genesis);
    const isMoneyRight = await importMoney(sources, ledger, parts);
    const isProcurement = 'Releases'.startsWith(only);
    const isRight = !isProcurement || (await importProcurement(releaseFolder(data), ledger, parts));
    tell(isMoneyRight && isRight ? 'everything agrees' : 'something differs');
    process.exitCode = isMoneyRight && isRight ? 0 : 1;
  } finally {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
