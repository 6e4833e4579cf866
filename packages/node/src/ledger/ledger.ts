/**
 * The ledger of one node: blocks are built, judged and committed here, one after the other, and
 * nowhere else. The block log is the truth; the state is derived from it and executed again after a
 * crash. Reading goes through `records.ts` and `chain.ts`; consensus knows only this interface.
 */
import type {
  Block,
  BodyEntry,
  Certificate,
  Genesis,
  Hash,
  Result,
  TimestampMs,
  ValidatorId,
} from '@daybook/core';
import {
  appendFrontier,
  assert,
  blockHash,
  encodeBlock,
  encodeCertificate,
  encodeResult,
  entryBytes,
  equalBytes,
  fail,
  frontierRoot,
  HEADER_VERSION,
  isPlanted,
  leafHash,
  ok,
  refOf,
  resultRoot,
  toHex,
  transactionRoot,
  validatorsHash,
} from '@daybook/core';
import type { BlockLog, Finalisation, Keepsakes, StateStore } from '@daybook/state';
import type { SignatureVerifier } from '../signatures.ts';
import type { AnchoredChain } from './anchored.ts';
import { refuseContradicted } from './anchored.ts';
import type { Executor } from './executor.ts';
import type { ReplayWindow } from './replay-window.ts';
import { createReplayWindow } from './replay-window.ts';
import { encodeStoredResult } from './stored-result.ts';
import type { ExecutedBlock, Tip } from './tip.ts';
import type { BlockFailure, Ground, KnownTransactions } from './validity.ts';
import { judgeStatically } from './validity.ts';

/** What a proposer decides; everything else of a block follows. */
export interface BlockPlan {
  readonly timestampMs: TimestampMs;
  readonly proposer: ValidatorId;
  readonly entries: readonly BodyEntry[];
}

/** A block that has just become final. */
export interface Committed {
  readonly block: ExecutedBlock;
  readonly certificate: Certificate;
}

export interface LedgerParts {
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  readonly executor: Executor;
  readonly signatures: SignatureVerifier;
  readonly known: KnownTransactions;
  /** Where the frontier of the history is kept; without it a start hashes every block. */
  readonly keepsakes?: Keepsakes;
  /** What no block contradicts that becomes final here. */
  readonly anchored?: AnchoredChain | undefined;
}

export interface Ledger {
  readonly genesis: Genesis;
  readonly replay: ReplayWindow;
  /** The newest final block and what follows from it. */
  head(): Tip;
  /** Builds and executes a block on the head, of as many entries as there is work for. */
  build(plan: BlockPlan): ExecutedBlock;
  /**
   * Which system transactions the next block may hold, in their order: those that execute at its
   * head. Nothing is kept of the attempt.
   */
  admit(plan: BlockPlan): readonly BodyEntry[];
  /**
   * `staticOk` without timeliness, and `execOk` (protocol §7), on the head or on `parent`.
   * @returns the executed block, or the first reason against it
   */
  judge(block: Block, parent?: Tip): Promise<Result<ExecutedBlock, BlockFailure>>;
  /** Forgets everything derived in memory, so that the next judgement reads the disk (R15). */
  dropCaches(): Promise<void>;
  /** Writes a body as candidate; resolves when it is durable. */
  store(block: ExecutedBlock, keep: readonly Hash[]): Promise<void>;
  /**
   * Finality: durable in the block log, applied to the state, told to listeners. Once it has failed
   * it fails for ever: the disk may hold more than the head says.
   * @throws NodeError NODE_CHECKPOINT_CONTRADICTED; nothing is written then
   */
  commit(block: ExecutedBlock, certificate: Certificate): Promise<void>;
  /** As `commit` for consecutive blocks, each executed on the one before, with one sync for all. */
  commitRange(blocks: readonly Committed[]): Promise<void>;
  /** Applies a block that the block log holds already, at start: state only, nobody is told. */
  reapply(block: ExecutedBlock): Promise<void>;
  /** Called after each commit, in order; must not throw. @returns how to stop it */
  onCommit(listener: (committed: Committed) => void): () => void;
}

/** @param head  the committed end of the chain, as `openLedger` found it */
export function createLedger(genesis: Genesis, parts: LedgerParts, head: Tip): Ledger {
  return new ChainLedger(genesis, parts, head);
}

class ChainLedger implements Ledger {
  readonly genesis: Genesis;
  readonly replay = createReplayWindow();
  readonly #parts: LedgerParts;
  readonly #listeners = new Set<(committed: Committed) => void>();
  #head: Tip;
  /** What ended the only commit that failed. */
  #failure: { readonly error: unknown } | undefined;

  constructor(genesis: Genesis, parts: LedgerParts, head: Tip) {
    this.genesis = genesis;
    this.#parts = parts;
    this.#head = head;
  }

  head(): Tip {
    return this.#head;
  }

  onCommit(listener: (committed: Committed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  build(plan: BlockPlan): ExecutedBlock {
    const executed = this.#execute(this.#head, plan, 'pack');
    assert(executed.ok, 'a block of own choosing can be executed');
    return executed.value;
  }

  admit(plan: BlockPlan): readonly BodyEntry[] {
    const { header, hash, reader } = this.#head;
    const place = { height: header.height + 1, parentHash: hash };
    let entries = plan.entries;
    // Each attempt takes one away, so that there are no more of them than entries.
    while (entries.length > 0) {
      const attempt = this.#parts.executor.execute(reader, { ...plan, ...place, entries });
      if (attempt.ok) return entries;
      const { index } = attempt.reason;
      entries = entries.filter((_entry, position) => position !== index);
    }
    return entries;
  }

  async judge(block: Block, parent = this.#head): Promise<Result<ExecutedBlock, BlockFailure>> {
    const entries = judgeStatically(block, this.#ground(parent));
    if (!entries.ok) return entries;
    const unsigned = await this.#firstUnsigned(entries.value);
    if (unsigned !== undefined) {
      const reason = 'NODE_TRANSACTION_SIGNATURE';
      return fail({ code: 'NODE_BLOCK_TRANSACTION', index: unsigned, reason });
    }
    const { timestampMs, proposer } = block.header;
    const plan = { timestampMs, proposer, entries: entries.value };
    const executed = this.#execute(parent, plan, 'execute');
    if (!executed.ok) return executed;
    const root = differingRoot(block, executed.value);
    if (root === undefined || isPlanted('state-root-unchecked')) return executed;
    executed.value.staged.discard();
    return fail({ code: 'NODE_BLOCK_ROOT', root });
  }

  #ground(parent: Tip): Ground {
    const { known } = this.#parts;
    return { chain: this.genesis.chain, parent, replay: this.replay, known };
  }

  async #firstUnsigned(entries: readonly BodyEntry[]): Promise<number | undefined> {
    if (isPlanted('block-signatures-unchecked')) return undefined;
    const { signatures } = this.#parts;
    const verdicts = await Promise.all(
      entries.map(
        (entry) => entry.type === 'system' || signatures.verify(entry.transaction, 'block'),
      ),
    );
    const first = verdicts.indexOf(false);
    return first < 0 ? undefined : first;
  }

  #execute(
    parent: Tip,
    plan: BlockPlan,
    how: 'execute' | 'pack',
  ): Result<ExecutedBlock, BlockFailure> {
    const height = parent.header.height + 1;
    const { executor, stateStore } = this.#parts;
    const place = { height, parentHash: parent.hash };
    const execution = executor[how](parent.reader, { ...place, ...plan });
    if (!execution.ok) {
      const { index, code } = execution.reason;
      return fail({ code: 'NODE_BLOCK_TRANSACTION', index, reason: code });
    }
    const { outcomes, writes } = execution.value;
    // The last outcome is what the block did by itself.
    const entries = plan.entries.slice(0, outcomes.length - 1);
    const stage = { height, writes, ...(parent.staged && { parent: parent.staged }) };
    const staged = stateStore.stage(stage);
    // The header names the set that governance scheduled; a recovery is no part of the block.
    const scheduled = executor.nextHeight(staged.reader, height + 1);
    const results = outcomes.map(({ result }) => encodeResult(result));
    const header = {
      version: HEADER_VERSION,
      chain: this.genesis.chain,
      height,
      parentHash: parent.hash,
      timestampMs: plan.timestampMs,
      proposer: plan.proposer,
      txRoot: transactionRoot(entries.map(refOf)),
      stateRoot: staged.root,
      resultRoot: resultRoot(results),
      historyRoot: frontierRoot(parent.frontier),
      validatorsHash: validatorsHash(parent.next.validators),
      nextValidatorsHash: validatorsHash(scheduled.validators),
    };
    const hash = blockHash(header);
    const next = executor.afterBlock(staged.reader, { height, hash }, scheduled);
    const body = entries.map(entryBytes);
    const uncommitted = new Set(parent.uncommitted);
    for (const entry of entries) uncommitted.add(toHex(refOf(entry).id));
    const frontier = appendFrontier(parent.frontier, leafHash(hash));
    const tip = { header, hash, reader: staged.reader, staged, frontier, next, uncommitted };
    const bytes = encodeBlock({ header, body });
    return ok({ header, hash, bytes, entries, outcomes, results, writes, tip, staged });
  }

  async dropCaches(): Promise<void> {
    await this.#parts.stateStore.rollBack(this.#head.header.height);
    this.#head = { ...this.#head, reader: this.#parts.stateStore.view() };
  }

  async store(block: ExecutedBlock, keep: readonly Hash[]): Promise<void> {
    const { header, hash, bytes } = block;
    const candidate = { height: header.height, blockHash: hash, bytes };
    await this.#parts.blockLog.appendCandidate(candidate, keep);
  }

  commit(block: ExecutedBlock, certificate: Certificate): Promise<void> {
    return this.#untilFailure(async () => {
      assert(
        block.header.height === this.#head.header.height + 1,
        'heights are committed in order',
      );
      this.#refuseContradicted(block);
      const whole = block.staged.isDiscarded() ? this.#executeAgain(block) : block;
      await this.store(whole, []);
      await this.#parts.blockLog.finalise(finalisationOf(whole, certificate));
      await this.#apply({ block: whole, certificate });
    });
  }

  /** Of many candidates, and after the caches were dropped, the state of an early one is gone. */
  #executeAgain({ header, hash, entries }: ExecutedBlock): ExecutedBlock {
    const { timestampMs, proposer } = header;
    const again = this.#execute(this.#head, { timestampMs, proposer, entries }, 'execute');
    assert(again.ok && equalBytes(again.value.hash, hash), 'execution is deterministic');
    return again.value;
  }

  commitRange(blocks: readonly Committed[]): Promise<void> {
    return this.#untilFailure(async () => {
      for (const { block } of blocks) this.#refuseContradicted(block);
      const final = blocks.map(({ block, certificate }) => ({
        ...finalisationOf(block, certificate),
        bytes: block.bytes,
      }));
      await this.#parts.blockLog.appendRange(final);
      for (const committed of blocks) await this.#apply(committed);
    });
  }

  /** The process ends after a failure, but not at once: what comes meanwhile must not be written. */
  async #untilFailure(advance: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      await advance();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  #refuseContradicted({ tip }: ExecutedBlock): void {
    const { anchored } = this.#parts;
    if (anchored !== undefined) refuseContradicted(tip, anchored);
  }

  async #apply(committed: Committed): Promise<void> {
    await this.reapply(committed.block);
    for (const listener of this.#listeners) listener(committed);
  }

  async reapply({ tip, entries, staged, header }: ExecutedBlock): Promise<void> {
    await this.#parts.stateStore.commit(staged);
    for (const entry of entries) {
      const validUntilMs = validUntilOf(entry);
      if (validUntilMs > 0) {
        this.replay.add(refOf(entry).id, { height: header.height, validUntilMs });
      }
    }
    this.replay.forgetExpired(header.timestampMs);
    const reader = this.#parts.stateStore.view();
    const { staged: _done, ...rest } = tip;
    this.#head = { ...rest, reader, uncommitted: new Set() };
  }
}

function validUntilOf(entry: BodyEntry): TimestampMs {
  return entry.type === 'system' ? 0 : entry.transaction.body.validUntilMs;
}

function differingRoot(
  { header }: Block,
  executed: ExecutedBlock,
): 'state' | 'result' | 'nextValidators' | undefined {
  const own = executed.header;
  if (!equalBytes(header.stateRoot, own.stateRoot)) return 'state';
  if (!equalBytes(header.resultRoot, own.resultRoot)) return 'result';
  if (!equalBytes(header.nextValidatorsHash, own.nextValidatorsHash)) return 'nextValidators';
  assert(equalBytes(blockHash(header), executed.hash), 'equal fields make equal headers');
  return undefined;
}

function finalisationOf(block: ExecutedBlock, certificate: Certificate): Finalisation {
  const { header, hash, entries, outcomes, results } = block;
  return {
    height: header.height,
    blockHash: hash,
    timestampMs: header.timestampMs,
    certificate: encodeCertificate(certificate),
    results: results.map((leaf, index) => encodeStoredResult(leaf, outcomes[index]?.facts)),
    transactions: entries.map((entry) => ({
      id: refOf(entry).id,
      validUntilMs: validUntilOf(entry),
    })),
  };
}
