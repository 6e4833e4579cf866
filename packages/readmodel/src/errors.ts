/** Failures of the read model: what a query is refused for, and what keeps the tables from use. */
import { assertNever, defineErrors } from '@daybook/core';

export const READMODEL_ERRORS = defineErrors({
  READMODEL_SQL_REFUSED: {
    summary: 'The query asks for something that is not open to queries.',
    remedy: 'Send one SELECT over the tables that SHOW TABLES lists; docs/readmodel.md says more.',
    status: 422,
  },
  READMODEL_SQL_FAILED: {
    summary: 'The database could not carry out the query.',
    remedy: 'Correct the place that is named; DESCRIBE shows the columns of a table.',
    status: 422,
  },
  READMODEL_SQL_TOO_LONG: {
    summary: 'The text of the query is longer than allowed.',
    remedy: 'Shorten the query; long lists of values belong into a join on a table.',
    status: 413,
  },
  READMODEL_QUERY_TIMEOUT: {
    summary: 'The query took longer than this node allows.',
    remedy: 'Narrow it by a filter, or ask a node with a higher readmodel.queryTimeMs.',
    status: 422,
  },
  READMODEL_QUERY_MEMORY: {
    summary: 'The query needed more memory than this node allows.',
    remedy: 'Narrow it by a filter, or ask a node with a higher readmodel.memoryBytesMax.',
    status: 422,
  },
  READMODEL_EMPTY: {
    summary: 'The tables are being built from the state of the ledger.',
    remedy: 'Wait; the metric daybook_readmodel_lag_blocks tells how far they are.',
    status: 503,
  },
  READMODEL_BUSY: {
    summary: 'As many queries are running as this node allows.',
    remedy: 'Send the query again a little later.',
    status: 503,
  },
  READMODEL_DOWN: {
    summary: 'The database of the read model stopped before it answered; it is started again.',
    remedy: 'Send the query again; if it stops each time, narrow the query and tell the operator.',
    status: 503,
  },
});

/** Why a query has no answer. */
export type ReadmodelFailure =
  | { readonly code: 'READMODEL_SQL_REFUSED'; readonly fact: string }
  | { readonly code: 'READMODEL_SQL_FAILED'; readonly fact: string }
  | { readonly code: 'READMODEL_SQL_TOO_LONG'; readonly size: number; readonly max: number }
  | { readonly code: 'READMODEL_QUERY_TIMEOUT'; readonly timeMs: number }
  | { readonly code: 'READMODEL_QUERY_MEMORY' }
  | { readonly code: 'READMODEL_EMPTY' }
  | { readonly code: 'READMODEL_BUSY' }
  | { readonly code: 'READMODEL_DOWN' };

/** Thrown where the process of the database is gone: whoever writes has to begin again. */
export class ReadmodelError extends Error {
  override readonly name = 'ReadmodelError';
  readonly code: ReadmodelFailure['code'];

  constructor(failure: ReadmodelFailure, options?: ErrorOptions) {
    super(`${explainReadmodel(failure)} ${READMODEL_ERRORS[failure.code].remedy}`, options);
    this.code = failure.code;
  }
}

/** What happened, in one sentence. */
export function explainReadmodel(failure: ReadmodelFailure): string {
  switch (failure.code) {
    case 'READMODEL_SQL_REFUSED':
      return `The query ${failure.fact}.`;
    case 'READMODEL_SQL_FAILED':
      return failure.fact;
    case 'READMODEL_SQL_TOO_LONG':
      return `The query has ${failure.size} bytes, ${failure.max} are allowed.`;
    case 'READMODEL_QUERY_TIMEOUT':
      return `The query was stopped after ${failure.timeMs} ms.`;
    case 'READMODEL_QUERY_MEMORY':
    case 'READMODEL_EMPTY':
    case 'READMODEL_BUSY':
    case 'READMODEL_DOWN':
      return READMODEL_ERRORS[failure.code].summary;
    default:
      return assertNever(failure);
  }
}
