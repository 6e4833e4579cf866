/** `daybook import spend`, `funds`, `iati`: files of a publisher onto the ledger, line by line. */
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import type { ProgressBar } from '../frame/progress.ts';
import { createProgressBar } from '../frame/progress.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorsFinder } from '../imports/authors.ts';
import { ImportError } from '../imports/import-error.ts';
import type { ImportParts, ImportProgress, ImportReport } from '../imports/import-lines.ts';
import type { FileReport } from '../imports/keep-files.ts';
import { importLines, keepFiles } from '../imports/on-demand.ts';
import { pendingCalls } from '../imports/pending-calls.ts';
import type { MoneyFormat } from '../imports/read-money.ts';
import {
  FORMAT_HELP,
  MAPPING_OPTION,
  MONEY_FORMAT_NAMES,
  readMoneyFiles,
} from '../imports/read-money.ts';
import type { Remedies } from '../imports/refusals.ts';
import { filesRefused, loadRemedies, renderRefusals, totalText } from '../imports/refusals.ts';
import type { RefusedFile } from '../imports/refused-file.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';

/** Files come before the steps of the lines. */
interface Step extends Omit<ImportProgress, 'phase'> {
  readonly phase: ImportProgress['phase'] | 'files';
}

const PHASES: Readonly<Record<Step['phase'], string>> = {
  comparing: 'Comparing with the ledger',
  files: 'Keeping the files',
  budget: 'Opening budgets',
  lines: 'Adding lines',
};

/** One bar for each phase, with the rate so far. */
function createReporter(world: World): {
  readonly onProgress: (progress: Step) => void;
  readonly end: () => void;
} {
  let phase: Step['phase'] | undefined;
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

async function importFiles(format: MoneyFormat, input: Input, world: World): Promise<Exit> {
  const {
    lines,
    parts: fileParts,
    unreadable,
  } = await readMoneyFiles(format, {
    mapping: input.text('mapping'),
    files: input.operands('file'),
    holder: input.optionalText('holder'),
  });
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const { chain, document } = await client.genesis();
  const { treasury } = await import('@daybook/applications');
  const inFlight = input.integer('in-flight', { min: 1, max: IN_FLIGHT_MAX });
  const batchCount = input.integer('batch', { min: 1, max: BATCH_MAX });
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const reporter = createReporter(world);
  const options = {
    lines,
    grantor: input.text('grantor'),
    controller: input.text('controller'),
    ...(inFlight !== undefined && { inFlight }),
    ...(batchCount !== undefined && { batchCount }),
  };
  const parts: ImportParts = {
    chain,
    books: client.contractOf(treasury),
    submitBatch: (transactions, batch) =>
      client.submitBatch(transactions, { ...batch, signal: world.signal }),
    pendingCalls: () => pendingCalls(client),
    authorsFor: await createAuthorsFinder(authors, client),
    validUntilMs: () => world.nowMs() + validMs,
    now: () => world.elapsedMs(),
    onProgress: reporter.onProgress,
  };
  try {
    const files = await keepFiles(fileParts, {
      ...parts,
      kept: parts.books.records.filePart,
      onKept: (done, total) => reporter.onProgress({ phase: 'files', done, total }),
    });
    const report = await importLines(options, parts);
    reporter.end();
    const remedies = await loadRemedies();
    answerReport({ ...report, filesRefused: unreadable, files }, remedies, { input, world });
    return report.linesRefused.length + unreadable.length === 0 ? 'done' : 'refused';
  } catch (error) {
    reporter.end();
    if (!(error instanceof ImportError)) throw error;
    throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: error.message }, { cause: error });
  }
}

type FullReport = ImportReport & {
  readonly filesRefused: readonly RefusedFile[];
  readonly files: FileReport;
};

function answerReport(
  report: FullReport,
  remedies: Remedies,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  const { plan: _plan, ...json } = report;
  answer(input, world, { json, lines: (paint) => reportLines(report, remedies, paint) });
}

function reportLines(report: FullReport, remedies: Remedies, paint: Paint): string {
  const {
    files,
    filesRefused: unreadable,
    linesImported,
    linesRefused,
    added,
    perSecond,
    seconds,
    totals,
  } = report;
  const pairs = [
    { title: 'Lines on the ledger', text: String(linesImported) },
    { title: 'Added by this run', text: String(added) },
    { title: 'Lines refused', text: String(totals.reduce((n, one) => n + one.linesRefused, 0)) },
    ...filesRefused(unreadable),
    ...(files.added + files.present === 0
      ? []
      : [
          {
            title: 'Files as they came',
            text: `${files.added} parts added, ${files.present} there`,
          },
        ]),
    { title: 'Rate', text: `${Math.round(perSecond)} lines/s, ${seconds.toFixed(1)} s in all` },
    ...totals.map((one) => ({ title: `Sum, ${one.currency}`, text: totalText(one, 'imported') })),
  ];
  return [
    ...renderRefusals([...unreadable, ...linesRefused], remedies, paint),
    renderPairs(pairs, paint),
  ].join('\n');
}

function importVerb(format: MoneyFormat): Verb {
  const { holds, operand, example } = FORMAT_HELP[format];
  return {
    words: ['import', format],
    title: `Import ${holds}.`,
    help:
      'Every line becomes a transaction of its own; a line that cannot be read exactly is refused ' +
      'with its place and reason. Run it again at any time: it goes on where it stopped, and what ' +
      'is there already is not added twice. A line that a guard holds is reported as such and not handed in ' +
      'again. Refused and held lines end it with code 1. --signer may name several officers of one ' +
      'organisation: a different one signs in each role wherever that is possible.',
    operands: [{ name: 'file', help: operand, many: true }],
    options: {
      ...MAPPING_OPTION,
      grantor: { value: 'SLUG', help: 'Organisation that grants the budgets.', required: true },
      controller: {
        value: 'SLUG',
        help: 'Organisation that signs each payment, too.',
        required: true,
      },
      holder: {
        value: 'SLUG',
        help: 'Organisation that keeps the budgets, if the publisher is no member.',
      },
      batch: { value: 'COUNT', help: 'Transactions of one request.' },
      'in-flight': { value: 'COUNT', help: 'Requests under way at a time.' },
      ...SIGNER_OPTIONS,
      ...NODE_OPTIONS,
    },
    examples: [
      `import ${format} ${example} --mapping mapping.json --grantor treasury ` +
        '--controller treasury --signer treasury/ann=ann.json --signer office/bob=bob.json',
    ],
    runsUntilTold: true,
    run: (input, world) => importFiles(format, input, world),
  };
}

export const IMPORT_VERBS: readonly Verb[] = MONEY_FORMAT_NAMES.map(importVerb);
