/**
 * The contract language: one object declares what a contract keeps, who may act, what acting does
 * and what must always hold. HTTP routes, OpenAPI, CLI verbs, client types, SQL tables and pages
 * derive from it. `defineContract` gives the object its types and refuses a faulty one at once.
 */
import type { CborValue, Genesis, SystemKind } from '@daybook/core';
import type { Fields } from '../fields/field.ts';
import type { Words } from '../fields/spec.ts';
import type { Action, Approvals, By, Guard, GuardedCall, Invariant, Verdict } from './action.ts';
import { checkDefinition } from './check-definition.ts';
import type { Actor, HoldEnd, Refusal } from './context.ts';
import type {
  Events,
  Failures,
  Parameters,
  Queries,
  Records,
  Roles,
  Sums,
  Upcast,
} from './parts.ts';
import type { BlockFacts, Identified, RoleQuestion, SystemPart } from './system.ts';

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
  readonly invariants?: Readonly<Record<string, Invariant<R, P, S, U>>>;
  readonly queries?: Queries;
  readonly guards?: Readonly<Record<string, Guard<R, F, E, P, S, U>>>;
  /** For contracts 1 to 15. */
  readonly system?: SystemPart<R, F, E, P, S, U>;
  /** Per record: how rows written by older versions are read. */
  readonly upcasts?: { readonly [K in keyof R]?: Upcast };
}

/** Checked values by field name. */
export type Values = Readonly<Record<string, unknown>>;

/** An action without its types, as the engine runs it. */
export interface ErasedAction {
  readonly title: Words;
  readonly help?: Words;
  readonly by: By<string, Fields>;
  readonly approvals?: Approvals<string>;
  readonly discretion?: true;
  readonly guarded?: true;
  readonly callers?: readonly string[];
  readonly input: Fields;
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that does not refuse just ends.
  handler(context: object, input: Values): Refusal | undefined | void;
}

export interface ErasedInvariant {
  readonly title: Words;
  readonly record?: string | undefined;
  readonly sum?: string | undefined;
  holds(subject: object, context: object): boolean;
}

export interface ErasedGuard {
  readonly title: Words;
  readonly actions: readonly string[];
  readonly release: Approvals<string> & { readonly days: number };
  judge(context: object, call: GuardedCall): Verdict;
  observe?(context: object, call: GuardedCall): void;
  ended?(context: object, call: Uint8Array, how: HoldEnd): void;
}

export interface ErasedAuthority {
  identify(context: object, publicKey: Uint8Array, identity: string | undefined): Identified;
  holds(context: object, actor: Actor, question: RoleQuestion): boolean;
}

export interface ErasedSystem {
  onGenesis?(context: object, genesis: Genesis): void;
  onBlock?(context: object, block: BlockFacts): void;
  readonly transactions?: Partial<
    Record<SystemKind, (context: object, payload: CborValue) => Refusal | undefined>
  >;
  readonly authority?: ErasedAuthority;
}

/** A definition without its types: what the checker, the manifest and the engine work on. */
export interface ErasedDefinition {
  readonly number: number;
  readonly name: string;
  readonly version: number;
  readonly title: Words;
  readonly help: Words;
  readonly records: Records;
  readonly failures: Failures;
  readonly events?: Events;
  readonly roles?: Roles;
  readonly parameters?: Parameters;
  readonly sums?: Sums;
  readonly uses?: Readonly<Record<string, Contract>>;
  readonly actions: Readonly<Record<string, ErasedAction>>;
  readonly invariants?: Readonly<Record<string, ErasedInvariant>>;
  readonly queries?: Queries;
  readonly guards?: Readonly<Record<string, ErasedGuard>>;
  readonly system?: ErasedSystem;
  readonly upcasts?: Readonly<Record<string, Upcast>>;
}

/** A checked definition: what `createEngine` takes, and what other contracts name in `uses`. */
export interface Contract<
  R extends Records = Records,
  A extends Readonly<Record<string, Fields>> = Readonly<Record<string, Fields>>,
  S extends Sums = Sums,
> {
  readonly name: string;
  readonly number: number;
  readonly version: number;
  readonly records: R;
  /** For the types of those who read them; empty at run time if none are declared. */
  readonly sums: S;
  readonly actions: { readonly [K in keyof A]: { readonly input: A[K] } };
  /** Everything the contract says, without types. */
  readonly definition: ErasedDefinition;
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
>(definition: Definition<R, F, E, L, P, S, A, U>): Contract<R, A, S> {
  const { name, number, version, records, actions } = definition;
  // The engine calls handlers with what their types ask for; only here are those types let go.
  const erased = definition as unknown as ErasedDefinition;
  checkDefinition(erased);
  // A contract without sums has the type of the empty object for them.
  const sums = (definition.sums ?? {}) as S;
  return Object.freeze({ name, number, version, records, sums, actions, definition: erased });
}
