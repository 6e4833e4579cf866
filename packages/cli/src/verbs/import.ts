/** `daybook import spend`: a publisher's spending files onto the ledger, as the engine does it. */
import path from 'node:path';
import type { Client, TransactionAuthor } from '@daybook/client';
import { describeAmount } from '@daybook/client';
import type { PlannedSigner, SourceFile, SpendMapping, SpendTotals } from '@daybook/formats';
import { contractNamed } from '../actions/contracts.ts';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { malformed, readBytes, readJson } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { ProgressBar } from '../frame/progress.ts';
import { createProgressBar } from '../frame/progress.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';
import { ImportError } from '../spend/import-error.ts';
import type { ImportProgress, ImportReport } from '../spend/import-spend.ts';
import { importSpend } from '../spend/on-demand.ts';

async function readMapping(file: string): Promise<SpendMapping> {
  // Only this verb reads formats; loading them would slow the start of every other.
  const { decodeSpendMapping, explainFormats } = await import('@daybook/formats');
  const mapping = decodeSpendMapping(await readJson(file));
  if (mapping.ok) return mapping.value;
  throw malformed(file, explainFormats(mapping.reason));
}

async function readFiles(names: readonly string[]): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of names) {
    files.push({ name: path.basename(name), bytes: await readBytes(name) });
  }
  return files;
}

/** Finds, among the officers at hand, one of an organisation who holds a role in the directory. */
async function createAuthorFinder(
  authors: readonly TransactionAuthor[],
  client: Client,
): Promise<(wanted: PlannedSigner) => TransactionAuthor> {
  const directory = client.contractBy(await contractNamed('directory', client));
  const officers = directory.records('officer');
  const held: { readonly author: TransactionAuthor; readonly roles: ReadonlySet<string> }[] = [];
  for (const author of authors) {
    const [organisation = '', name = ''] = author.identity?.split('/') ?? [];
    const found = author.identity && (await officers.get({ organisation, name }));
    held.push({ author, roles: rolesIn(found ? found.row.roles : undefined) });
  }
  return ({ organisation, role }) => {
    const fitting = held.find(
      ({ author, roles }) => author.identity?.startsWith(`${organisation}/`) && roles.has(role),
    );
    if (fitting !== undefined) return fitting.author;
    throw new CliError({ code: 'CLI_AUTHOR_MISSING', organisation, role });
  };
}

/** Role names in the JSON form of an officer's grants. */
function rolesIn(grants: unknown): ReadonlySet<string> {
  const items: readonly unknown[] = Array.isArray(grants) ? grants : [];
  return new Set(
    items.flatMap((item) => {
      const isGrant = typeof item === 'object' && item !== null && 'role' in item;
      return isGrant && typeof item.role === 'string' ? [item.role] : [];
    }),
  );
}

const PHASES: Readonly<Record<ImportProgress['phase'], string>> = {
  reading: 'Reading files',
  comparing: 'Comparing with the ledger',
  budget: 'Opening budgets',
  payments: 'Paying',
};

/** One bar for each phase, with the rate so far. */
function createReporter(world: World): {
  readonly onProgress: (progress: ImportProgress) => void;
  readonly end: () => void;
} {
  let phase: ImportProgress['phase'] | undefined;
  let bar: ProgressBar | undefined;
  let startedMs = 0;
  return {
    onProgress: (progress) => {
      if (progress.phase !== phase) {
        bar?.end();
        phase = progress.phase;
        bar = createProgressBar(PHASES[phase], world);
        startedMs = world.elapsedMs();
      }
      const seconds = (world.elapsedMs() - startedMs) / 1000;
      const rate = seconds > 0 ? Math.round(progress.done / seconds) : 0;
      bar?.update(progress.done, progress.total, `${rate}/s`);
    },
    end: () => bar?.end(),
  };
}

const IN_FLIGHT_MAX = 64;
const BATCH_MAX = 256;

async function importFiles(input: Input, world: World): Promise<Exit> {
  const mapping = await readMapping(input.text('mapping'));
  const files = await readFiles(input.operands('file'));
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const { chain, document } = await client.genesis();
  const { treasury } = await import('@daybook/applications');
  const inFlight = input.integer('in-flight', { min: 1, max: IN_FLIGHT_MAX });
  const batchCount = input.integer('batch', { min: 1, max: BATCH_MAX });
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const reporter = createReporter(world);
  try {
    const report = await importSpend(
      {
        files,
        mapping,
        grantor: input.text('grantor'),
        controller: input.text('controller'),
        ...(inFlight !== undefined && { inFlight }),
        ...(batchCount !== undefined && { batchCount }),
      },
      {
        chain,
        books: client.contractOf(treasury),
        submitBatch: (transactions, options) =>
          client.submitBatch(transactions, { ...options, signal: world.signal }),
        authorFor: await createAuthorFinder(authors, client),
        validUntilMs: () => world.nowMs() + validMs,
        now: () => world.elapsedMs(),
        onProgress: reporter.onProgress,
      },
    );
    reporter.end();
    answerReport(report, { input, world });
    return report.linesRefused.length === 0 ? 'done' : 'refused';
  } catch (error) {
    reporter.end();
    if (!(error instanceof ImportError)) throw error;
    throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: error.message }, { cause: error });
  }
}

function answerReport(
  report: ImportReport,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  const { plan: _plan, ...json } = report;
  answer(input, world, { json, lines: (paint) => reportLines(report, paint) });
}

function reportLines(report: ImportReport, paint: Paint): string {
  const { linesImported, linesRefused, added, perSecond, seconds, totals } = report;
  const rows = linesRefused.map(({ file, line, field, reason, expected = '', found = '' }) => [
    file,
    String(line),
    field,
    reason,
    expected,
    found,
  ]);
  const titles = ['File', 'Line', 'Field', 'Reason', 'Expected', 'Found'];
  const pairs = [
    { title: 'Lines on the ledger', text: String(linesImported) },
    { title: 'Added by this run', text: String(added) },
    { title: 'Lines refused', text: String(totals.reduce((n, one) => n + one.linesRefused, 0)) },
    { title: 'Rate', text: `${Math.round(perSecond)} payments/s, ${seconds.toFixed(1)} s in all` },
    ...totals.map((one) => ({ title: `Sum, ${one.currency}`, text: totalText(one) })),
  ];
  const refused = rows.length === 0 ? [] : [renderTable(titles, rows, paint), ''];
  return [...refused, renderPairs(pairs, paint)].join('\n');
}

function totalText({ file, imported, refused, currency }: SpendTotals): string {
  const text = (amount: bigint): string => describeAmount(String(amount), currency);
  return `${text(file)} in the files = ${text(imported)} imported + ${text(refused)} refused`;
}

export const IMPORT_VERBS: readonly Verb[] = [
  {
    words: ['import', 'spend'],
    title: 'Import public spending files, each payment signed by two officers.',
    help:
      'Every line becomes a transaction of its own; a line that cannot be read exactly is refused ' +
      'with its place and reason. Run it again at any time: it goes on where it stopped, and what ' +
      'is there already is not added twice. Refused lines end it with code 1.',
    operands: [{ name: 'file', help: 'CSV files as they were published.', many: true }],
    options: {
      mapping: {
        value: 'FILE',
        help: 'How the publisher writes its files (JSON).',
        required: true,
      },
      grantor: { value: 'SLUG', help: 'Organisation that grants the budgets.', required: true },
      controller: {
        value: 'SLUG',
        help: 'Organisation that signs each payment, too.',
        required: true,
      },
      batch: { value: 'COUNT', help: 'Transactions of one request.' },
      'in-flight': { value: 'COUNT', help: 'Requests under way at a time.' },
      ...SIGNER_OPTIONS,
      ...NODE_OPTIONS,
    },
    examples: [
      'import spend 2019-*.csv --mapping mapping.json --grantor treasury --controller treasury ' +
        '--signer treasury/ann=ann.json --signer office/bob=bob.json',
    ],
    runsUntilTold: true,
    run: importFiles,
  },
];
