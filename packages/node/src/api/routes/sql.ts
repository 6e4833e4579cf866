/** Queries over the SQL tables: one SELECT in, columns and rows out, with the block they speak of. */
import type { Result } from '@daybook/core';
import { decodeCanonical, fail, ok } from '@daybook/core';
import { explainReadmodel } from '@daybook/readmodel';
import { timeText } from '../chain-view.ts';
import { API_LIMITS } from '../limits.ts';
import { CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import type { SqlDoor } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { showFound } from '../problem.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { ANYTHING, BOOLEAN, list, named, object, TEXT } from '../schemas.ts';

export interface SqlParts {
  readonly sql?: SqlDoor | undefined;
}

const QUERY = 'SELECT table_name FROM information_schema.tables';

export function sqlRoutes({ sql }: SqlParts): readonly Route[] {
  return [
    defineRoute({
      id: 'query',
      method: 'POST',
      path: '/v1/sql',
      tag: 'SQL',
      title: 'Ask the SQL tables',
      help:
        'One SELECT over the tables that SHOW TABLES lists, on a node that keeps them. `head` is the ' +
        'block whose state they show. Whole numbers of 64 bits and more, dates and times are texts. ' +
        'Each row of a table names the block that wrote it; the record route gives the proof.',
      parameters: {},
      body: {
        bytesMax: API_LIMITS.bodyBytesMax,
        content: {
          [JSON_TYPE]: object({ sql: TEXT }),
          [CBOR_TYPE]: { type: 'string', contentMediaType: CBOR_TYPE },
        },
        example: { sql: QUERY },
      },
      responses: {
        200: {
          help: 'The rows; `truncated` when there are more than this node gives at once.',
          content: {
            [JSON_TYPE]: object({
              head: named('Head'),
              columns: list(object({ name: TEXT, type: TEXT })),
              rows: list(list(ANYTHING)),
              truncated: BOOLEAN,
            }),
          },
        },
      },
      problems: [
        'NODE_SQL_OFF',
        'NODE_MEDIA_TYPE_UNSUPPORTED',
        'NODE_BODY_TOO_LARGE',
        'NODE_BODY_MALFORMED',
        'NODE_OVERLOADED',
        'NODE_INPUT_INVALID',
        'READMODEL_SQL_REFUSED',
        'READMODEL_SQL_FAILED',
        'READMODEL_SQL_TOO_LONG',
        'READMODEL_QUERY_TIMEOUT',
        'READMODEL_QUERY_MEMORY',
        'READMODEL_EMPTY',
        'READMODEL_BUSY',
        'READMODEL_DOWN',
      ],
      handle: async ({ body }) => {
        if (sql === undefined) return refuse({ code: 'NODE_SQL_OFF' });
        const text = readText(body);
        if (!text.ok) return refuse(text.reason);
        const found = await sql.query(text.value);
        if (!found.ok) {
          const { code } = found.reason;
          return refuse({ code, detail: explainReadmodel(found.reason) });
        }
        const { progress, columns, rows, truncated } = found.value;
        const { height, blockHash, timestampMs } = progress;
        const head = { height, blockHash, timestampMs, time: timeText(timestampMs) };
        return view({ head, columns: columns.map((column) => ({ ...column })), rows, truncated });
      },
    }),
  ];
}

/** The member `sql` of a JSON object or a canonical CBOR map. */
function readText(body: unknown): Result<string, Problem> {
  const members = body instanceof Uint8Array ? mapOf(body) : body;
  const isObject = typeof members === 'object' && members !== null && !Array.isArray(members);
  const sql = isObject ? (members as { readonly sql?: unknown }).sql : undefined;
  if (typeof sql === 'string') return ok(sql);
  const errors = [{ pointer: '/sql', expected: 'one SELECT as a text', found: showFound(sql) }];
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}

function mapOf(bytes: Uint8Array): unknown {
  const decoded = decodeCanonical(bytes, { bytesMax: API_LIMITS.bodyBytesMax, depthMax: 2 });
  return decoded.ok ? decoded.value : undefined;
}
