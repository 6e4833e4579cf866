/** `daybook import ocds`: releases of another publisher onto the ledger, as they were. */
import type { Finding, OcdsSource, PlannedPart } from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { createProgressBar } from '../frame/progress.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorFinder } from '../imports/authors.ts';
import { ImportError } from '../imports/import-error.ts';
import type {
  RefusedRelease,
  ReleaseImportParts,
  ReleaseImportReport,
} from '../imports/import-releases.ts';
import { importReleases, keepFiles } from '../imports/on-demand.ts';
import { readSourceFiles } from '../imports/source-files.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';

interface Sources {
  readonly sources: readonly OcdsSource[];
  readonly findings: readonly Finding[];
}

async function readSources(input: Input): Promise<Sources> {
  // Only imports read formats; loading them would slow the start of every other verb.
  const { createOcdsValidator, explainFormats, readOcdsFile } = await import('@daybook/formats');
  const validate = createOcdsValidator();
  const sources: OcdsSource[] = [];
  const findings: Finding[] = [];
  for (const file of await readSourceFiles(input.operands('file'))) {
    const read = readOcdsFile(file, validate);
    if (!read.ok) {
      throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: explainFormats(read.reason) });
    }
    const { releases, records, findings: own } = read.value;
    sources.push({ file: file.name, package: read.value });
    const whole = records.flatMap(({ releases: inside }) => inside);
    findings.push(...own, ...[...releases, ...records, ...whole].flatMap((one) => one.findings));
  }
  return { sources, findings };
}

async function importFiles(input: Input, world: World): Promise<Exit> {
  const { sources, findings } = await readSources(input);
  const publisher = input.text('publisher');
  const frames = await planFrames(sources, publisher);
  const authors = await openSigners(input, world);
  const client = await connect(input);
  const { chain, document } = await client.genesis();
  const { procurement } = await import('@daybook/applications');
  const validMs = Math.floor(document.parameters.validityMaxMs / 2);
  const bar = createProgressBar('Adding releases', world);
  const processes = client.contractOf(procurement);
  const authorFor = await createAuthorFinder(authors, client);
  const parts: ReleaseImportParts = {
    chain,
    processes,
    submitBatch: (transactions, options) =>
      client.submitBatch(transactions, { ...options, signal: world.signal }),
    authorFor,
    validUntilMs: () => world.nowMs() + validMs,
    onProgress: (done, total) => bar.update(done, total, ''),
  };
  try {
    const files = await keepFiles(frames, {
      ...parts,
      kept: processes.records.filePart,
      authorsFor: (signers) => signers.map(authorFor),
    });
    const report = await importReleases({ sources, publisher }, parts);
    bar.end();
    answer(input, world, {
      json: { ...report, files, findings },
      lines: (paint) => reportLines(report, findings, paint),
    });
    return report.refused.length === 0 ? 'done' : 'refused';
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: error.message }, { cause: error });
  } finally {
    bar.end();
  }
}

async function planFrames(
  sources: readonly OcdsSource[],
  publisher: string,
): Promise<readonly PlannedPart[]> {
  const { explainFormats, planOcdsFrames } = await import('@daybook/formats');
  const frames = planOcdsFrames(sources, publisher);
  if (frames.ok) return frames.value;
  throw new CliError({ code: 'CLI_IMPORT_FAILED', fact: explainFormats(frames.reason) });
}

function rowsOf(list: readonly RefusedRelease[]): readonly (readonly string[])[] {
  return list.map(({ file, pointer, field, reason, expected, found }) => [
    file,
    `${pointer}${field}`,
    reason,
    expected,
    found,
  ]);
}

function reportLines(
  report: ReleaseImportReport,
  findings: readonly Finding[],
  paint: Parameters<typeof renderTable>[2],
): string {
  const { added, present, repeated, refused, differing } = report;
  const titles = ['File', 'Place', 'Reason', 'Expected', 'Found'];
  const rows = rowsOf([...refused, ...differing]);
  const pairs = [
    { title: 'Added by this run', text: String(added) },
    { title: 'On the ledger before', text: String(present) },
    { title: 'In the files again', text: String(repeated) },
    { title: 'Added under another name', text: String(differing.length) },
    { title: 'Refused', text: String(refused.length) },
    { title: 'Findings', text: `${findings.length}; --json lists them` },
  ];
  const table = rows.length === 0 ? [] : [renderTable(titles, rows, paint), ''];
  return [...table, renderPairs(pairs, paint)].join('\n');
}

export const IMPORT_OCDS_VERB: Verb = {
  words: ['import', 'ocds'],
  title: 'Import OCDS release packages, record packages and single releases.',
  help:
    'Real publishers are rarely valid, so a release is refused only if it lacks ocid, id or date; ' +
    'what else is wrong with it is a finding. Its JSON is kept as it was, the rest of its file beside it, and what can be read of ' +
    'it stands in the records of procurement. Run it again at any time: nothing is added twice.',
  operands: [{ name: 'file', help: 'JSON files as they were published.', many: true }],
  options: {
    publisher: {
      value: 'SLUG',
      help: 'Organisation of the ledger that brings the releases.',
      required: true,
    },
    ...SIGNER_OPTIONS,
    ...NODE_OPTIONS,
  },
  examples: ['import ocds releases/*.json --publisher works --signer works/ann=ann.json'],
  runsUntilTold: true,
  run: importFiles,
};
