/** Reading the records of one contract: lists, queries, one record with proof, its history. */
import type { ManifestContract, ManifestQuery, ManifestRecord } from '@daybook/contracts';
import { jsonSchemaOf, keyToJson } from '@daybook/contracts';
import type { RecordKey, Result } from '@daybook/core';
import { fail, ok, toHex } from '@daybook/core';
import { headView, timeText } from '../chain-view.ts';
import { rowView } from '../contract-view.ts';
import { encodeCursor, placeOf } from '../cursor.ts';
import { CBOR_TYPE, JSON_TYPE, PROOF_TYPE } from '../media-type.ts';
import { queryChoice, queryCursor, queryHeight, queryLimit, queryTreeKey } from '../parameters.ts';
import type { Head, Records, RecordVersion } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { problemOf } from '../problem.ts';
import type { PageRequest, Selection } from '../record-list.ts';
import { readRecordPage } from '../record-list.ts';
import type { Freshness, Reply } from '../reply.ts';
import { refuse, view } from '../reply.ts';
import type { JsonSchema, Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { COUNT, hex, list, named, object, orNull, page, TEXT } from '../schemas.ts';
import type { View, ViewMap } from '../view.ts';
import type { Values } from './key-parameters.ts';
import { keyJson, keyParameters, parameterName, readKey } from './key-parameters.ts';
import { proofName, proofReply, readFrom, readPlace } from './record-proofs.ts';

export interface RecordParts {
  readonly records: Records;
}

const STORED_SCHEMA = object({ set: COUNT, partition: orNull(hex()), key: hex(), value: hex() });

function schemaName(spec: ManifestRecord): string {
  return `${spec.contract}.${spec.name}`;
}

/** What every route of a record refers to. */
function schemasOf(spec: ManifestRecord): Readonly<Record<string, JsonSchema>> {
  return { [schemaName(spec)]: versionSchema(spec), StoredRecord: STORED_SCHEMA };
}

const STORED: JsonSchema = { $ref: '#/components/schemas/StoredRecord' };

function rowSchema(spec: ManifestRecord): JsonSchema {
  return { $ref: `#/components/schemas/${schemaName(spec)}` };
}

/** A version of a row, as JSON shows it. */
function versionSchema(spec: ManifestRecord): JsonSchema {
  return object({
    row: jsonSchemaOf({ ...spec.key, ...spec.fields }),
    'stamp?': object({
      contractVersion: COUNT,
      recordVersion: COUNT,
      height: COUNT,
      txIndex: COUNT,
      writer: TEXT,
    }),
    'time?': { ...TEXT, description: 'Of the block that wrote this version.' },
    'overdue?': list(TEXT),
    'value?': {
      ...hex(),
      description: 'Stored bytes of a version that cannot be shown as fields.',
    },
  });
}

function tagOf(contract: ManifestContract): string {
  return `${contract.title.en} · ${contract.title.zh}`;
}

const PAGE_PARAMETERS = {
  limit: queryLimit(),
  cursor: queryCursor(),
  height: queryHeight('State after this height, as long as it is kept; the newest if left out.'),
} as const;

function pageOf(values: Values): PageRequest {
  // The three were read by PAGE_PARAMETERS.
  return values as unknown as PageRequest;
}

async function listReply(
  spec: ManifestRecord,
  selection: Selection,
  values: Values,
  records: Records,
): Promise<Reply> {
  const found = await readRecordPage(spec, selection, pageOf(values), records);
  if (!found.ok) return refuse(found.reason);
  const { head, records: kept, next } = found.value;
  const times = { timeMs: head.timestampMs, blockTime: records.blockTime };
  const rows = kept.map((record) => rowView(spec, record, times));
  return view({ head: headView(head), rows, next });
}

function listContent(spec: ManifestRecord): Readonly<Record<string, JsonSchema>> {
  return { [JSON_TYPE]: page('rows', rowSchema(spec)), [CBOR_TYPE]: page('rows', STORED) };
}

const LIST_PROBLEMS = [
  'NODE_INPUT_INVALID',
  'NODE_CURSOR_INVALID',
  'NODE_STATE_UNKNOWN',
  'NODE_STATE_PRUNED',
] as const;

function listRoute(contract: ManifestContract, spec: ManifestRecord, parts: RecordParts): Route {
  return defineRoute({
    id: `${contract.name}.${spec.name}.list`,
    method: 'GET',
    path: `/v1/contracts/${contract.name}/${spec.name}`,
    tag: tagOf(contract),
    schemas: schemasOf(spec),
    title: `${spec.title.en} · ${spec.title.zh}: list`,
    help:
      'In key order. Leading key fields narrow the list; give them from the first on. With ' +
      'proof=bundle the answer is one file that proves the list, or as much of it as a file holds: ' +
      'that these records are there and that no other is. `daybook verify` checks it offline.',
    parameters: {
      ...keyParameters('query', spec),
      ...PAGE_PARAMETERS,
      proof: queryChoice({ of: ['none', 'bundle'], absent: 'none', help: 'bundle: a proof file.' }),
      from: queryTreeKey('With proof=bundle: where the next file of a long list begins.'),
    },
    responses: {
      200: {
        help: 'A page.',
        content: {
          ...listContent(spec),
          [PROOF_TYPE]: { type: 'string', contentMediaType: CBOR_TYPE },
        },
      },
    },
    problems: [...LIST_PROBLEMS, 'NODE_PROOF_EARLY'],
    handle: async ({ values }) => {
      const leading = keyJson(spec, values);
      if (values.proof !== 'bundle')
        return await listReply(spec, { leading }, values, parts.records);
      const place = readPlace(spec, leading);
      if (!place.ok) return refuse(place.reason);
      const from = readFrom(place.value, values.from);
      if (!from.ok) return refuse(from.reason);
      const { height } = pageOf(values);
      const proof = await parts.records.proveList(place.value, {
        ...(from.value && { from: from.value }),
        ...(height !== undefined && { height }),
      });
      return proofReply(proof, proofName(contract, spec, leading));
    },
  });
}

function queryRoute(
  contract: ManifestContract,
  name: string,
  query: ManifestQuery,
  parts: RecordParts,
): Route | undefined {
  const spec = contract.records[query.record];
  if (spec === undefined) return undefined;
  const { where, overdue, inTime, by } = query;
  const leading = Object.fromEntries(
    Object.entries(keyParameters('query', spec)).slice(0, Math.max(by.length, 0)),
  );
  return defineRoute({
    id: `${contract.name}.queries.${name}`,
    method: 'GET',
    path: `/v1/contracts/${contract.name}/queries/${name}`,
    tag: tagOf(contract),
    schemas: schemasOf(spec),
    title: `${query.title.en} · ${query.title.zh}`,
    help: 'A page may hold fewer entries than asked for, or none, although more follow.',
    parameters: { ...leading, ...PAGE_PARAMETERS },
    responses: { 200: { help: 'A page.', content: listContent(spec) } },
    problems: LIST_PROBLEMS,
    handle: async ({ values }) => {
      const json = keyJson(spec, values);
      const missing = by.find((field) => json[field] === undefined);
      if (missing !== undefined) {
        const errors = [
          { parameter: parameterName(missing), expected: 'a value', found: 'nothing' },
        ];
        return refuse({ code: 'NODE_INPUT_INVALID', errors });
      }
      const filter = {
        ...(where && { where }),
        ...(overdue !== undefined && { overdue }),
        ...(inTime !== undefined && { inTime }),
      };
      return await listReply(spec, { leading: json, ...filter }, values, parts.records);
    },
  });
}

function keyPath(contract: ManifestContract, spec: ManifestRecord): string {
  const segments = Object.keys(spec.key).map((name) => `{${parameterName(name)}}`);
  return [`/v1/contracts/${contract.name}/${spec.name}`, ...segments].join('/');
}

/** The state of a named height never changes; that of the newest may with every block. */
function freshnessOf(head: Head, height: number | undefined): Freshness {
  return { kind: height === undefined ? 'tagged' : 'immutable', tag: toHex(head.blockHash) };
}

function recordRoute(contract: ManifestContract, spec: ManifestRecord, parts: RecordParts): Route {
  const { records } = parts;
  const found = (item: JsonSchema): JsonSchema => object({ head: named('Head'), record: item });
  return defineRoute({
    id: `${contract.name}.${spec.name}`,
    method: 'GET',
    path: keyPath(contract, spec),
    tag: tagOf(contract),
    schemas: schemasOf(spec),
    title: `${spec.title.en} · ${spec.title.zh}`,
    help:
      `${spec.help === undefined ? '' : `${spec.help.en} `}With proof=bundle the answer is one ` +
      'file that proves the record, or that there is none, without trusting this node; ' +
      '`daybook verify` checks it offline.',
    parameters: {
      ...keyParameters('path', spec),
      height: PAGE_PARAMETERS.height,
      proof: queryChoice({ of: ['none', 'bundle'], absent: 'none', help: 'bundle: a proof file.' }),
    },
    responses: {
      200: {
        help: 'The record. `head` is the block whose state was read.',
        content: {
          [JSON_TYPE]: found(rowSchema(spec)),
          [CBOR_TYPE]: found(STORED),
          [PROOF_TYPE]: { type: 'string', contentMediaType: CBOR_TYPE },
        },
      },
    },
    problems: [
      'NODE_INPUT_INVALID',
      'NODE_RECORD_UNKNOWN',
      'NODE_STATE_UNKNOWN',
      'NODE_STATE_PRUNED',
      'NODE_PROOF_EARLY',
    ],
    handle: async ({ values }) => {
      const key = readKey(spec, values);
      if (!key.ok) return refuse(key.reason);
      const { height } = pageOf(values);
      if (values.proof === 'bundle') {
        const name = proofName(contract, spec, keyToJson(spec, key.value.key) ?? {});
        return proofReply(await records.prove(key.value, height), name);
      }
      const read = await records.get(key.value, height);
      if (!read.ok) return refuse(problemOf(read.reason));
      const { head, value } = read.value;
      if (value === undefined) return refuse({ code: 'NODE_RECORD_UNKNOWN' });
      const times = { timeMs: head.timestampMs, blockTime: records.blockTime };
      const record = rowView(spec, { key: key.value, value }, times);
      return view({ head: headView(head), record }, freshnessOf(head, height));
    },
  });
}

function readBefore(cursor: Uint8Array | undefined): Result<number | undefined, Problem> {
  if (cursor === undefined) return ok(undefined);
  const place = placeOf(cursor);
  const isHeight = typeof place === 'number' && place >= 0;
  return isHeight ? ok(place) : fail({ code: 'NODE_CURSOR_INVALID' });
}

function historyRoute(contract: ManifestContract, spec: ManifestRecord, parts: RecordParts): Route {
  const version = (item: JsonSchema): JsonSchema =>
    object({ height: COUNT, 'record?': item, 'removed?': { const: true }, 'time?': TEXT });
  return defineRoute({
    id: `${contract.name}.${spec.name}.history`,
    method: 'GET',
    path: `${keyPath(contract, spec)}/history`,
    tag: tagOf(contract),
    schemas: schemasOf(spec),
    title: `${spec.title.en} · ${spec.title.zh}: every version, newest first`,
    parameters: {
      ...keyParameters('path', spec),
      limit: PAGE_PARAMETERS.limit,
      cursor: PAGE_PARAMETERS.cursor,
    },
    responses: {
      200: {
        help:
          'A page. Each version names the block that wrote it. Versions in force at completeFrom ' +
          'or later are all there; of older ones this node may have dropped some.',
        content: {
          [JSON_TYPE]: page('versions', version(rowSchema(spec)), { completeFrom: COUNT }),
          [CBOR_TYPE]: page('versions', version(STORED), { completeFrom: COUNT }),
        },
      },
    },
    problems: ['NODE_INPUT_INVALID', 'NODE_CURSOR_INVALID'],
    handle: async ({ values }) => {
      const key = readKey(spec, values);
      if (!key.ok) return refuse(key.reason);
      const { limit, cursor } = pageOf(values);
      const before = readBefore(cursor);
      if (!before.ok) return refuse(before.reason);
      const range = { limit, ...(before.value !== undefined && { before: before.value }) };
      const { head, versions, completeFrom } = await parts.records.history(key.value, range);
      const last = versions.length === limit ? versions.at(-1) : undefined;
      return view({
        head: headView(head),
        versions: versions.map((version) => versionView(spec, key.value, version, parts.records)),
        completeFrom,
        next: last === undefined ? undefined : encodeCursor(last.height),
      });
    },
  });
}

function versionView(
  spec: ManifestRecord,
  key: RecordKey,
  { height, value }: RecordVersion,
  { blockTime }: Pick<Records, 'blockTime'>,
): View {
  if (value !== undefined) return { height, record: rowView(spec, { key, value }, { blockTime }) };
  const timeMs = blockTime(height);
  const time = timeMs === undefined ? {} : { time: timeText(timeMs) };
  const removal: ViewMap = { height, removed: true, ...time };
  return removal;
}

/** Lists, queries, records and histories of one contract. A record without key has no list. */
export function recordRoutes(contract: ManifestContract, parts: RecordParts): readonly Route[] {
  const records = Object.values(contract.records).flatMap((spec) => {
    const single = [recordRoute(contract, spec, parts), historyRoute(contract, spec, parts)];
    const isSingleton = Object.keys(spec.key).length === 0;
    return isSingleton ? single : [listRoute(contract, spec, parts), ...single];
  });
  const queries = Object.entries(contract.queries).flatMap(([name, query]) => {
    const route = queryRoute(contract, name, query, parts);
    return route === undefined ? [] : [route];
  });
  return [...records, ...queries];
}
