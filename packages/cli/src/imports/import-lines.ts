/**
 * Imports lines of a publisher: asks the ledger what it holds already, plans what is missing, and
 * hands it in, each line as a transaction of its own signed by those whom the treasury asks for. It
 * can be stopped and started again at any moment: what is there is not sent twice, and the contract
 * would refuse it.
 */
import type { treasury } from '@daybook/applications';
import type { ContractClient, Outcome, TransactionAuthor } from '@daybook/client';
import { signAs } from '@daybook/client';
import type { Call, Hash } from '@daybook/core';
import type {
  ImportPlan,
  ImportTotals,
  MoneyLine,
  PlannedCall,
  PlannedLine,
  PlannedSigner,
} from '@daybook/formats';
import { listFaults, planImport, totalLines } from '@daybook/formats';
import { groupNeighbours } from './budget-groups.ts';
import { ImportError } from './import-error.ts';
import type { PendingCall } from './present.ts';
import { readHeld, readPresent } from './present.ts';
import type { RefusedEntry, RefusedLine } from './settlement.ts';
import { heldBy, heldEarlier, settleLine, withRefusals } from './settlement.ts';

export interface ImportOptions {
  /** Of one source, in any order. */
  readonly lines: readonly MoneyLine[];
  /** Organisation that grants the reconstructed appropriations. */
  readonly grantor: string;
  /** Organisation whose officer signs each payment besides the holder's. */
  readonly controller: string;
  /** Transactions of one request, 100 by default. */
  readonly batchCount?: number;
  /** Requests under way at a time, 4 by default. */
  readonly inFlight?: number;
}

/** What a step of an import tells; `total` of lines is known from the first on. */
export interface ImportProgress {
  readonly phase: 'comparing' | 'budget' | 'lines';
  readonly done: number;
  readonly total: number;
}

export interface ImportParts {
  readonly chain: Hash;
  /** The books as they are. */
  readonly books: Pick<ContractClient<(typeof treasury)['records'], never>, 'records'>;
  readonly submitBatch: (
    transactions: readonly ReturnType<typeof signAs>[],
    options: { readonly startAt: number; readonly timeoutMs: number },
  ) => Promise<readonly Outcome[]>;
  /** Calls that wait on the ledger for a release or an approval. */
  readonly pendingCalls: () => AsyncIterable<PendingCall>;
  /** Officers who sign in these roles, each once; throws when nobody has one of them. */
  readonly authorsFor: (signers: readonly PlannedSigner[]) => readonly TransactionAuthor[];
  /** Last block time of a transaction made now, in ms. */
  readonly validUntilMs: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportReport {
  /** Lines that are on the ledger now, whether this run added them or not. */
  readonly linesImported: number;
  readonly linesRefused: readonly RefusedLine[];
  /** Lines that this run added. */
  readonly added: number;
  /** Transactions handed in, those that opened budgets included. */
  readonly transactions: number;
  /** Lines added per second, signing included; 0 when nothing was added. */
  readonly perSecond: number;
  readonly seconds: number;
  /** By currency; file = imported + refused, in minor units. */
  readonly totals: readonly ImportTotals[];
  /** Lines already imported whose amount in the file has changed since. */
  readonly changed: ImportPlan['changed'];
  readonly plan: Pick<ImportPlan, 'lines'>;
}

const BATCH_COUNT = 100;
const IN_FLIGHT = 4;
/** How long a batch may take to be final; it is sent again meanwhile, and never twice included. */
const SETTLE_MS = 240_000;

/** Runs `task` over items, at most `width` at a time, in the order they stand. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  task: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await task(item, index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function chunksOf<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

class LineImport {
  readonly #options: ImportOptions;
  readonly #parts: ImportParts;
  #transactions = 0;
  readonly #refused: RefusedEntry[] = [];
  #added = 0;

  constructor(options: ImportOptions, parts: ImportParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async run(): Promise<ImportReport> {
    const { now } = this.#parts;
    const { lines } = this.#options;
    const startedMs = now();
    this.#tell('comparing', 0, lines.length);
    const plan = await this.#plan();

    await this.#openBudget(plan);
    const linesMs = now();
    await this.#addLines(plan.lines);

    const seconds = (now() - linesMs) / 1000;
    const faults = listFaults(lines);
    const linesRefused: readonly RefusedLine[] = [
      ...faults,
      ...this.#refused.map(({ line }) => line),
    ].sort(byPlace);
    return {
      linesImported: importedCount(lines) - this.#refused.length,
      linesRefused,
      added: this.#added,
      transactions: this.#transactions,
      perSecond: this.#added === 0 ? 0 : this.#added / seconds,
      seconds: (now() - startedMs) / 1000,
      totals: withRefusals(totalLines(lines), this.#refused),
      changed: plan.changed,
      plan,
    };
  }

  #tell(phase: ImportProgress['phase'], done: number, total: number): void {
    this.#parts.onProgress?.({ phase, done, total });
  }

  async #plan(): Promise<ImportPlan> {
    const { lines, grantor, controller } = this.#options;
    const present = await readPresent(this.#parts.books.records, lines);
    return planImport(lines, { grantor, controller, present });
  }

  #transactionOf(calls: readonly Call[], signers: readonly PlannedSigner[]) {
    const { chain, authorsFor, validUntilMs } = this.#parts;
    return signAs(authorsFor(signers), { chain, calls, validUntilMs: validUntilMs() });
  }

  /**
   * Parents before what is taken out of them: one kind of record after the other, and allocations
   * one after the other, since they may be taken out of each other.
   */
  async #openBudget(plan: ImportPlan): Promise<void> {
    const width = this.#options.inFlight ?? IN_FLIGHT;
    const stages = [
      { calls: plan.appropriations, width: 1 },
      { calls: plan.allocations, width: 1 },
      { calls: plan.commitments, width },
    ];
    const total = stages.reduce((sum, { calls }) => sum + calls.length, 0);
    let done = 0;
    for (const stage of stages) {
      const groups = groupNeighbours(stage.calls);
      await inParallel(groups, stage.width, async (group, index) => {
        const outcome = await this.#openTogether(group, index);
        if (isPendingAlone(outcome) && group.length > 1) {
          for (const one of group) checkOpened(await this.#openTogether([one], index));
        } else {
          checkOpened(outcome);
        }
        done += group.length;
        this.#tell('budget', done, total);
      });
    }
  }

  async #openTogether(
    group: readonly PlannedCall[],
    startAt: number,
  ): Promise<Outcome | undefined> {
    const calls = group.map(({ call }) => call);
    const transaction = this.#transactionOf(calls, group[0]?.signers ?? []);
    const options = { startAt, timeoutMs: SETTLE_MS };
    const [outcome] = await this.#parts.submitBatch([transaction], options);
    this.#transactions += 1;
    return outcome;
  }

  async #addLines(stages: ImportPlan['lines']): Promise<void> {
    const total = stages.reduce((sum, { length }) => sum + length, 0);
    const heldAs = await readHeld(this.#parts.pendingCalls());
    let done = 0;
    this.#tell('lines', done, total);
    for (const stage of stages) {
      const free = stage.filter((line) => {
        const found = heldAs(line.call.args);
        if (found !== undefined) this.#refused.push(heldEarlier(line, found));
        return found === undefined;
      });
      done += stage.length - free.length;
      const batches = chunksOf(free, this.#options.batchCount ?? BATCH_COUNT);
      await inParallel(batches, this.#options.inFlight ?? IN_FLIGHT, async (batch, index) => {
        const transactions = batch.map(({ call, signers }) => this.#transactionOf([call], signers));
        const options = { startAt: index, timeoutMs: SETTLE_MS };
        const outcomes = await this.#parts.submitBatch(transactions, options);
        this.#transactions += batch.length;
        for (const [position, line] of batch.entries()) {
          this.#settle(line, outcomes[position]);
        }
        done += batch.length;
        this.#tell('lines', done, total);
      });
    }
  }

  #settle(line: PlannedLine, outcome: Outcome | undefined): void {
    const settled = settleLine(line, outcome);
    if (settled === 'added') this.#added += 1;
    else if (settled !== 'there') this.#refused.push(settled);
  }
}

function byPlace(a: RefusedLine, b: RefusedLine): number {
  if (a.file === b.file) return a.line - b.line;
  return a.file < b.file ? -1 : 1;
}

/** A call that has to wait stands beside others: it must be handed in by itself. */
function isPendingAlone(outcome: Outcome | undefined): boolean {
  return outcome?.state === 'refused' && outcome.problem.code === 'CONTRACTS_PENDING_ALONE';
}

/** @throws ImportError when a budget is not open: nothing could be taken out of it */
function checkOpened(outcome: Outcome | undefined): void {
  if (outcome?.state !== 'committed') throw new ImportError(describeOutcome(outcome));
  const held = heldBy(outcome);
  if (held === undefined) return;
  throw new ImportError(`a budget waits (${held}); import again once it has been released`);
}

function describeOutcome(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'no answer';
  if (outcome.state === 'refused') return `${outcome.problem.code}: ${outcome.problem.detail}`;
  return outcome.state;
}

function importedCount(lines: readonly MoneyLine[]): number {
  return lines.reduce((count, line) => count + (line.ok ? 1 : 0), 0);
}

/** See `importLines`. */
export async function runImport(options: ImportOptions, parts: ImportParts): Promise<ImportReport> {
  return await new LineImport(options, parts).run();
}
