/**
 * Imports OCDS releases: asks the ledger which it holds whole, plans the others, and hands in the
 * parts of each one after the other, many processes at a time. It can be stopped and started again
 * at any moment: a release that lacks parts begins anew.
 */
import type { procurement } from '@daybook/applications';
import type { ContractClient, Outcome, TransactionAuthor } from '@daybook/client';
import { signAs } from '@daybook/client';
import type { Call } from '@daybook/core';
import type { OcdsSource, PlannedRelease, PlannedSigner } from '@daybook/formats';
import { planReleases } from '@daybook/formats';
import type { ImportParts } from './import-lines.ts';
import type { RefusedRelease } from './read-releases.ts';
import { faultOf } from './read-releases.ts';

export interface ReleaseImportOptions {
  readonly sources: readonly OcdsSource[];
  /** Organisation that brings the releases. */
  readonly publisher: string;
}

export interface ReleaseImportParts
  extends Pick<ImportParts, 'chain' | 'submitBatch' | 'validUntilMs'> {
  /** An officer of the organisation with the role, and the key; throws when there is none. */
  readonly authorFor: (signer: PlannedSigner) => TransactionAuthor;
  /** The processes as they are. */
  readonly processes: Pick<ContractClient<(typeof procurement)['records'], never>, 'records'>;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ReleaseImportReport {
  /** Releases that this run added. */
  readonly added: number;
  /** Releases that were on the ledger already. */
  readonly present: number;
  /** Releases that stand in the files again, the same. */
  readonly repeated: number;
  readonly refused: readonly RefusedRelease[];
  /** Added under a name of their own: the publisher used their id twice. */
  readonly differing: readonly RefusedRelease[];
  readonly transactions: number;
}

/** Processes whose releases travel together in one request. */
const BATCH_COUNT = 32;
const SETTLE_MS = 240_000;

/** One release with the calls that are still to be made. */
interface Queue {
  readonly releases: PlannedRelease[];
  next: number;
}

/** See `importReleases`. */
export async function runReleaseImport(
  { sources, publisher }: ReleaseImportOptions,
  parts: ReleaseImportParts,
): Promise<ReleaseImportReport> {
  const hashOf = await readPresent(sources, parts.processes);
  const plan = planReleases(sources, { publisher, hashOf });
  const refused = plan.refused.map(faultOf);
  const { added, transactions } = await handIn(plan.releases, { publisher, parts, refused });
  const { present, repeated } = plan;
  const differing = plan.differing.map(faultOf);
  return { added, present, repeated, refused, differing, transactions };
}

async function readPresent(
  sources: readonly OcdsSource[],
  { records }: ReleaseImportParts['processes'],
): Promise<(ocid: string, release: string) => Uint8Array | undefined> {
  const { releases } = planReleases(sources, { publisher: '' });
  const found = new Map<string, Uint8Array>();
  for (const ocid of new Set(releases.map((release) => release.ocid))) {
    for await (const { row } of records.release.list({ ocid })) {
      const { hash, status, release } = row;
      if (status === 'complete' && hash !== undefined) found.set(`${ocid} ${release}`, hash);
    }
  }
  return (ocid, release) => found.get(`${ocid} ${release}`);
}

/** Releases of one process in their order; parts of a release in theirs. */
function queuesOf(releases: readonly PlannedRelease[]): Queue[] {
  const queues = new Map<string, Queue>();
  for (const release of releases) {
    const queue = queues.get(release.ocid) ?? { releases: [], next: 0 };
    queues.set(release.ocid, queue);
    queue.releases.push(release);
  }
  return [...queues.values()];
}

async function handIn(
  releases: readonly PlannedRelease[],
  {
    publisher,
    parts,
    refused,
  }: {
    readonly publisher: string;
    readonly parts: ReleaseImportParts;
    readonly refused: RefusedRelease[];
  },
): Promise<{ readonly added: number; readonly transactions: number }> {
  const { chain, authorFor, validUntilMs, submitBatch, onProgress } = parts;
  const author = authorFor({ organisation: publisher, role: 'procurement.publisher' });
  const transactionOf = (call: Call) =>
    signAs([author], { chain, calls: [call], validUntilMs: validUntilMs() });
  let waiting = queuesOf(releases);
  let added = 0;
  let done = 0;
  let transactions = 0;
  onProgress?.(done, releases.length);
  while (waiting.length > 0) {
    const batch = waiting.slice(0, BATCH_COUNT).flatMap((queue) => {
      const release = queue.releases[0];
      const call = release?.calls[queue.next];
      return release === undefined || call === undefined ? [] : [{ queue, release, call }];
    });
    const outcomes = await submitBatch(
      batch.map(({ call }) => transactionOf(call)),
      { startAt: transactions, timeoutMs: SETTLE_MS },
    );
    transactions += batch.length;
    for (const [index, { queue, release }] of batch.entries()) {
      const refusal = refusalOf(release, outcomes[index]);
      queue.next += 1;
      if (refusal === undefined && queue.next < release.calls.length) continue;
      if (refusal === undefined) added += 1;
      else refused.push(refusal);
      queue.releases.shift();
      queue.next = 0;
      done += 1;
    }
    onProgress?.(done, releases.length);
    waiting = waiting.filter((queue) => queue.releases.length > 0);
  }
  return { added, transactions };
}

function refusalOf(
  { file, pointer }: PlannedRelease,
  outcome: Outcome | undefined,
): RefusedRelease | undefined {
  if (outcome?.state === 'committed') return undefined;
  if (outcome?.state !== 'refused') {
    const reason = outcome?.state === 'expired' ? 'CLI_LINE_EXPIRED' : 'CLI_LINE_UNDECIDED';
    return { file, pointer, field: '', reason, expected: '', found: outcome?.state ?? 'no answer' };
  }
  const { code, detail, errors = [] } = outcome.problem;
  const [fault] = errors;
  const field = fault?.pointer?.split('/').slice(4).join('/') ?? '';
  const { expected = '', found = detail } = fault ?? {};
  return { file, pointer, field, reason: code, expected, found };
}
