/**
 * `npm run import-data`: every source of public data onto a cluster of four validators, twice, held
 * against what DuckDB counts in the files: the same lines, the same sums, and nothing doubled.
 *
 *   npm run import-data                       the excerpts that the repository carries
 *   npm run import-data -- --data FOLDER      whole files in a folder of the layout that
 *                                             scripts/imports/sources.ts names
 *   npm run import-data -- --only EPSRC       sources whose name begins so
 *   npm run import-data -- --report FILE      each refused line as a line of JSON: file, line,
 *                                             field, what was expected, what was found
 *
 * Ends with code 1 if anything differs, with 2 if no source has the name or one has no files.
 */
import { globSync } from 'node:fs';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ImportOutcome } from './imports/on-cluster.ts';
import { importMoney, importProcurement, openTarget } from './imports/on-cluster.ts';
import { releaseFiles, releaseFolder } from './imports/releases.ts';
import { importSources } from './imports/sources.ts';
import { parseOptions } from './options.ts';

/** The OCDS releases of all publishers, beside the sources of money. */
const RELEASES = 'Releases';

function tell({ told, differences }: ImportOutcome): void {
  const lines = [...told, ...differences.map((one) => `  DIFFERS: ${one}`)];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  const { values } = parseOptions(import.meta.filename, {
    options: {
      data: { type: 'string' },
      only: { type: 'string', default: '' },
      report: { type: 'string' },
    },
  });
  const { data, only, report } = values;
  const sources = importSources(data);
  const chosen = sources.filter(({ name }) => name.startsWith(only));
  const withReleases = RELEASES.startsWith(only);
  if (chosen.length === 0 && !withReleases) {
    const names = [...sources.map(({ name }) => name), RELEASES].join(', ');
    process.stderr.write(`--only ${only}: no source begins so; there are ${names}\n`);
    process.exitCode = 2;
    return;
  }
  const globs = chosen.map(({ name, files }) => ({ name, files }));
  if (withReleases) globs.push({ name: RELEASES, files: releaseFiles(releaseFolder(data)) });
  const empty = globs.filter(({ files }) => globSync(files).length === 0);
  if (empty.length > 0) {
    const lines = empty.map(({ name, files }) => `${name} has no file ${files}\n`);
    process.stderr.write(`${lines.join('')}put them there, or leave sources out with --only\n`);
    process.exitCode = 2;
    return;
  }
  if (report !== undefined) await writeFile(report, '');
  const folder = await mkdtemp(path.join(tmpdir(), 'daybook-import-'));
  const target = await openTarget(folder);
  let isRight = true;
  const take = async (name: string, outcome: ImportOutcome): Promise<void> => {
    tell(outcome);
    isRight &&= outcome.differences.length === 0;
    const lines = outcome.refused.map((line) => `${JSON.stringify({ source: name, ...line })}\n`);
    if (report !== undefined) await appendFile(report, lines.join(''));
  };
  try {
    for (const source of chosen) {
      await take(source.name, await importMoney(source, target));
    }
    if (withReleases) {
      await take(RELEASES, await importProcurement(releaseFolder(data), target));
    }
    process.stdout.write(isRight ? 'everything agrees\n' : 'something differs\n');
    process.exitCode = isRight ? 0 : 1;
  } finally {
    await target.cluster.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
