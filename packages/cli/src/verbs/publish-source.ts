/** `daybook publish csv` and `publish iati`: what was imported in the format that it came in. */
import path from 'node:path';
import type { KeptFinding, SourceFile } from '@daybook/formats';
import { NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import { answerPublication, checkFound, LEFT_OUT_HELP } from '../exports/left-out.ts';
import { openBooks, readKept } from '../exports/money.ts';
import { malformed, readJson, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';

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
  const all = await readKept(await openBooks(input), publisher);
  const kept = formats.readKeptLines(
    all.filter(({ source }) => source.dataset.startsWith(`${dataset}/`)),
  );
  const projects = kept.records.flatMap((one) => (one.origin === 'funds' ? [one.record] : []));
  const payments = kept.records.flatMap((one) => (one.origin === 'spend' ? [one.record] : []));
  const [count, files] =
    mapping.value.format === 'funds-csv'
      ? [projects.length, formats.writeFundsFiles(projects, mapping.value)]
      : [payments.length, formats.writeSpendFiles(payments, mapping.value)];
  const others = kept.records.length - count;
  return await writeFiles(
    {
      ...{ name: `${publisher} ${dataset}`, files, folder: input.text('out') },
      ...{ records: count, findings: kept.findings, others },
    },
    input,
    world,
  );
}

async function publishIati(input: Input, world: World): Promise<Exit> {
  const { joinActivities, readKeptLines, writeIatiFile } = await import('@daybook/formats');
  const books = await openBooks(input);
  const name = input.operand('publisher');
  const { records, findings } = readKeptLines(await readKept(books, name));
  const { dir: folder, base } = path.parse(input.text('out'));
  const parts = records.filter((one) => one.origin === 'iati');
  const activities = joinActivities(parts);
  const files = [writeIatiFile(base, activities)];
  const others = records.length - parts.length;
  return await writeFiles(
    { name, files, folder, records: activities.length, findings, others },
    input,
    world,
  );
}

/** Files with what is told of them. */
interface Written {
  /** What was asked for. */
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly folder: string;
  readonly records: number;
  readonly findings: readonly KeptFinding[];
  readonly others: number;
}

/** Writes files into a folder, and tells what was left out of them. */
export async function writeFiles(
  { name, files, folder, records, findings, others }: Written,
  input: Input,
  world: World,
): Promise<Exit> {
  checkFound(name, { records, findings, others });
  const names = files.map(({ name }) => path.join(folder, name));
  for (const [at, { bytes }] of files.entries()) await writeOut(names[at] ?? '', bytes, world);
  const pairs = [
    { title: 'Records', text: String(records) },
    ...names.map((text) => ({ title: 'File', text })),
  ];
  return answerPublication(
    { json: { files: names, records }, pairs, findings, others },
    input,
    world,
  );
}

export const PUBLISH_SOURCE_VERBS: readonly Verb[] = [
  {
    words: ['publish', 'csv'],
    title: 'Write imported spending, or funded projects, as the CSV files they came in.',
    help:
      'The mapping that read the files writes them, under their names and with their headers; ' +
      `importing them again finds every line on the ledger. ${LEFT_OUT_HELP}`,
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
    help:
      'What was read of them, from whatever version; nothing is made up. What else stood in the ' +
      `files comes out by publish files. ${LEFT_OUT_HELP}`,
    operands: [{ name: 'publisher', help: 'Slug of the publisher, as the mapping names it.' }],
    options: {
      out: { value: 'FILE', help: 'Where to write.', required: true },
      ...NODE_OPTIONS,
    },
    examples: ['publish iati dfid --out activities.xml'],
    run: publishIati,
  },
];
