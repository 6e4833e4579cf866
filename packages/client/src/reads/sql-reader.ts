/**
 * Queries over the SQL tables of a node that keeps them. What they answer is the node's word: each
 * row of a table names the record behind it, which can be proven.
 */
import { encodeCanonical } from '@daybook/core';
import type { Requester } from '../transport/requester.ts';
import { anything, boolean, list, object, text } from '../wire/decode.ts';
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

export interface SqlReader {
  /** Carries out one SELECT. @throws ClientError CLIENT_REFUSED with what is wrong with it */
  query(sql: string): Promise<SqlAnswer>;
}

const decodeSqlAnswer = object({
  head: decodeHead,
  columns: list(object({ name: text, type: text })),
  rows: list(list(anything)),
  truncated: boolean,
});

export function createSqlReader(requester: Requester): SqlReader {
  return {
    query: (sql) =>
      requester.json({ path: '/v1/sql', body: encodeCanonical({ sql }) }, decodeSqlAnswer),
  };
}
