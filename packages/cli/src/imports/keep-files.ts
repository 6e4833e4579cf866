/**
 * Keeps the files of an import on the ledger as they came: asks which of their parts are there, and
 * hands in the others, in any order. It can be stopped and started again at any moment.
 */
import type { Outcome } from '@daybook/client';
import { signAs } from '@daybook/client';
import type { PlannedPart } from '@daybook/formats';
import { ImportError } from './import-error.ts';
import type { ImportParts } from './import-lines.ts';

export type FileParts = Pick<
  ImportParts,
  'chain' | 'submitBatch' | 'authorsFor' | 'validUntilMs'
> & {
  /** The parts that the contract has. */
  readonly kept: { get(key: PlannedPart['key']): Promise<unknown> };
  readonly onKept?: (done: number, total: number) => void;
};

export interface FileReport {
  /** Parts that this run added. */
  readonly added: number;
  /** Parts that were on the ledger already. */
  readonly present: number;
}

/** Parts of one request: a part has up to 48 KiB. */
const BATCH_COUNT = 8;
const SETTLE_MS = 240_000;
/** Another run of the same import was faster. */
const ALREADY_THERE = /^(?:TREASURY|PROCUREMENT)_FILE_PART_EXISTS$/;

/** See `keepFiles`. */
export async function runKeepFiles(
  planned: readonly PlannedPart[],
  parts: FileParts,
): Promise<FileReport> {
  const { chain, kept, submitBatch, authorsFor, validUntilMs, onKept } = parts;
  const missing: PlannedPart[] = [];
  for (const part of planned) {
    const found = await kept.get(part.key);
    if (found === undefined) missing.push(part);
  }
  onKept?.(0, missing.length);
  for (let from = 0; from < missing.length; from += BATCH_COUNT) {
    const batch = missing.slice(from, from + BATCH_COUNT);
    const transactions = batch.map(({ call, signer }) =>
      signAs(authorsFor([signer]), { chain, calls: [call], validUntilMs: validUntilMs() }),
    );
    const outcomes = await submitBatch(transactions, { startAt: from, timeoutMs: SETTLE_MS });
    for (const index of batch.keys()) checkKept(outcomes[index]);
    onKept?.(from + batch.length, missing.length);
  }
  return { added: missing.length, present: planned.length - missing.length };
}

/** @throws ImportError when a part is not there: the files could not come out whole */
function checkKept(outcome: Outcome | undefined): void {
  if (outcome?.state === 'committed') return;
  const isRefused = outcome?.state === 'refused';
  if (isRefused && ALREADY_THERE.test(outcome.problem.code)) return;
  const why = isRefused ? `${outcome.problem.code}: ${outcome.problem.detail}` : outcome?.state;
  throw new ImportError(`a part of the files is not kept (${why ?? 'no answer'})`);
}
