/** `daybook publish money` and `publish ocds`: what was imported comes out again, in its format. */
import path from 'node:path';
import { encodeUtf8 } from '@daybook/core';
import type {
  ExactObject,
  FiscalRecord,
  KeptRecord,
  LineFault,
  OcdsValidator,
  SourceFile,
} from '@daybook/formats';
import { connect, NODE_OPTIONS } from '../connect.ts';
import type { Exit } from '../exit-codes.ts';
import { answerPublication, checkFound, LEFT_OUT_HELP } from '../exports/left-out.ts';
import { openBooks, readKept } from '../exports/money.ts';
import type { ListedRelease } from '../exports/releases.ts';
import { readReleases } from '../exports/releases.ts';
import { writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

async function publishMoney(input: Input, world: World): Promise<Exit> {
  const { readKeptLines, writeFiscalPackages } = await import('@daybook/formats');
  const publisher = input.operand('publisher');
  const kept = readKeptLines(await readKept(await openBooks(input), publisher));
  const { findings } = kept;
  checkFound(publisher, { records: kept.records.length, findings, others: 0 });
  const fiscal: FiscalRecord[] = [];
  const records: string[] = [];
  for (const { origin, record } of kept.records) {
    if (origin === 'spend' || origin === 'fiscal') fiscal.push(record);
    else records.push(recordText(record));
  }
  const packages =
    fiscal.length === 0
      ? []
      : writeFiscalPackages({ name: publisher, title: `Money of ${publisher}` }, fiscal);
  const files: SourceFile[] = packages.flatMap(({ name, files: inside }) =>
    inside.map((file) => ({ ...file, name: path.join(name, file.name) })),
  );
  if (records.length > 0)
    files.push({ name: 'records.jsonl', bytes: encodeUtf8(records.join('')) });
  const folder = input.text('out');
  for (const { name, bytes } of files) await writeOut(path.join(folder, name), bytes, world);
  const names = files.map(({ name }) => name);
  const publication = {
    json: { folder, files: names, fiscal: fiscal.length, records: records.length },
    pairs: [
      { title: 'Payments, budgets', text: `${fiscal.length}, in ${packages.length} packages` },
      { title: 'Other records', text: `${records.length}, in records.jsonl` },
      { title: 'Folder', text: folder },
    ],
    findings,
    others: 0,
  };
  return answerPublication(publication, input, world);
}

/** One record as a line; minor units are decimal texts. */
function recordText(record: KeptRecord['record']): string {
  const json = JSON.stringify(record, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return `${json}\n`;
}

/** A release that is not written, and why. */
interface LeftOut {
  readonly ocid: string;
  readonly release: string;
  readonly field: string;
  readonly reason: LineFault['code'];
  readonly expected: string;
  readonly found: string;
}

interface Releases {
  readonly releases: readonly ExactObject[];
  readonly leftOut: readonly LeftOut[];
  readonly hasBids: boolean;
}

async function collectReleases(
  listed: AsyncIterable<ListedRelease>,
  validate: OcdsValidator,
): Promise<Releases> {
  const { conductedReleaseJson, readKeptRelease } = await import('@daybook/formats');
  const releases: ExactObject[] = [];
  const leftOut: LeftOut[] = [];
  let hasBids = false;
  for await (const one of listed) {
    if (one.kind === 'conducted') {
      releases.push(conductedReleaseJson(one.entry, one.rows));
      hasBids ||= one.rows.bids.length > 0;
      continue;
    }
    const { ocid, release } = one;
    if (one.kind === 'partial') {
      const reason = 'FORMATS_DETAILS_INVALID';
      leftOut.push({ ocid, release, field: '', reason, expected: 'all its parts', found: 'some' });
      continue;
    }
    const read = readKeptRelease(one, validate);
    if (read.ok) {
      releases.push(read.value);
    } else {
      const { code: reason, ...fault } = read.reason;
      leftOut.push({ ocid, release, reason, ...fault });
    }
  }
  return { releases, leftOut, hasBids };
}

async function publishReleases(input: Input, world: World): Promise<Exit> {
  const { BID_EXTENSION, createOcdsValidator, recordsOf, ...formats } = await import(
    '@daybook/formats'
  );
  const { procurement } = await import('@daybook/applications');
  const client = await connect(input);
  const validate = createOcdsValidator();
  const { records: books } = client.contractOf(procurement);
  const ocid = input.optionalText('ocid');
  const listed = readReleases(books, ocid);
  const { releases, leftOut, hasBids } = await collectReleases(listed, validate);
  if (ocid !== undefined) {
    checkFound(ocid, { records: releases.length, findings: [], others: leftOut.length });
  }
  const metadata = {
    uri: input.text('uri'),
    publisher: { name: input.text('publisher') },
    publishedDate: new Date(world.nowMs()).toISOString(),
    version: '1.1',
    ...(hasBids && { extensions: [BID_EXTENSION] }),
  };
  const records = input.flag('records') ? recordsOf(releases) : undefined;
  const { text, findings } =
    records === undefined
      ? formats.writeReleasePackage(metadata, releases, validate)
      : formats.writeRecordPackage(metadata, records, validate);
  const file = input.text('out');
  await writeOut(file, text, world);
  const rows = leftOut.map(({ ocid, release, field, reason, expected, found }) => [
    ocid,
    release,
    field,
    reason,
    expected,
    found,
  ]);
  const titles = ['Process', 'Release', 'Field', 'Reason', 'Expected', 'Found'];
  const pairs = [
    { title: 'Releases', text: `${releases.length} in ${file}` },
    ...(records === undefined ? [] : [{ title: 'Records', text: String(records.length) }]),
    { title: 'Left out', text: String(leftOut.length) },
    { title: 'Findings', text: `${findings.length}; --json lists them` },
  ];
  answer(input, world, {
    json: {
      ...{ file, releases: releases.length },
      ...(records !== undefined && { records: records.length }),
      ...{ leftOut, findings },
    },
    lines: (paint) =>
      [
        ...(rows.length === 0 ? [] : [renderTable(titles, rows, paint), '']),
        renderPairs(pairs, paint),
      ].join('\n'),
  });
  return leftOut.length === 0 ? 'done' : 'refused';
}

export const PUBLISH_VERBS: readonly Verb[] = [
  {
    words: ['publish', 'money'],
    title: 'Write the imported lines of a publisher in public formats.',
    help:
      'Payments, and what came in Fiscal Data Packages, come out as such packages, one for each kind ' +
      'and currency; funded projects and aid activities as JSON Lines, as their format read them. ' +
      LEFT_OUT_HELP,
    operands: [{ name: 'publisher', help: 'Slug of the publisher, as the mapping names it.' }],
    options: {
      out: { value: 'FOLDER', help: 'Where to write.', required: true },
      ...NODE_OPTIONS,
    },
    examples: ['publish money cabinet-office --out cabinet-office'],
    run: publishMoney,
  },
  {
    words: ['publish', 'ocds'],
    title: 'Write all releases as one OCDS release package, or as a record package.',
    help:
      'An imported release comes out as it was published; one of a process that is conducted on ' +
      'this ledger shows the state after its block. What the schema finds wrong is told. A release ' +
      'whose JSON is not what was announced is left out and reported, and ends it with code 1.',
    operands: [],
    options: {
      records: {
        help: 'A record package: of each process its releases, oldest first, and what they add up to.',
      },
      ocid: { value: 'OCID', help: 'Only the releases of this process.' },
      uri: { value: 'URI', help: 'Where the package will be published.', required: true },
      publisher: { value: 'NAME', help: 'Who publishes the package.', required: true },
      out: { value: 'FILE', help: 'Where to write.', required: true },
      ...NODE_OPTIONS,
    },
    examples: [
      'publish ocds --uri https://example.org/releases.json --publisher Works --out releases.json',
    ],
    run: publishReleases,
  },
];
