/**
 * The contract language: one object declares what a contract keeps, who may act, what acting does
 * and what must always hold. HTTP routes, OpenAPI, CLI verbs, client types, SQL tables and pages
 * derive from it. `defineContract` gives the object its types and refuses a faulty one at once.
 */
import type { CborValue, Genesis, SystemKind, ValidatorId } from '@daybook/core';
import type { Field, Fields, InferFields } from '../fields/field.ts';
import type { Words } from '../fields/spec.ts';
import { checkDefinition } from './check-definition.ts';
import type {
  Actor,
  BaseContext,
  Context,
  Refusal,
  SystemContext,
  Total,
  WritingContext,
} from './context.ts';

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

/**
 * Who may act. 'anyone': any valid signature. 'officer': any active officer of an active
 * organisation. 'contract': only contracts named in `callers`. Otherwise an officer with a role;
 * `organisation` and `scope` name input fields that the officer's organisation and the role's scope
 * must match.
 */
export type By<L extends string, I> =
  | 'anyone'
  | 'officer'
  | 'contract'
  | {
      readonly role: L;
      readonly organisation?: keyof I & string;
      readonly scope?: keyof I & string;
    };

/**
 * How many different officers (of how many organisations) must agree. They sign one transaction,
 * or the first call is kept as a pending call until `days` have passed and enough have approved.
 */
export interface Approvals<L extends string> {
  readonly officers: number;
  readonly organisations?: number;
  /** Role of those who join the one entitled by `by`; the same role if left out. */
  readonly role?: L;
  /** How long a call may wait; left out, all must sign at once. */
  readonly days?: number;
}

export interface Action<
  R extends Records,
  F extends Failures,
  E extends Events,
  L extends string,
  P extends Parameters,
  S extends Sums,
  U,
  I extends Fields,
> {
  readonly title: Words;
  readonly help?: Words;
  readonly by: By<L, I>;
  readonly approvals?: Approvals<L>;
  /** The act needs judgement: input has a field `reason`, and the oversight feed gets an entry. */
  readonly discretion?: true;
  /** Registered guards judge the call before it takes effect. */
  readonly guarded?: true;
  /** Contracts that may call this action. Nobody by default. */
  readonly callers?: readonly string[];
  readonly input: I;
  /** Checks everything, then writes. */
  handler(
    context: Context<R, F, E, L, P, S, U>,
    input: InferFields<I>,
    // biome-ignore lint/suspicious/noConfusingVoidType: a handler that does not refuse just ends.
  ): Refusal | undefined | void;
}

/** One row that a transaction touched. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** What must hold for every touched row of a record, or for every touched sum. */
export type Invariant<R extends Records, P extends Parameters, S extends Sums> =
  | {
      [K in keyof R]: {
        readonly title: Words;
        readonly record: K;
        readonly sum?: undefined;
        holds(change: Change<RowOf<R[K]>>, context: BaseContext<R, P, S>): boolean;
      };
    }[keyof R]
  | {
      readonly title: Words;
      readonly sum: keyof S & string;
      readonly record?: undefined;
      holds(
        sum: Total & { readonly key: Readonly<Record<string, unknown>> },
        context: BaseContext<R, P, S>,
      ): boolean;
    };

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
}
export type Queries = Readonly<Record<string, QueryDefinition>>;

/** What a guard says about a call. `records` cites what it rests on, as `contract.record/key`. */
export type Verdict =
  | { readonly verdict: 'pass' }
  | {
      readonly verdict: 'alert' | 'hold';
      readonly rule: string;
      readonly records: readonly string[];
    };

/** A guarded call about to take effect. */
export interface GuardedCall {
  readonly contract: string;
  readonly action: string;
  /** Checked input, fields as the action declares them. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly actor: Actor;
}

export interface Guard<
  R extends Records,
  F extends Failures,
  E extends Events,
  P extends Parameters,
  S extends Sums,
> {
  readonly title: Words;
  /** `contract.action`; only actions declared `guarded`. */
  readonly actions: readonly string[];
  /** Who lifts a hold: a role of this contract, and within how many days it must be answered. */
  readonly release: Approvals<string> & { readonly days: number };
  judge(context: WritingContext<R, F, E, P, S>, call: GuardedCall): Verdict;
}

/** What every block brings to the hooks of system contracts. */
export interface BlockFacts {
  readonly height: number;
  readonly timestampMs: number;
  /** `header.proposer`: the validator that first proposed the block. */
  readonly proposer: ValidatorId;
}

/** Whom a public key stands for, and what that identity may do. One contract provides it. */
export interface Authority<R extends Records, P extends Parameters, S extends Sums> {
  /**
   * Judges one signer at the block's time.
   * @param identity  what the signer claims to act as; undefined when the key should say
   */
  identify(
    context: BaseContext<R, P, S>,
    publicKey: Uint8Array,
    identity: string | undefined,
  ): Identified;
  /** Whether an identified officer holds a role (`contract.role`) that reaches the scope. */
  holds(context: BaseContext<R, P, S>, actor: Actor, grant: RoleQuestion): boolean;
}

export type Identified =
  | { readonly actor: Actor }
  | { readonly refused: 'LEDGER_KEY_UNKNOWN' | 'LEDGER_KEY_INVALID' | 'LEDGER_SUSPENDED' };

export interface RoleQuestion {
  /** Full name, `contract.role`. */
  readonly role: string;
  readonly scope: string | undefined;
}

/** What only the chain's own contracts have: hooks, and the judgement of keys. */
export interface SystemPart<
  R extends Records,
  F extends Failures,
  E extends Events,
  P extends Parameters,
  S extends Sums,
  U,
> {
  /** Writes the first records; runs once, in order of contract numbers. */
  onGenesis?(context: SystemContext<R, F, E, P, S, U>, genesis: Genesis): void;
  /** Runs after the transactions of every block, in order of contract numbers. */
  onBlock?(context: SystemContext<R, F, E, P, S, U>, block: BlockFacts): void;
  /** System transactions by kind; a refusal makes the whole block invalid. */
  readonly transactions?: Partial<
    Record<
      SystemKind,
      (
        context: SystemContext<R, F, E, P, S, U>,
        payload: CborValue,
      ) => { readonly refused: string } | undefined
    >
  >;
  readonly authority?: Authority<R, P, S>;
}

/** Turns the fields of an older contract version into those of this one. */
export type Upcast = (
  fields: Readonly<Record<string, unknown>>,
  fromVersion: number,
) => Readonly<Record<string, unknown>>;

/** Everything one contract says. */
export interface Definition<
  R extends Records,
  F extends Failures,
  E extends Events,
  L extends Roles,
  P extends Parameters,
  S extends Sums,
  A extends Readonly<Record<string, Fields>>,
  U,
> {
  /** 1 to 65535, never reused; 1 to 15 are system contracts. */
  readonly number: number;
  readonly name: string;
  readonly version: number;
  readonly title: Words;
  readonly help: Words;
  readonly records: R;
  readonly failures: F;
  readonly events?: E;
  readonly roles?: L;
  readonly parameters?: P;
  readonly sums?: S;
  /** Contracts whose records are read and whose actions are called. */
  readonly uses?: U;
  readonly actions: {
    readonly [K in keyof A]: Action<R, F, E, keyof L & string, P, S, U, A[K]>;
  };
  readonly invariants?: Readonly<Record<string, Invariant<R, P, S>>>;
  readonly queries?: Queries;
  readonly guards?: Readonly<Record<string, Guard<R, F, E, P, S>>>;
  /** For contracts 1 to 15. */
  readonly system?: SystemPart<R, F, E, P, S, U>;
  /** Per record: how rows written by older versions are read. */
  readonly upcasts?: { readonly [K in keyof R]?: Upcast };
}

/** A definition whose parts have been checked; what `createEngine` takes. */
export interface Contract<
  R extends Records = Records,
  A extends Readonly<Record<string, Fields>> = Readonly<Record<string, Fields>>,
> {
  readonly name: string;
  readonly number: number;
  readonly version: number;
  readonly records: R;
  readonly actions: { readonly [K in keyof A]: { readonly input: A[K] } };
}

// biome-ignore lint/complexity/noBannedTypes: "nothing declared" is exactly the empty object type.
type Nothing = {};

/**
 * Declares a contract.
 * @throws AssertionError if a part contradicts another: a number used twice, a state that does not
 *   exist, a discretion without reason, a key that cannot be ordered
 */
export function defineContract<
  const R extends Records,
  const F extends Failures,
  A extends Readonly<Record<string, Fields>>,
  const E extends Events = Nothing,
  const L extends Roles = Nothing,
  P extends Parameters = Nothing,
  const S extends Sums = Nothing,
  U extends Readonly<Record<string, Contract>> = Nothing,
>(definition: Definition<R, F, E, L, P, S, A, U>): Contract<R, A> {
  checkDefinition(definition as never);
  return Object.freeze(definition) as Contract<R, A>;
}
