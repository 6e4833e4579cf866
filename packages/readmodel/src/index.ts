/**
 * The SQL read model: tables derived from the contracts, fed by final blocks. Exports only; nothing
 * here loads a database, which belongs into a process of its own.
 */

export type { DuckdbOptions } from './duckdb/duckdb-store.ts';
export type { ReadmodelFailure } from './errors.ts';
export { explainReadmodel, READMODEL_ERRORS, ReadmodelError } from './errors.ts';
export type { Feed, FeedEvent, FeedParts, PastBlock, RebuildReason } from './feed.ts';
export { startFeed } from './feed.ts';
export type { Condition, Operator, SortKey } from './lists/conditions.ts';
export { OPERATORS, readConditions, readSort } from './lists/conditions.ts';
export type { ListRequest } from './lists/list-sql.ts';
export { listSql, orderOfList } from './lists/list-sql.ts';
export { READMODEL_METRICS } from './metrics.ts';
export { startReadModel } from './process/start-read-model.ts';
export type { Batch, ReadModel, Written } from './read-model.ts';
export { createReadModel, schemaOfManifest } from './read-model.ts';
export type { RecordChange, Row } from './rows.ts';
export { rowKeyOf, rowOf } from './rows.ts';
export type {
  Answer,
  AnswerValue,
  Progress,
  QueryLimits,
  SqlStore,
  SqlTransaction,
} from './sql-store.ts';
export type { Cell, Column, SqlType, Table } from './tables.ts';
export { STAMP_COLUMNS, tablesOf } from './tables.ts';
export type { FinalBlock, FinalPlace } from './waiting-blocks.ts';
