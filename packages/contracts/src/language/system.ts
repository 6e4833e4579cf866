/**
 * What only the chain's own contracts have: hooks at genesis and after every block, the handling of
 * system transactions, and the judgement of keys and roles.
 */
import type { CborValue, Genesis, SystemKind, ValidatorId } from '@daybook/core';
import type { Actor, BaseContext, SystemContext } from './context.ts';
import type { Events, Failures, Parameters, Records, Sums } from './parts.ts';

/** What every block brings to the hooks of system contracts. */
export interface BlockFacts {
  readonly height: number;
  readonly timestampMs: number;
  /** `header.proposer`: the validator that first proposed the block. */
  readonly proposer: ValidatorId;
  /** Hash of the parent block; undefined where nobody gave it, as in tests of other things. */
  readonly parentHash: Uint8Array | undefined;
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
  | { readonly refused: 'CONTRACTS_KEY_UNKNOWN' | 'CONTRACTS_KEY_INVALID' | 'CONTRACTS_SUSPENDED' };

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
