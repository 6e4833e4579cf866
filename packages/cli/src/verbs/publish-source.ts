/** `daybook publish csv` and `publish iati`: what was imported in the format that it came in. */
import path from 'node:path';
import type { KeptLine, SourceFile } from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import { readKept } from '../exports/money.ts';
import { malformed, readJson, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

async function readLines(input: Input, publisher: string): Promise<readonly KeptLine[]> {
  const { treasury } = await import('@daybook/applications');
  const client = await connect(input);
  const lines: KeptLine[] = [];
  for await (const line of readKept(client.contractOf(treasury).records, publisher)) {
    lines.push(line);
  }
  return lines;
}

async function publishCsv(input: Input, world: World): Promise<Exit> {
  const mappingFile = input.text('mapping');
  const json = await readJson(mappingFile);
  const { decodeFundsMapping, decodeSpendMapping, explainFormats, ...formats } = await import(
    '@daybook/formats'
  );
  const isFunds =
    typeof json === 'object' && json !== null && 'format' in json && json.format === 'funds-csv';
  const mapping = isFunds ? decodeFundsMapping(json) : decodeSpendMapping(json);
  if (!mapping.ok) throw malformed(mappingFile, explainFormats(mapping.reason));
  const { publisher, dataset } = mapping.value;
  const all = await readLines(input, publisher);
  const lines = all.filter(({ source }) => source.dataset.startsWith(`${dataset}/`));
  const folder = input.text('out');
  const files =
    mapping.value.format === 'funds-csv'
      ? formats.writeFundsFiles(formats.keptCommitments(lines), mapping.value)
      : formats.writeSpendFiles(
          lines.flatMap((line) => formats.keptPayment(line) ?? []),
          mapping.value,
        );
  return await writeFiles(files, lines.length, { folder, input, world });
}

async function publishIati(input: Input, world: World): Promise<Exit> {
  const { keptActivities, keptRecord, writeIatiFile } = await import('@daybook/formats');
  const lines = await readLines(input, input.operand('publisher'));
  const records = lines.map(keptRecord).filter((record) => record !== undefined);
  const { dir: folder, base } = path.parse(input.text('out'));
  const activities = keptActivities(records);
  const file = writeIatiFile(base, activities);
  return await writeFiles([file], activities.length, { folder, input, world });
}

async function writeFiles(
  files: readonly SourceFile[],
  records: number,
  {
    folder,
    input,
    world,
  }: { readonly folder: string; readonly input: Input; readonly world: World },
): Promise<Exit> {
  const names = files.map(({ name }) => path.join(folder, name));
  for (const [at, { bytes }] of files.entries()) await writeOut(names[at] ?? '', bytes, world);
  answer(input, world, {
    json: { files: names, records },
    lines: (paint) =>
      renderPairs(
        [
          { title: 'Records', text: String(records) },
          ...names.map((text) => ({ title: 'File', text })),
        ],
        paint,
      ),
  });
  return 'done';
}

export const PUBLISH_SOURCE_VERBS: readonly Verb[] = [
  {
    words: ['publish', 'csv'],
    title: 'Write imported spending, or funded projects, as the CSV files they came in.',
    help:
      'The mapping that read the files writes them, under their names and with their headers; ' +
      'importing them again finds every line on the ledger.',
    operands: [],
    options: {
      mapping: { value: 'FILE', help: 'Mapping of the publisher.', required: true },
      out: { value: 'FOLDER', help: 'Where to write.', required: true },
      ...NODE_OPTIONS,
    },
    examples: ['publish csv --mapping mapping.json --out cabinet-office'],
    run: publishCsv,
  },
  {
    words: ['publish', 'iati'],
    title: 'Write the imported aid activities of a publisher as IATI 2.03.',
    help: 'With everything that was read of them, from whatever version; nothing is made up.',
    operands: [{ name: 'publisher', help: 'Slug of the publisher, as the mapping names it.' }],
    options: {
      out: { value: 'FILE', help: 'Where to write.', required: true },
      ...NODE_OPTIONS,
    },
    examples: ['publish iati dfid --out activities.xml'],
    run: publishIati,
  },
];
