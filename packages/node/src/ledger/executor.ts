/**
 * Execution as the ledger needs it: the contract engine together with what the system contracts say
 * about the next height. The only place of the node that knows both.
 */
import {
  examineRecovery,
  readChainOf,
  readParameters,
  readRotation,
  readValidatorSet,
} from '@daybook/applications';
import type { Engine, StateWrite } from '@daybook/contracts';
import type { BodyEntry, Genesis, Hash, RecoveryFile, Result, ValidatorId } from '@daybook/core';
import { equalBytes, fail, freshRotation, isPlanted, ok, refOf, toHex } from '@daybook/core';
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
  /** As `execute` for an own proposal: as many entries as there is work for, and how many. */
  pack(reader: StateReader, plan: ExecutionPlan): ReturnType<Executor['execute']>;
  /** Set, rotation and parameters under which `height` is decided, from the state before it. */
  nextHeight(reader: StateReader, height: number): NextHeight;
  /** What governs the height after a final block, an installed recovery from it included. */
  afterBlock(reader: StateReader, block: FinalPlace, scheduled?: NextHeight): NextHeight;
  /** The installed recoveries that go on from a block, each with why it does not, if so. */
  recoveriesAt(reader: StateReader, block: FinalPlace): readonly JudgedFile[];
}

/** A block by its place. */
export interface FinalPlace {
  readonly height: number;
  readonly hash: Hash;
}

export interface JudgedFile {
  readonly file: RecoveryFile;
  readonly judged: ReturnType<typeof examineRecovery>;
}

/** A planted bug: the order in which this node, unlike others, has met the transactions. */
function inOrderMet(entries: readonly BodyEntry[], met: Map<string, number>): readonly BodyEntry[] {
  const placed = entries.map((entry) => {
    const id = toHex(refOf(entry).id);
    if (!met.has(id)) met.set(id, met.size);
    return { entry, place: met.get(id) ?? 0 };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ entry }) => entry);
}

/**
 * @param chain       G of the chain that is executed
 * @param recoveries  files that the operator installed
 */
export function createExecutor(
  engine: Engine,
  { chain }: Genesis,
  recoveries: readonly RecoveryFile[] = [],
): Executor {
  const recoveriesAt: Executor['recoveriesAt'] = (reader, parent) =>
    recoveries
      .filter(
        ({ plan }) => plan.height === parent.height && equalBytes(plan.blockHash, parent.hash),
      )
      .map((file) => ({ file, judged: examineRecovery(reader, file, { chain, parent }) }));
  const met = new Map<string, number>();
  const nextHeight: Executor['nextHeight'] = (reader, height) => {
    const setHeight = isPlanted('old-validator-set') ? Math.max(1, height - 1) : height;
    const validators = readValidatorSet(reader, setHeight);
    return {
      validators,
      rotation: readRotation(reader, validators),
      parameters: readParameters(reader, height),
      era: readChainOf(reader, { chain, height }),
    };
  };
  const blockOf = (plan: ExecutionPlan) => {
    const entries = isPlanted('map-order') ? inOrderMet(plan.entries, met) : plan.entries;
    return { chain, ...plan, entries };
  };
  return {
    nextHeight,
    recoveriesAt,
    afterBlock: (reader, block, known) => {
      const scheduled = known ?? nextHeight(reader, block.height + 1);
      for (const { file, judged } of recoveriesAt(reader, block)) {
        if (!judged.ok) continue;
        const { set, era } = judged.value;
        const rotation = freshRotation(set);
        return { ...scheduled, validators: set, rotation, era, recovery: file };
      }
      return scheduled;
    },
    engine,
    genesis: (genesis) => engine.applyGenesis(genesis).writes,
    execute: (reader, plan) => outcomeOf(engine.execute(reader, blockOf(plan))),
    pack: (reader, plan) => outcomeOf(engine.pack(reader, blockOf(plan))),
  };
}

function outcomeOf(executed: ReturnType<Engine['execute']>): ReturnType<Executor['execute']> {
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
}
