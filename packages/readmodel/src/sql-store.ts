/**
 * The port to a SQL database. An adapter moves rows and answers queries; which rows, and when, is
 * decided above it. `test/sql-store-suite.ts` holds every adapter to what is written here.
 */
import type { Result } from '@daybook/core';
import type { ReadmodelFailure } from './errors.ts';
import type { Row } from './rows.ts';
import type { Table } from './tables.ts';

/** How far the tables are. They show the state after the block at `height`, and nothing else. */
export interface Progress {
  readonly height: number;
  /** Lower-case hex, like the other two. */
  readonly blockHash: string;
  readonly timestampMs: number;
  /** G of the chain. */
  readonly chain: string;
  /** What the tables were derived from. */
  readonly schema: string;
}

/** Limits of one query. */
export interface QueryLimits {
  readonly rowsMax: number;
  readonly timeMs: number;
}

/** A whole or fractional number too long for a double is a text; so are dates and timestamps. */
export type AnswerValue =
  | null
  | boolean
  | number
  | string
  | readonly AnswerValue[]
  | { readonly [name: string]: AnswerValue };

export interface Answer {
  /** What the tables showed while the query ran. */
  readonly progress: Progress;
  /** Types in the words of the database. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly AnswerValue[])[];
  /** There are more rows than the limits allow. */
  readonly truncated: boolean;
}

/** One writing transaction; readers see nothing of it before `commit`. */
export interface SqlTransaction {
  /** Drops every table of the read model and creates these, empty. */
  recreate(tables: readonly Table[]): Promise<void>;
  /** Adds rows whose keys the table does not hold. */
  insert(table: Table, rows: readonly Row[]): Promise<void>;
  /** Removes the rows with these keys; unknown ones are no fault. */
  remove(table: Table, keys: readonly string[]): Promise<void>;
  setProgress(progress: Progress): Promise<void>;
  commit(): Promise<void>;
  /** Does nothing after `commit`, whether that succeeded or not. */
  rollback(): Promise<void>;
}

export interface SqlStore {
  /** Undefined before the first commit of a transaction that set it. */
  progress(): Promise<Progress | undefined>;
  /** One at a time; queries go on meanwhile. */
  begin(): Promise<SqlTransaction>;
  /**
   * One SELECT over the tables, in a transaction that can only read. Everything else is refused:
   * other statements, tables that are not of the read model, functions that reach outside it.
   */
  query(sql: string, limits: QueryLimits): Promise<Result<Answer, ReadmodelFailure>>;
  close(): Promise<void>;
}
