/** `daybook import spend`, `funds`, `iati`: files of a publisher onto the ledger, line by line. */
import { describeAmount } from '@daybook/client';
import type {
  FormatsFailure,
  ImportTotals,
  MONEY_FORMATS,
  MoneyLine,
  PlannedPart,
} from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { malformed, readJson } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { ProgressBar } from '../frame/progress.ts';
import { createProgressBar } from '../frame/progress.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorsFinder } from '../imports/authors.ts';
import { ImportError } from '../imports/import-error.ts';
import type { ImportParts, ImportProgress, ImportReport } from '../imports/import-lines.ts';
import type { FileReport } from '../imports/keep-files.ts';
import { importLines, keepFiles } from '../imports/on-demand.ts';
import { pendingCalls } from '../imports/pending-calls.ts';
import { readPackageFiles, readSourceFiles } from '../imports/source-files.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';

/** Files come before the steps of the lines. */
interface Step extends Omit<ImportProgress, 'phase'> {
  readonly phase: ImportProgress['phase'] | 'files';
}

type FormatName = keyof typeof MONEY_FORMATS;

interface Reading {
  readonly lines: readonly MoneyLine[];
  /** Of the files themselves, where no line holds all of them. */
  readonly parts: readonly PlannedPart[];
}

async function readAll(format: FormatName, input: Input): Promise<Reading> {
  // Only these verbs read formats; loading them would slow the start of every other.
  const {
    explainFormats,
    MONEY_FORMATS: formats,
    planKeptFiles,
  } = await import('@daybook/formats');
  const mappingFile = input.text('mapping');
  const json = await readJson(mappingFile);
  const names = input.operands('file');
  const files = await (format === 'fiscal' ? readPackageFiles(names) : readSourceFiles(names));
  const holder = input.optionalText('holder');
  const keeper = holder === undefined ? {} : { holder };
  const lines = formats[format](files, json, keeper);
  const unreadable = (reason: FormatsFailure): CliError => {
    const fact = explainFormats(reason);
    return reason.code === 'FORMATS_MAPPING_INVALID'
      ? malformed(mappingFile, fact)
      : new CliError({ code: 'CLI_IMPORT_FAILED', fact });
  };
  if (!lines.ok) throw unreadable(lines.reason);
  const parts = planKeptFiles(format, files, { mapping: json, ...keeper });
  if (!parts.ok) throw unreadable(parts.reason);
  return { lines: lines.value, parts: parts.value };
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

async function importFiles(format: FormatName, input: Input, world: World): Promise<Exit> {
  const { lines, parts: fileParts } = await readAll(format, input);
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
    answerReport({ ...report, files }, { input, world });
    return report.linesRefused.length === 0 ? 'done' : 'refused';
  } catch (error) {
    reporter.end();
    if (!(error instanceof ImportError)) throw error;
    throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: error.message }, { cause: error });
  }
}

type FullReport = ImportReport & { readonly files: FileReport };

function answerReport(
  report: FullReport,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  const { plan: _plan, ...json } = report;
  answer(input, world, { json, lines: (paint) => reportLines(report, paint) });
}

function reportLines(report: FullReport, paint: Paint): string {
  const { files, linesImported, linesRefused, added, perSecond, seconds, totals } = report;
  const rows = linesRefused.map(
    ({ file, line, column, field, reason, expected = '', found = '' }) => [
      file,
      column === undefined ? String(line) : `${line}:${column}`,
      field,
      reason,
      expected,
      found === '' ? 'nothing' : found,
    ],
  );
  const titles = ['File', 'Line', 'Field', 'Reason', 'Expected', 'Found'];
  const pairs = [
    { title: 'Lines on the ledger', text: String(linesImported) },
    { title: 'Added by this run', text: String(added) },
    { title: 'Lines refused', text: String(totals.reduce((n, one) => n + one.linesRefused, 0)) },
    ...(files.added + files.present === 0
      ? []
      : [
          {
            title: 'Files as they came',
            text: `${files.added} parts added, ${files.present} there`,
          },
        ]),
    { title: 'Rate', text: `${Math.round(perSecond)} lines/s, ${seconds.toFixed(1)} s in all` },
    ...totals.map((one) => ({ title: `Sum, ${one.currency}`, text: totalText(one) })),
  ];
  const refused = rows.length === 0 ? [] : [renderTable(titles, rows, paint), ''];
  return [...refused, renderPairs(pairs, paint)].join('\n');
}

function totalText({ file, imported, refused, currency }: ImportTotals): string {
  const text = (amount: bigint): string => describeAmount(String(amount), currency);
  return `${text(file)} in the files = ${text(imported)} imported + ${text(refused)} refused`;
}

interface FormatHelp {
  readonly title: string;
  readonly operand: string;
  readonly example: string;
}

const HELP: Readonly<Record<FormatName, FormatHelp>> = {
  spend: {
    title: 'Import public spending files, each payment signed by two officers.',
    operand: 'CSV files as they were published.',
    example: '2019-*.csv',
  },
  funds: {
    title: 'Import lists of funded projects, each a commitment.',
    operand: 'CSV files as they were published.',
    example: 'projects.csv',
  },
  iati: {
    title: 'Import aid activities of IATI 1.01 to 2.03 with their commitments and payments.',
    operand: 'XML files as they were published.',
    example: 'activities.xml',
  },
  fiscal: {
    title: 'Import a Fiscal Data Package, budget lines or payments.',
    operand: 'The descriptor, datapackage.json, and the tables that it names.',
    example: 'datapackage.json data/*.csv',
  },
};

function importVerb(format: FormatName): Verb {
  const { title, operand, example } = HELP[format];
  return {
    words: ['import', format],
    title,
    help:
      'Every line becomes a transaction of its own; a line that cannot be read exactly is refused ' +
      'with its place and reason. Run it again at any time: it goes on where it stopped, and what ' +
      'is there already is not added twice. A line that a guard holds is reported as such and not handed in ' +
      'again. Refused and held lines end it with code 1. --signer may name several officers of one ' +
      'organisation: a different one signs in each role wherever that is possible.',
    operands: [{ name: 'file', help: operand, many: true }],
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

export const IMPORT_VERBS: readonly Verb[] = (Object.keys(HELP) as readonly FormatName[]).map(
  importVerb,
);
