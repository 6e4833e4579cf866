/** `daybook import ocds`: releases of another publisher onto the ledger, as they were. */
import type { Finding, OcdsSource, PlannedPart } from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { createProgressBar } from '../frame/progress.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { createAuthorFinder } from '../imports/authors.ts';
import { ImportError } from '../imports/import-error.ts';
import type { ReleaseImportParts, ReleaseImportReport } from '../imports/import-releases.ts';
import { importReleases, keepFiles } from '../imports/on-demand.ts';
import type { PlacedRelease } from '../imports/read-releases.ts';
import { readReleaseFiles } from '../imports/read-releases.ts';
import type { Remedies } from '../imports/refusals.ts';
import { loadRemedies, refusalsOfReleases, renderRefusals } from '../imports/refusals.ts';
import { openSigners, SIGNER_OPTIONS } from '../officers.ts';
import { answer } from '../print.ts';

async function importFiles(input: Input, world: World): Promise<Exit> {
  const { sources, findings, unreadable, locate } = await readReleaseFiles(input.operands('file'));
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
    const done = await importReleases({ sources, publisher }, parts);
    bar.end();
    const { refused, differing } = done;
    const report = {
      ...done,
      refused: [...unreadable, ...locate(refused)],
      differing: locate(differing),
      findings,
    };
    const remedies = await loadRemedies();
    answer(input, world, {
      json: { ...report, files },
      lines: (paint) => reportLines(report, remedies, paint),
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

interface PlacedReport extends ReleaseImportReport {
  readonly refused: readonly PlacedRelease[];
  readonly differing: readonly PlacedRelease[];
  readonly findings: readonly Finding[];
}

function reportLines(report: PlacedReport, remedies: Remedies, paint: Paint): string {
  const { added, present, repeated, refused, differing, findings } = report;
  const pairs = [
    { title: 'Added by this run', text: String(added) },
    { title: 'On the ledger before', text: String(present) },
    { title: 'In the files again', text: String(repeated) },
    { title: 'Added under another name', text: String(differing.length) },
    { title: 'Refused', text: String(refused.length) },
    { title: 'Findings', text: `${findings.length}; daybook check ocds shows them` },
  ];
  const list = refusalsOfReleases([...refused, ...differing]);
  return [...renderRefusals(list, remedies, paint), renderPairs(pairs, paint)].join('\n');
}

export const IMPORT_OCDS_VERB: Verb = {
  words: ['import', 'ocds'],
  title: 'Import OCDS release packages, record packages and single releases.',
  help:
    'Real publishers are rarely valid, so a release is refused only if it lacks ocid, id or date, and ' +
    'a record if nothing of it stands in the file but links; what else is wrong is a finding. The JSON of a release is kept as it was, the rest of its file beside it, and what can be read of ' +
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
