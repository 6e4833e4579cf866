/** Reading records: one, a list, every version, and the proofs of them. Derived from the manifest. */
import type { Client, FoundRecord, JsonRow, Language, RecordVersion } from '@daybook/client';
import {
  ClientError,
  describeFacts,
  describeRow,
  explainVerdict,
  verifyListBundles,
  verifyProofBundle,
} from '@daybook/client';
import type { JsonValue, ManifestContract, ManifestRecord } from '@daybook/contracts';
import { contractNamed } from '../actions/contracts.ts';
import { jsonOf } from '../actions/flags.ts';
import { connect, LANGUAGE_OPTION, languageOf, NODE_OPTIONS, trustedErasOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { renderList } from '../exports/tables.ts';
import { writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { withPatience } from '../frame/progress.ts';
import type { Paint } from '../frame/style.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Options, Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer, answerNothing, remark } from '../print.ts';
import { listColumns } from './list-columns.ts';
import { fetchList, keptIn, proofFileOf, TABLE_FORMS, tableFormOf } from './list-files.ts';
import { KEY_OPERAND, namedBy, ONE_RECORD, RECORD_OPERANDS } from './record-operands.ts';
import { verdictJson } from './verdict-json.ts';
import { exitOfVerdict } from './verdict-lines.ts';
import { answerList } from './verify.ts';

const HEIGHT_OPTION = {
  height: { value: 'HEIGHT', help: 'State after this block; the newest if left out.' },
} as const satisfies Options;

interface RecordSet {
  readonly client: Client;
  readonly contract: ManifestContract;
  readonly spec: ManifestRecord;
}

interface Place extends RecordSet {
  /** Key fields as text, in order. */
  readonly key: readonly string[];
}

/** A proof is asked for in a file. */
interface Saving {
  readonly input: Input;
  readonly world: World;
  readonly proofFile: string;
}

async function placeOf(input: Input): Promise<Place> {
  const named = await namedBy(input);
  const client = await connect(input);
  const contract = await contractNamed(named.contract, client);
  return { key: named.key, client, contract, spec: specNamed(contract, named.record) };
}

function specNamed(contract: ManifestContract, name: string): ManifestRecord {
  const spec = Object.hasOwn(contract.records, name) ? contract.records[name] : undefined;
  if (spec !== undefined) return spec;
  const known = Object.keys(contract.records);
  throw new ClientError({ code: 'CLIENT_RECORD_SET_UNKNOWN', name, known });
}

/** Key operands as JSON. @param isWhole  every key field must be there */
function keyOf(spec: ManifestRecord, texts: readonly string[], isWhole: boolean): JsonRow {
  const fields = Object.entries(spec.key);
  const names = fields.map(([name]) => name.toUpperCase()).join(' ');
  const surplus = texts[fields.length];
  if (surplus !== undefined) throw new CliError({ code: 'CLI_OPERAND_SURPLUS', found: surplus });
  if (isWhole && texts.length < fields.length) {
    throw new CliError({ code: 'CLI_OPERAND_MISSING', name: `the key of ${spec.name}: ${names}` });
  }
  const entries = texts.map((text, index): readonly [string, JsonValue] => {
    const [name = '', field] = fields[index] ?? [];
    // Key fields are texts and integers: both are JSON values.
    return [name, field === undefined ? text : (jsonOf(field, [text]) as JsonValue)];
  });
  return Object.fromEntries(entries);
}

function heightOf(input: Input): { readonly height?: number } {
  const height = input.integer('height', { min: 0, max: Number.MAX_SAFE_INTEGER });
  return height === undefined ? {} : { height };
}

/** Nodes that no longer have the block do not know when it was made. */
function at(time: string | undefined): string {
  return time === undefined ? '' : `, ${time}`;
}

/** A record under the titles of its fields. */
function recordLines(
  spec: ManifestRecord,
  found: FoundRecord,
  { language, paint }: { readonly language: Language; readonly paint: Paint },
): string {
  const { row, stamp, time, head, overdue = [] } = found;
  const written =
    stamp && `block ${stamp.height}, transaction ${stamp.txIndex}, by ${stamp.writer}${at(time)}`;
  return renderPairs(
    [
      ...describeRow({ ...spec.key, ...spec.fields }, row, language),
      ...(written === undefined ? [] : [{ title: 'Last written', text: written }]),
      ...overdue.map((field) => ({ title: 'Overdue', text: field })),
      { title: 'State of block', text: String(head.height) },
    ],
    paint,
  );
}

async function get(input: Input, world: World): Promise<Exit> {
  const place = await placeOf(input);
  const { client, contract, spec } = place;
  const key = keyOf(spec, place.key, true);
  const proofFile = input.optionalText('proof');
  if (proofFile !== undefined) return await saveProof(place, key, { input, world, proofFile });
  const reader = client.contractBy(contract).records(spec.name);
  const found = await reader.get(key, heightOf(input));
  if (found === undefined) return answerNothing(input, world, `There is no such ${spec.name}.`);
  const language = languageOf(input);
  answer(input, world, {
    json: found,
    lines: (paint) => recordLines(spec, found, { language, paint }),
  });
  return 'done';
}

/** Fetches a proof, keeps it in a file, and checks it before it says anything. */
async function saveProof(
  { client, contract, spec }: Place,
  key: JsonRow,
  { input, world, proofFile }: Saving,
): Promise<Exit> {
  const reader = client.contractBy(contract).records(spec.name);
  const bytes = await withPatience('Fetching the proof', world, reader.prove(key, heightOf(input)));
  await writeOut(proofFile, bytes, world);
  const chain = await client.chain();
  const verdict = verifyProofBundle(bytes, {
    chain,
    eras: await trustedErasOf(input),
    nowMs: world.nowMs(),
  });
  const language = languageOf(input);
  answer(input, world, {
    json: { file: proofFile, bytes: bytes.length, ...verdictJson(verdict) },
    lines: (paint) => {
      const facts = verdict.outcome === 'invalid' ? [] : describeFacts(verdict.facts, language);
      return [
        explainVerdict(verdict, language).join(' '),
        ...(facts.length === 0 ? [] : [renderPairs(facts, paint)]),
        `Proof kept in ${proofFile} (${bytes.length} bytes).`,
      ].join('\n');
    },
  });
  return exitOfVerdict(verdict);
}

const ROWS_DEFAULT = 50;
const ROWS_MAX = 1_000_000;

async function list(input: Input, world: World): Promise<Exit> {
  const client = await connect(input);
  const contract = await contractNamed(input.operand('contract'), client);
  const name = input.operand('record');
  const query = Object.hasOwn(contract.records, name) ? undefined : contract.queries[name];
  const spec = specNamed(contract, query?.record ?? name);
  const leading = keyOf(spec, input.operands('key'), false);
  const proofFile = input.optionalText('proof');
  if (proofFile !== undefined) {
    if (query !== undefined) {
      const expected = 'a record set, for only such a list can be proven whole';
      throw new CliError({ code: 'CLI_OPTION_INVALID', option: 'proof', expected });
    }
    return await saveList({ client, contract, spec }, leading, { input, world, proofFile });
  }
  const limit = input.integer('limit', { min: 1, max: ROWS_MAX }) ?? ROWS_DEFAULT;
  const options = { ...heightOf(input), pageSize: Math.min(limit, 200), signal: world.signal };
  const json = client.contractBy(contract);
  const found =
    query === undefined
      ? json.records(spec.name).list(leading, options)
      : json.query(name, leading, options);
  const rows: FoundRecord[] = [];
  for await (const row of found) {
    if (rows.length === limit) break;
    rows.push(row);
  }
  answer(input, world, {
    json: rows.map(({ row, stamp, overdue }) => ({ row, stamp, ...(overdue && { overdue }) })),
    lines: (paint) => listLines(spec, rows, { language: languageOf(input), paint }),
  });
  if (rows.length === limit) remark(world, `The first ${limit}; --limit shows more.`);
  return 'done';
}

/** Fetches the proof of a list, file by file, keeps them, and checks them together. */
async function saveList(place: RecordSet, leading: JsonRow, saving: Saving): Promise<Exit> {
  const { input, world, proofFile } = saving;
  const { files, trust } = await fetchList(place, leading, saving);
  const exit = answerList(verifyListBundles(files, trust), { input, world });
  remark(world, keptIn(proofFile, files));
  return exit;
}

/** A whole list as a table for other programs, with the proof that it is whole beside it. */
async function exportList(input: Input, world: World): Promise<Exit> {
  const tableFile = input.text('out');
  const form = tableFormOf(tableFile);
  if (form === undefined) {
    const expected = `a file that ends in ${TABLE_FORMS.map((one) => `.${one}`).join(' or ')}`;
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--out', expected });
  }
  const place = await placeOf(input);
  const leading = keyOf(place.spec, place.key, false);
  const proofFile = proofFileOf(tableFile);
  const { files, trust } = await fetchList(place, leading, { input, world, proofFile });
  const verdict = verifyListBundles(files, trust);
  if (verdict.outcome !== 'invalid') {
    await writeOut(tableFile, await renderList(verdict.facts, form), world);
  }
  const exit = answerList(verdict, { input, world });
  remark(world, `Table in ${tableFile}. ${keptIn(proofFile, files)}`);
  return exit;
}

function listLines(
  spec: ManifestRecord,
  rows: readonly FoundRecord[],
  { language, paint }: { readonly language: Language; readonly paint: Paint },
): string {
  const columns = listColumns(
    spec,
    rows.map(({ row }) => row),
  );
  const table = { ...spec.key, ...spec.fields };
  const titles = columns.map((name) => table[name]?.title[language] ?? name);
  const cells = rows.map(({ row }) =>
    columns.map((name) => {
      const field = table[name];
      if (field === undefined || row[name] === undefined) return '';
      // The whole row stands beside it, because an amount takes its currency from another field.
      const [line] = describeRow({ [name]: field }, row, language);
      return line?.text ?? '';
    }),
  );
  return rows.length === 0 ? 'None.' : renderTable(titles, cells, paint);
}

async function history(input: Input, world: World): Promise<Exit> {
  const { key: texts, client, contract, spec } = await placeOf(input);
  const key = keyOf(spec, texts, true);
  const reader = client.contractBy(contract).records(spec.name);
  const versions: RecordVersion[] = [];
  for await (const version of reader.history(key, { signal: world.signal })) versions.push(version);
  const language = languageOf(input);
  answer(input, world, {
    json: versions,
    lines: (paint) =>
      versions
        .map(({ height, row, stamp, time, removed }) => {
          const by = stamp === undefined ? '' : ` by ${stamp.writer}`;
          const what = removed === true ? ' removed' : '';
          const head = paint('bold', `Block ${height}${by}${what}${at(time)}`);
          const fields = row && describeRow(spec.fields, row, language);
          return fields === undefined ? head : `${head}\n${renderPairs(fields, paint)}`;
        })
        .join('\n\n'),
  });
  const from = versions.at(-1)?.completeFrom;
  if (from !== undefined) {
    remark(world, `The node may have dropped versions from before block ${from}: another may not.`);
  }
  if (versions.length > 0) return 'done';
  remark(world, `There never was such a ${spec.name}.`);
  return 'refused';
}

async function proof(input: Input, world: World): Promise<Exit> {
  const place = await placeOf(input);
  const key = keyOf(place.spec, place.key, true);
  const proofFile = input.text('out');
  return await saveProof(place, key, { input, world, proofFile });
}

export const RECORD_VERBS: readonly Verb[] = [
  {
    words: ['get'],
    title: 'Show a record.',
    operands: [...ONE_RECORD, KEY_OPERAND],
    options: {
      ...HEIGHT_OPTION,
      proof: { value: 'FILE', help: 'Keep the proof of it in a file, and check it first.' },
      ...LANGUAGE_OPTION,
      ...NODE_OPTIONS,
    },
    examples: [
      'get treasury payment cabinet-office-2019-20 2019-06.1.1 --proof payment.proof',
      'get treasury.payment/water-2026/p-17',
    ],
    run: get,
  },
  {
    words: ['list'],
    title: 'List records, or the answers of a query.',
    help: 'In the order of their keys. The first key fields narrow the list.',
    operands: [...RECORD_OPERANDS, { ...KEY_OPERAND, help: 'First key fields, in order.' }],
    options: {
      limit: { value: 'COUNT', help: 'Most rows.', default: String(ROWS_DEFAULT) },
      proof: {
        value: 'FILE',
        help: 'Keep the proof that the list leaves nothing out, and check it; a long list takes several files.',
      },
      ...HEIGHT_OPTION,
      ...LANGUAGE_OPTION,
      ...NODE_OPTIONS,
    },
    examples: [
      'list directory officer finance',
      'list treasury payment water-2026 --limit 20',
      'list treasury payment water-2026 --proof payments.proof',
    ],
    run: list,
  },
  {
    words: ['export'],
    title: 'Write a list as CSV, JSON Lines or Parquet, with the proof that nothing is left out.',
    help:
      'The table is made of the proven records, and the proof is kept beside it (FILE.proof, and ' +
      'numbered ones for a long list): daybook verify FILE checks both. A text in CSV that a ' +
      "spreadsheet would take for a formula begins with ' there; Parquet has typed columns.",
    operands: [...RECORD_OPERANDS, { ...KEY_OPERAND, help: 'First key fields, in order.' }],
    options: {
      out: { value: 'FILE', help: 'Table to write, .csv, .jsonl or .parquet.', required: true },
      ...HEIGHT_OPTION,
      ...LANGUAGE_OPTION,
      ...NODE_OPTIONS,
    },
    examples: [
      'export treasury payment water-2026 --out payments.csv',
      'export treasury payment water-2026 --out payments.parquet',
    ],
    run: exportList,
  },
  {
    words: ['history'],
    title: 'Show every version of a record, newest first.',
    operands: [...ONE_RECORD, KEY_OPERAND],
    options: { ...LANGUAGE_OPTION, ...NODE_OPTIONS },
    examples: ['history treasury commitment water-2026 pumps'],
    run: history,
  },
  {
    words: ['proof'],
    title: 'Fetch the proof of a record, or of its absence, and check it.',
    help:
      'The file needs no node afterwards: daybook verify checks it anywhere. Of a height whose state ' +
      'is no longer kept, it proves the record as its block wrote it.',
    operands: [...ONE_RECORD, KEY_OPERAND],
    options: {
      out: { value: 'FILE', help: 'Where to keep it.', required: true },
      ...HEIGHT_OPTION,
      ...LANGUAGE_OPTION,
      ...NODE_OPTIONS,
    },
    examples: [
      'proof treasury payment water-2026 p-17 --out p-17.proof',
      'proof treasury.payment/water-2026/p-17 --out p-17.proof',
    ],
    run: proof,
  },
];
