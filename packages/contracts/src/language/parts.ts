/**
 * The parts of a contract that are plain declarations: records, failures, events, roles,
 * parameters, sums and queries. What acts is in `definition.ts`.
 */
import type { Field, Fields, InferFields } from '../fields/field.ts';
import type { Words } from '../fields/spec.ts';

/** States of a record: the field that holds them, the first ones, and where each may lead. */
export interface States {
  readonly field: string;
  /** States a new record may have. */
  readonly initial: readonly string[];
  readonly transitions: Readonly<Record<string, readonly string[]>>;
}

/** A date or instant by which something must have happened, while `open` states last. */
export interface Deadline {
  /** Field of type date or instant. */
  readonly field: string;
  /** The record is overdue only in these states; always, if left out. */
  readonly open?: readonly string[];
}

/** A reference to a record by several fields: each key field of it is a field of the own row. */
export interface Link {
  /** `contract.record`; of the own contract, or one that it uses. */
  readonly record: string;
  /** Key field of the record named: field of the own row, key or other. */
  readonly by: Readonly<Record<string, string>>;
}

/** One record set. Numbers are never reused. */
export interface RecordDefinition<K extends Fields = Fields, F extends Fields = Fields> {
  /** 1 to 65535, unique in the contract together with the numbers of sums. */
  readonly number: number;
  readonly title: Words;
  readonly help?: Words;
  /** Key fields in order; they never change. */
  readonly key: K;
  /** The first key fields that form a subtree of their own, so that a list is provable. */
  readonly partition?: readonly string[];
  readonly fields: F;
  readonly states?: States;
  readonly deadlines?: readonly Deadline[];
  /** Records that must exist whenever a row that names them is written; checked by the engine. */
  readonly links?: Readonly<Record<string, Link>>;
  /** Rows may be removed (never for affairs of the public; the chain's own bookkeeping only). */
  readonly erasable?: true;
}
export type Records = Readonly<Record<string, RecordDefinition>>;

/** Object of the key fields. */
export type KeyOf<R> = R extends RecordDefinition<infer K, infer _F> ? InferFields<K> : never;
/** Object of key fields and other fields together. */
export type RowOf<R> =
  R extends RecordDefinition<infer K, infer F> ? InferFields<K> & InferFields<F> : never;

/** A way to refuse. `code` is 1 to 999; the receipt shows contract number * 1000 + code. */
export interface FailureDefinition extends Words {
  readonly code: number;
  /** What the reader can do. */
  readonly remedy: Words;
}
export type Failures = Readonly<Record<string, FailureDefinition>>;

export interface EventDefinition {
  readonly title: Words;
  readonly fields: Fields;
}
export type Events = Readonly<Record<string, EventDefinition>>;

export interface RoleDefinition {
  readonly title: Words;
  readonly help?: Words;
  /** Who may grant it: an administrator to officers of the own organisation, or the consortium. */
  readonly grantedBy: 'organisation' | 'governance';
}
export type Roles = Readonly<Record<string, RoleDefinition>>;

/** A value that governance changes. */
export interface ParameterDefinition<T = unknown> {
  readonly field: Field<T>;
  readonly default: T;
}
export type Parameters = Readonly<Record<string, ParameterDefinition>>;

/** A sum the engine keeps over the rows of one record set; a record set of its own. */
export interface SumDefinition {
  /** Shares the number space of records. */
  readonly number: number;
  readonly title: Words;
  /** Record of the own contract. */
  readonly record: string;
  /** Field of type amount, money or integer; without it only rows are counted. */
  readonly of?: string;
  /** Fields that form the key; a money sum has `currency` added as its last key. */
  readonly by: readonly string[];
  /** Only rows in which the field has one of these values are counted. */
  readonly where?: { readonly field: string; readonly is: readonly string[] };
}
export type Sums = Readonly<Record<string, SumDefinition>>;

/** A named list for API and CLI: rows of one record under leading key fields. */
export interface QueryDefinition {
  readonly title: Words;
  readonly record: string;
  /** Leading key fields the reader must give. */
  readonly by?: readonly string[];
  /** Only rows in these states of a field. */
  readonly where?: { readonly field: string; readonly is: readonly string[] };
  /** Only rows past this deadline field. */
  readonly overdue?: string;
  /** Only rows not past this deadline field. */
  readonly inTime?: string;
}
export type Queries = Readonly<Record<string, QueryDefinition>>;

/** Turns the fields of an older contract version into those of this one. */
export type Upcast = (
  fields: Readonly<Record<string, unknown>>,
  fromVersion: number,
) => Readonly<Record<string, unknown>>;
