/**
 * Execution as the ledger needs it: the contract engine together with what the system contracts say
 * about the next height. The only place of the node that knows both.
 */
import { readParameters, readRotation, readValidatorSet } from '@daybook/applications';
import type { Engine, StateWrite } from '@daybook/contracts';
import type { BodyEntry, Genesis, Hash, Result, ValidatorId } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { StateReader } from '@daybook/state';
import type { NextHeight, Outcome } from './tip.ts';

export interface ExecutionPlan {
  readonly height: number;
  readonly parentHash: Hash;
  readonly timestampMs: number;
  readonly proposer: ValidatorId;
  readonly entries: readonly BodyEntry[];
}

export interface ExecutionOutcome {
  /** One per entry, then one for what the chain did by itself. */
  readonly outcomes: readonly Outcome[];
  readonly writes: readonly StateWrite[];
}

export interface Executor {
  readonly engine: Engine;
  /** Writes of height 0. */
  genesis(genesis: Genesis): readonly StateWrite[];
  /** @returns what the block did, or which entry makes it invalid */
  execute(
    reader: StateReader,
    plan: ExecutionPlan,
  ): Result<ExecutionOutcome, { readonly index: number; readonly code: string }>;
  /** Set, rotation and parameters under which `height` is decided, from the state before it. */
  nextHeight(reader: StateReader, height: number): NextHeight;
}

/** @param chain  G of the chain that is executed */
export function createExecutor(engine: Engine, { chain }: Genesis): Executor {
  return {
    engine,
    genesis: (genesis) => engine.applyGenesis(genesis).writes,
    execute: (reader, plan) => {
      const executed = engine.execute(reader, { chain, ...plan });
      if (!executed.ok) {
        const { index, code } = executed.reason;
        return fail({ index, code });
      }
      const { transactions, hook, writes } = executed.value;
      const outcomes = transactions.map(({ result, failure }) => ({
        result,
        facts: failure && { code: failure.code, facts: failure.facts },
      }));
      return ok({ outcomes: [...outcomes, { result: hook, facts: undefined }], writes });
    },
    nextHeight: (reader, height) => {
      const validators = readValidatorSet(reader, height);
      return {
        validators,
        rotation: readRotation(reader, validators),
        parameters: readParameters(reader, height),
      };
    },
  };
}
