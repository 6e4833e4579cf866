/**
 * What a handler may touch. Everything it learns comes through here, so that execution depends on
 * nothing but the state, the block and the call. Reading, writing and calling are metered; a
 * refusal, an exhausted meter or a refused callee ends the whole transaction without effect.
 */
import type { CborValue } from '@daybook/core';
import type { Fields, InferFields } from '../fields/field.ts';
import type { Contract } from './definition.ts';
import type { Events, Failures, KeyOf, Parameters, Records, RowOf, Sums } from './parts.ts';

/** Facts of a refusal: small values that a text template may name. They are not hashed. */
export type Facts = Readonly<Record<string, CborValue>>;

/** Who signed. */
export interface Actor {
  /**
   * `organisation/name`; `did:key:…` for a key that the directory does not know; `contract:name`
   * for what a contract does by itself.
   */
  readonly identity: string;
  /** Slug of the organisation; undefined for an unknown key. */
  readonly organisation: string | undefined;
  /** 32 bytes, the key whose signature is on the transaction; none for a contract's own acts. */
  readonly publicKey: Uint8Array | undefined;
}

/** Who wrote a version of a record, and when. */
export interface Stamp {
  readonly contractVersion: number;
  /** 1 for the first version, one more for each that follows. */
  readonly recordVersion: number;
  readonly height: number;
  readonly txIndex: number;
  /** Identity of the actor, or `contract:name` for what a contract did by itself. */
  readonly writer: string;
}

/** Reading one record set. Rows carry key fields and other fields in one object. */
export interface Reader<K, R> {
  get(key: K): R | undefined;
  has(key: K): boolean;
  /** Who wrote the present version; undefined when there is no record. */
  stampOf(key: K): Stamp | undefined;
}

/** Reading and writing one record set of the own contract. `C` are the contract's failure codes. */
export interface Table<K, R, C extends string> extends Reader<K, R> {
  /** The row, or the end of the transaction with this code (`CONTRACTS_RECORD_MISSING` by default). */
  need(key: K, code?: C): R;
  /** Writes a row whose key is new; ends with this code if it is not (`CONTRACTS_RECORD_EXISTS`). */
  insert(row: R, code?: C): void;
  /** Writes a row, new or in place of the present version. Declared transitions are checked. */
  put(row: R): void;
  /** Removes a record; only for record sets declared `erasable`. */
  remove(key: K): void;
}

/** An engine-kept sum under its key. */
export interface Total {
  /** Sum of the field over the rows counted; 0n for a sum without a field. */
  readonly total: bigint;
  /** How many rows are counted. */
  readonly count: number;
}

/** Reading engine-kept sums: nothing counted gives zeros. */
export interface SumReader {
  get(key: Readonly<Record<string, CborValue>>): Total;
}

/** Returned by a handler that refuses; made by `context.refuse`. */
export interface Refusal {
  readonly refused: string;
  readonly facts: Facts;
}

/** Whom to look for among the signers. */
export interface Entitlement<L extends string> {
  readonly role: L;
  /** The officer belongs to this organisation. */
  readonly organisation?: string | undefined;
  /** The role reaches this scope, a path such as `region/city`. */
  readonly scope?: string | undefined;
}

type Tables<R extends Records, C extends string> = {
  readonly [K in keyof R]: Table<KeyOf<R[K]>, RowOf<R[K]>, C>;
};

export type Readers<R extends Records> = {
  readonly [K in keyof R]: Reader<KeyOf<R[K]>, RowOf<R[K]>>;
};

/** The face of another contract: its records to read, its actions to call. */
export interface Callee<
  R extends Records,
  A extends Readonly<Record<string, Fields>>,
  S extends Sums,
> {
  readonly records: Readers<R>;
  readonly sums: { readonly [K in keyof S]: SumReader };
  /** Calls an action with the original signers; if it refuses, the whole transaction ends. */
  call<N extends keyof A & string>(action: N, input: InferFields<A[N]>): void;
}

type Callees<U> = {
  readonly [K in keyof U]: U[K] extends Contract<infer R, infer A, infer S>
    ? Callee<R, A, S>
    : never;
};

/** The same without calling. */
type Lookups<U> = {
  readonly [K in keyof U]: U[K] extends Contract<infer R, infer A, infer S>
    ? Pick<Callee<R, A, S>, 'records' | 'sums'>
    : never;
};

/** What every piece of contract code sees. */
export interface BaseContext<R extends Records, P extends Parameters, S extends Sums> {
  readonly height: number;
  /** Block time, milliseconds since 1970. */
  readonly timestampMs: number;
  /** Civil date of the block time in UTC, `YYYY-MM-DD`. */
  readonly today: string;
  /** 32 bytes, the chain id. */
  readonly chain: Uint8Array;
  readonly parameters: InferFields<{ readonly [K in keyof P]: P[K]['field'] }>;
  readonly sums: { readonly [K in keyof S]: SumReader };
  readonly records: Readers<R>;
}

export interface WritingContext<
  R extends Records,
  F extends Failures,
  E extends Events,
  P extends Parameters,
  S extends Sums,
> extends BaseContext<R, P, S> {
  readonly records: Tables<R, keyof F & string>;
  emit<N extends keyof E & string>(event: N, data: InferFields<E[N]['fields']>): void;
}

/** What an invariant sees: its own contract, and the records of those that it uses. */
export interface InvariantContext<R extends Records, P extends Parameters, S extends Sums, U>
  extends BaseContext<R, P, S> {
  readonly contracts: Lookups<U>;
}

/** What a guard sees: its own contract, and the records of those that it uses. */
export interface GuardContext<
  R extends Records,
  F extends Failures,
  E extends Events,
  P extends Parameters,
  S extends Sums,
  U,
> extends WritingContext<R, F, E, P, S> {
  readonly contracts: Lookups<U>;
}

/** What an action's handler sees. */
export interface Context<
  R extends Records,
  F extends Failures,
  E extends Events,
  L extends string,
  P extends Parameters,
  S extends Sums,
  U,
> extends WritingContext<R, F, E, P, S> {
  /** 32 bytes. */
  readonly transactionId: Uint8Array;
  /** Position in the block. */
  readonly transactionIndex: number;
  /** All signers in the order of the transaction; for a stored call, those who approved it. */
  readonly signers: readonly Actor[];
  /** The first signer entitled by the action's `by`. */
  readonly actor: Actor;
  /** Name of the contract that called, if no person did. */
  readonly caller: string | undefined;
  readonly contracts: Callees<U>;
  /** For system contracts; an assertion stops any other that touches it. */
  readonly ledger: LedgerAccess;
  /** `return context.refuse('CODE', { facts })` ends the transaction without effect. */
  refuse(code: keyof F & string, facts?: Facts): Refusal;
  /** Ends the transaction with this code unless the condition holds. */
  check(condition: boolean, code: keyof F & string, facts?: Facts): void;
  /** Those signers, each once, who are entitled so. */
  entitled(entitlement: Entitlement<L>): readonly Actor[];
}

/** What a system contract sees in its hooks: no person acts there. */
export interface SystemContext<
  R extends Records,
  F extends Failures,
  E extends Events,
  P extends Parameters,
  S extends Sums,
  U,
> extends WritingContext<R, F, E, P, S> {
  readonly contracts: Callees<U>;
  readonly ledger: LedgerAccess;
  /** Hash of the parent block; undefined at genesis. */
  readonly parentHash: Uint8Array | undefined;
  /** Ends the present attempt, or genesis, with this code unless the condition holds. */
  check(condition: boolean, code: keyof F & string, facts?: Facts): void;
  /** Runs steps that may be refused; what they wrote is then forgotten, and the code returned. */
  attempt(steps: () => void): { readonly refused: string; readonly facts: Facts } | undefined;
}

/** A role that a contract declares, as the directory needs it to judge a grant. */
export interface RoleFacts {
  readonly grantedBy: 'organisation' | 'governance';
}

/** Someone who agreed to a stored call. */
export interface Approver {
  readonly identity: string;
  /** 32 bytes, the key that signed the agreement. */
  readonly publicKey: Uint8Array;
}

/** A call kept until enough officers agree. */
export interface StoredCall {
  /** 32 bytes, its key among the pending calls. */
  readonly call: Uint8Array;
  readonly contract: string;
  readonly action: string;
  /** Canonical CBOR of the arguments. */
  readonly args: Uint8Array;
  readonly approvers: readonly Approver[];
}

/** Who of some approvers counts at this moment, and whether they suffice. */
export interface Agreement {
  readonly counted: readonly Approver[];
  readonly isEnough: boolean;
}

/** The same of officers who release or refuse a held call. */
export interface ReleaseAgreement extends Agreement {
  /** Who counts, in words for a refusal. */
  readonly needed: string;
}

/** Why a guard keeps a call from taking effect, and how long it may. */
export interface Hold {
  /** `contract.guard`. */
  readonly guard: string;
  readonly rule: string;
  /** Records the guard cites, `contract.record/key`. */
  readonly records: readonly string[];
  readonly days: number;
}

/** How a held call ended without effect. */
export type HoldEnd = 'withdrawn' | 'refused' | 'expired';

/** What only system contracts may do to the ledger itself. */
export interface LedgerAccess {
  /** A role by its full name `contract.role`; undefined if no active contract declares it. */
  roleOf(name: string): RoleFacts | undefined;
  /** Why a parameter does not take this text; undefined if it does. */
  faultOfParameter(contract: string, name: string, value: string): string | undefined;
  /** Sets a parameter from a height on; the value was checked. */
  setParameter(change: ParameterChange): void;
  /** Lets a contract version act from a height on, at least two blocks ahead. */
  activate(contract: string, version: number, fromHeight: number): void;
  /** Why a contract can not be retired; undefined if it can. */
  faultOfRetirement(contract: string): string | undefined;
  /** Lets nobody act on a contract from a height on, at least two blocks ahead. */
  retire(contract: string, fromHeight: number): void;
  /** Judges by the roles of this moment who of the approvers of a stored call counts. */
  judgeStored(call: StoredCall): Agreement;
  /** Runs a stored call for its approvers. @returns the hold, if a guard keeps it back */
  runStored(call: StoredCall): Hold | undefined;
  /** Judges who of these officers counts, for or against a call that the guard `contract.guard` holds. */
  judgeRelease(held: StoredCall, guard: string, releasers: readonly Approver[]): ReleaseAgreement;
  /** Runs a stored call past the guards that held it. */
  runReleased(call: StoredCall): void;
  /** Tells the guard that held a call that it never takes effect. */
  tellEnded(guard: string, call: Uint8Array, how: HoldEnd): void;
  /** Why the members cannot adopt this act, as far as it can be known before; else undefined. */
  faultOfAct(act: AdoptedAct): string | undefined;
  /** Takes an act that the members adopted. */
  runAdopted(act: AdoptedAct): void;
}

/** An act of a contract that only governance may take. */
export interface AdoptedAct {
  readonly contract: string;
  readonly action: string;
  /** JSON text of the input. */
  readonly input: string;
}

export interface ParameterChange {
  readonly contract: string;
  readonly name: string;
  /** As text, see the parameter's field. */
  readonly value: string;
  readonly fromHeight: number;
}
