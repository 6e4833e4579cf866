/** `daybook publish files`: what was imported as the files that it came in. */
import path from 'node:path';
import type { ExactObject, KeptFinding, SourceFile } from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import { readFiles, seriesOf } from '../exports/kept-files.ts';
import { LEFT_OUT_HELP } from '../exports/left-out.ts';
import { openBooks, readKept } from '../exports/money.ts';
import { readPublished } from '../exports/releases.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { writeFiles } from './publish-source.ts';

/** Files of several imports may have the same name: the later ones get a folder of their hash. */
const HASH_SHOWN = 12;

async function publishFiles(input: Input, world: World): Promise<Exit> {
  const publisher = input.operand('publisher');
  const findings: KeptFinding[] = [];
  const files = new Map<string, SourceFile>();
  for await (const { hash, merged } of mergeAll(input, publisher, findings)) {
    const folder = freeFolder(hash, (at) =>
      merged.every(({ name }) => !files.has(path.join(at, name))),
    );
    for (const { name, bytes } of merged) {
      const own = path.join(folder, name);
      files.set(own, { name: own, bytes });
    }
  }
  const written = {
    name: publisher,
    files: [...files.values()],
    folder: input.text('out'),
    records: files.size,
  };
  return await writeFiles({ ...written, findings, others: 0 }, input, world);
}

/** The first that is free: none, that of the hash, or a numbered one, where several keep one file. */
function freeFolder(hash: string, isFree: (folder: string) => boolean): string {
  const own = hash.slice(0, HASH_SHOWN);
  if (isFree('')) return '';
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? own : `${own}-${number}`;
    if (isFree(folder)) return folder;
  }
}

/** Files of money, then those of contracting, with what the ledger has of them. */
async function* mergeAll(input: Input, publisher: string, findings: KeptFinding[]) {
  const { mergeKeptFiles, mergeOcdsFrame } = await import('@daybook/formats');
  const books = await openBooks(input);
  const lineSeries = seriesOf(await readKept(books, publisher), publisher);
  for await (const listed of readFiles(books.filePart, publisher, findings)) {
    const merged = mergeKeptFiles(listed.bundle, lineSeries(listed));
    findings.push(...merged.findings);
    yield { hash: listed.hash, merged: merged.files };
  }
  const { procurement } = await import('@daybook/applications');
  const { records } = (await connect(input)).contractOf(procurement);
  let releases: ReadonlyMap<string, ExactObject> | undefined;
  for await (const { bundle, hash } of readFiles(records.filePart, publisher, findings)) {
    releases ??= await readPublished(records, publisher);
    const known = releases;
    yield { hash, merged: mergeOcdsFrame(bundle, (release) => known.get(release)) };
  }
}

export const PUBLISH_FILES_VERB: Verb = {
  words: ['publish', 'files'],
  title: 'Write imported IATI, OCDS and Fiscal Data Package files as they came.',
  help:
    'Everything that stood in them comes out, in their own version and encoding (OCDS as the same ' +
    'JSON), but for what is not on the ledger; where the ledger says otherwise since, its word ' +
    'stands in the files. Importing them again adds nothing. ' +
    LEFT_OUT_HELP,
  operands: [
    {
      name: 'publisher',
      help: 'Slug of the publisher, as the mapping names it; of OCDS who brought the releases.',
    },
  ],
  options: {
    out: { value: 'FOLDER', help: 'Where to write.', required: true },
    ...NODE_OPTIONS,
  },
  examples: ['publish files dfid --out dfid'],
  run: publishFiles,
};
