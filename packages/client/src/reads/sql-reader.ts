/**
 * Queries over the SQL tables of a node that keeps them. What they answer is the node's word: each
 * row of a table names the record behind it, which can be proven.
 */
import { encodeCanonical } from '@daybook/core';
import type { Requester } from '../transport/requester.ts';
import { anything, boolean, list, object, optional, text } from '../wire/decode.ts';
import type { Head } from '../wire/receipt.ts';
import { decodeHead } from '../wire/receipt.ts';

export interface SqlAnswer {
  /** The block whose state the tables showed. */
  readonly head: Head;
  /** Types in the words of the node's database. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** JSON values; whole numbers of 64 bits and more, dates and times are texts. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than the node gives at once. */
  readonly truncated: boolean;
}

/** How a list is narrowed, ordered and paged; see the parameters of `GET /v1/tables/{table}`. */
export interface TableRequest {
  /** `amount_minor>=100000;payee_name~college` */
  readonly where?: string;
  /** `-amount_minor,date` */
  readonly sort?: string;
  /** Words that all stand in the texts of a row; without `sort` the best fits come first. */
  readonly text?: string;
  /** Rows of a page. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface TablePage extends Omit<SqlAnswer, 'truncated'> {
  /** Cursor of the page after this one; absent in the last. */
  readonly next?: string;
}

export interface SqlReader {
  /** One page of a table. @throws ClientError CLIENT_REFUSED with what is wrong with it */
  find(table: string, request?: TableRequest): Promise<TablePage>;
  /** Carries out one SELECT. @throws ClientError CLIENT_REFUSED with what is wrong with it */
  query(sql: string): Promise<SqlAnswer>;
}

const decodeSqlAnswer = object({
  head: decodeHead,
  columns: list(object({ name: text, type: text })),
  rows: list(list(anything)),
  truncated: boolean,
});

const decodePage = object({
  head: decodeHead,
  columns: list(object({ name: text, type: text })),
  rows: list(list(anything)),
  next: optional(text),
});

function pathOf(table: string, request: TableRequest): string {
  const query = new URLSearchParams(
    Object.entries(request).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
  );
  return `/v1/tables/${encodeURIComponent(table)}?${query}`;
}

export function createSqlReader(requester: Requester): SqlReader {
  return {
    find: async (table, request = {}) => {
      const { next, ...page } = await requester.json({ path: pathOf(table, request) }, decodePage);
      return next === undefined ? page : { ...page, next };
    },
    query: (sql) =>
      requester.json({ path: '/v1/sql', body: encodeCanonical({ sql }) }, decodeSqlAnswer),
  };
}
