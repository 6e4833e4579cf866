/**
 * Lists over the SQL tables: filtered, sorted, searched and paged, for every record set of every
 * contract, because the tables are derived from the definitions.
 */
import type { Manifest } from '@daybook/contracts';
import type { CborValue, InputFault, Result } from '@daybook/core';
import { decodeCanonical, fail, ok } from '@daybook/core';
import type { Answer, AnswerValue, ListRequest } from '@daybook/readmodel';
import {
  explainReadmodel,
  listSql,
  orderOfList,
  readConditions,
  readSort,
  tablesOf,
} from '@daybook/readmodel';
import { timeText } from '../chain-view.ts';
import { encodeCursor } from '../cursor.ts';
import { JSON_TYPE } from '../media-type.ts';
import { parameter, queryCursor, queryLimit } from '../parameters.ts';
import type { Problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import { refuse, view } from '../reply.ts';
import type { Parameter, Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { ANYTHING, list, named, object, TEXT } from '../schemas.ts';
import type { SqlParts } from './sql.ts';

const TEXT_MAX = 1000;
/** A longer place does not fit into a cursor that this node reads. */
const CURSOR_CHARACTERS_MAX = 2000;

function queryText(help: string, expected: string): Parameter<string> {
  return parameter({
    in: 'query',
    help,
    expected: `${expected}, at most ${TEXT_MAX} characters`,
    schema: { type: 'string', maxLength: TEXT_MAX, default: '' },
    absent: '',
    read: (text) => (text.length <= TEXT_MAX ? text : undefined),
  });
}

const PARAMETERS = {
  where: queryText(
    'Conditions joined by `;`: a column, one of `= != < <= > >= ~`, a value. `~` finds a part of a ' +
      'text; nothing after `=` finds rows without a value.',
    'conditions joined by ;',
  ),
  sort: queryText(
    'Columns joined by commas, `-` before one that descends. Rows without a value come last.',
    'columns joined by commas',
  ),
  text: queryText(
    'Words that all stand somewhere in the texts of a row. Without `sort` the rows they fit best ' +
      'come first, and `_rank` says how well.',
    'words',
  ),
  limit: queryLimit(),
  cursor: queryCursor(),
};

const HEAD_ROWS = {
  head: named('Head'),
  columns: list(object({ name: TEXT, type: TEXT })),
  rows: list(list(ANYTHING)),
  'next?': TEXT,
};

/** A better error than "no such path" for a table that is none. */
const STRAY = defineRoute({
  id: 'stray.table',
  method: 'GET',
  path: '/v1/tables/{table}',
  tag: 'Lists',
  title: 'Nothing is here',
  hidden: true,
  parameters: {
    table: parameter<string>({
      in: 'path',
      help: 'Table.',
      expected: 'a name',
      schema: { type: 'string' },
      absent: '',
      read: (text) => text,
    }),
    ...PARAMETERS,
  },
  responses: {},
  problems: [],
  handle: () => refuse({ code: 'NODE_TABLE_UNKNOWN' }),
});

/** @param manifest  of the contracts in force, from which the tables are derived */
export function tableRoutes({ sql }: SqlParts, manifest: Manifest): readonly Route[] {
  const lists = tablesOf(manifest).map((table) =>
    defineRoute({
      id: `list_${table.name}`,
      method: 'GET',
      path: `/v1/tables/${table.name}`,
      tag: 'Lists',
      title: `Find in ${table.record.title.en}`,
      help:
        `Columns: ${table.columns.map(({ name }) => name).join(', ')}. On a node that keeps SQL ` +
        'tables; `head` is the block whose state the rows show, `_height` the block that wrote one.',
      parameters: PARAMETERS,
      responses: {
        200: {
          help: 'A page; `next` is the cursor of the one after it.',
          content: { [JSON_TYPE]: object(HEAD_ROWS) },
        },
      },
      problems: [
        'NODE_SQL_OFF',
        'NODE_INPUT_INVALID',
        'READMODEL_SQL_FAILED',
        'READMODEL_QUERY_TIMEOUT',
        'READMODEL_QUERY_MEMORY',
        'READMODEL_EMPTY',
        'READMODEL_BUSY',
        'READMODEL_DOWN',
      ],
      handle: async ({ values }) => {
        if (sql === undefined) return refuse({ code: 'NODE_SQL_OFF' });
        const request = readRequest(values);
        if (!request.ok) return refuse(request.reason);
        const text = listSql(table, request.value);
        if (!text.ok) return refuse(faulty(text.reason));
        const found = await sql.query(text.value);
        if (!found.ok) {
          return refuse({ code: found.reason.code, detail: explainReadmodel(found.reason) });
        }
        return pageView(request.value, found.value);
      },
    }),
  );
  return [...lists, STRAY];
}

interface Values {
  readonly where: string;
  readonly sort: string;
  readonly text: string;
  readonly limit: number;
  readonly cursor: Uint8Array | undefined;
}

function readRequest({ where, sort, text, limit, cursor }: Values): Result<ListRequest, Problem> {
  const conditions = readConditions(where);
  if (!conditions.ok) return fail(faulty(conditions.reason));
  const keys = readSort(sort);
  if (!keys.ok) return fail(faulty(keys.reason));
  const request = { where: conditions.value, sort: keys.value, text, limit };
  if (cursor === undefined) return ok(request);
  const after = readPlace(cursor);
  if (after !== undefined) return ok({ ...request, after });
  const expected = 'the cursor of this list';
  return fail(faulty({ pointer: '/cursor', expected, found: 'another' }));
}

function faulty({ pointer, expected, found }: InputFault): Problem {
  const error = { parameter: pointer.slice(1), expected, found };
  return { code: 'NODE_INPUT_INVALID', errors: [error] };
}

function readPlace(cursor: Uint8Array): readonly (string | null)[] | undefined {
  const decoded = decodeCanonical(cursor, { bytesMax: cursor.length, depthMax: 2 });
  if (!decoded.ok || !Array.isArray(decoded.value)) return undefined;
  const values: readonly CborValue[] = decoded.value;
  const texts = values.flatMap((value) =>
    value === null || typeof value === 'string' ? [value] : [],
  );
  return texts.length === values.length ? texts : undefined;
}

function pageView(request: ListRequest, answer: Answer): Reply {
  const { limit } = request;
  const { progress, columns } = answer;
  const { height, blockHash, timestampMs } = progress;
  const head = { height, blockHash, timestampMs, time: timeText(timestampMs) };
  const rows = answer.rows.slice(0, limit);
  const last = rows.at(-1);
  const isMore = answer.rows.length > limit || answer.truncated;
  const next =
    isMore && last !== undefined ? cursorOf(answer, orderOfList(request), last) : undefined;
  return view({
    head,
    columns: columns.map((column) => ({ ...column })),
    rows,
    ...(next !== undefined && { next }),
  });
}

/** Undefined where a text is too long to be carried along. */
function cursorOf(
  { columns }: Answer,
  names: readonly string[],
  row: readonly AnswerValue[],
): string | undefined {
  const place = names.map((name) => {
    const value = row[columns.findIndex((column) => column.name === name)] ?? null;
    return value === null ? null : String(value);
  });
  const cursor = encodeCursor(place);
  return cursor.length <= CURSOR_CHARACTERS_MAX ? cursor : undefined;
}
