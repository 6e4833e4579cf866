/** Problem details (RFC 9457): how a node says no, with code, facts, fields and remedy. */
import type { Decoder } from './decode.ts';
import { integer, list, object, optional, text } from './decode.ts';
import type { FieldFault } from './field-fault.ts';
import { decodeFieldFault } from './field-fault.ts';
import type { Receipt } from './receipt.ts';
import { decodeReceipt } from './receipt.ts';

export interface Problem {
  /** HTTP status. */
  readonly status: number;
  /** Stands in docs/reference/errors.md, or is a contract's own (`treasury.NOT_ENOUGH`). */
  readonly code: string;
  /** What this code means. */
  readonly title: string;
  /** What happened this time. */
  readonly detail: string;
  readonly remedy: string;
  readonly errors?: readonly FieldFault[];
  /** Present when a contract refused a transaction that is final. */
  readonly receipt?: Receipt;
}

export const decodeProblem: Decoder<Problem> = object({
  status: integer,
  code: text,
  title: text,
  detail: text,
  remedy: text,
  errors: optional(list(decodeFieldFault)),
  receipt: optional(decodeReceipt),
});
