/**
 * The parts of a contract that act: actions with who may take them and who must agree, invariants
 * that every transaction must leave true, and guards that judge another contract's action.
 */
import type { Fields, InferFields } from '../fields/field.ts';
import type { Words } from '../fields/spec.ts';
import type {
  Actor,
  Context,
  GuardContext,
  HoldEnd,
  InvariantContext,
  Refusal,
  Total,
} from './context.ts';
import type { Events, Failures, Parameters, Records, RowOf, Sums } from './parts.ts';

/**
 * Who may act. 'anyone': any valid signature. 'officer': any active officer of an active
 * organisation. 'contract': only contracts named in `callers`. 'governance': only what the members
 * adopted by vote. Otherwise an officer with a role; `organisation` and `scope` name input fields
 * that the officer's organisation and the role's scope must match.
 */
export type By<L extends string, I> =
  | 'anyone'
  | 'officer'
  | 'contract'
  | 'governance'
  | {
      readonly role: L;
      readonly organisation?: keyof I & string;
      readonly scope?: keyof I & string;
    };

/**
 * How many different officers (of how many organisations) must agree: one entitled by `by`, all
 * others with `role`. They sign one transaction,
 * or the first call is kept as a pending call until `days` have passed and enough have approved.
 */
export interface Approvals<L extends string> {
  readonly officers: number;
  readonly organisations?: number;
  /** Role that each of those has who join the one entitled by `by`; the same role if left out. */
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
export type Invariant<R extends Records, P extends Parameters, S extends Sums, U> =
  | {
      [K in keyof R]: {
        readonly title: Words;
        readonly record: K;
        readonly sum?: undefined;
        holds(change: Change<RowOf<R[K]>>, context: InvariantContext<R, P, S, U>): boolean;
      };
    }[keyof R]
  | {
      readonly title: Words;
      readonly sum: keyof S & string;
      readonly record?: undefined;
      holds(
        sum: Total & { readonly key: Readonly<Record<string, unknown>> },
        context: InvariantContext<R, P, S, U>,
      ): boolean;
    };

/** What a guard says about a call. `records` cites what it rests on, as `contract.record/key`. */
export type Verdict =
  | { readonly verdict: 'pass' }
  | { readonly verdict: 'alert'; readonly rule: string; readonly records: readonly string[] }
  | {
      readonly verdict: 'hold';
      readonly rule: string;
      readonly records: readonly string[];
      /** How long it may wait for release; `release.days` at most, and if left out. */
      readonly days?: number;
    };

/** A guarded call about to take effect. */
export interface GuardedCall {
  /** 32 bytes: under which the call is kept in `ledger.pending` if it is held. */
  readonly call: Uint8Array;
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
  U,
> {
  readonly title: Words;
  /** `contract.action`; only actions declared `guarded`. */
  readonly actions: readonly string[];
  /** Who lifts a hold: a role of this contract, and within how many days it must be answered. */
  readonly release: Approvals<string> & { readonly days: number };
  /** Judges a call before it takes effect. What it writes stays if the call is held. */
  judge(context: GuardContext<R, F, E, P, S, U>, call: GuardedCall): Verdict;
  /** Keeps the guard's books: runs once the call took effect, at once or after its release. */
  observe?(context: GuardContext<R, F, E, P, S, U>, call: GuardedCall): void;
  /** Keeps the guard's books of a call that it held and that never takes effect. */
  ended?(context: GuardContext<R, F, E, P, S, U>, call: Uint8Array, how: HoldEnd): void;
}
