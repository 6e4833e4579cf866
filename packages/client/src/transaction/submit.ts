/**
 * Handing in transactions until it is known what became of them. The same bytes go to one node after
 * the other until the transaction is final, refused or expired: a node that dies with it in memory
 * costs time and nothing else, because equal bytes are one transaction.
 */
import type { TransactionId } from '@daybook/core';
import { assert, encodeCanonical, toHex } from '@daybook/core';
import type { Clock } from '../clock.ts';
import { ClientError, isRefusal } from '../errors.ts';
import type { Requester } from '../transport/requester.ts';
import { isPassing } from '../transport/requester.ts';
import { buildPath } from '../transport/url.ts';
import { decodeReceiptOrPending } from '../wire/receipt.ts';
import type { SignedTransaction } from './build.ts';
import type { BatchItem, Outcome } from './outcome.ts';
import { decodeBatch, outcomeOfReceipt } from './outcome.ts';

/** What is needed to hand a transaction in. */
export type Submittable = Pick<SignedTransaction, 'id' | 'bytes'>;

export interface SubmitOptions {
  /**
   * How far it must have come: `none` = admitted by one node, `accepted` = held by f+1 validators,
   * `committed` = final (default). Only what is committed survives everything.
   */
  readonly wait?: 'none' | 'accepted' | 'committed';
  /** Longest waiting, 30 s by default; then the outcome is `pending`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Which node to begin with, modulo their number: spreads many batches over all nodes. */
  readonly startAt?: number;
}

export interface Submitter {
  /** @throws ClientError CLIENT_UNREACHABLE if no node answers until the time is over */
  submit(transaction: Submittable, options?: SubmitOptions): Promise<Outcome>;
  /** As `submit`, for any number; outcomes in the same order. They do not depend on one another. */
  submitBatch(
    transactions: readonly Submittable[],
    options?: SubmitOptions,
  ): Promise<readonly Outcome[]>;
}

const TIMEOUT_MS = 30_000;
/** Longest waiting in one request; a node allows a minute, proxies often less. */
const SLICE_MS_MAX = 20_000;
/** How much longer than the node the client waits for its answer. */
const GRACE_MS = 5000;
const PAUSE_MS = 300;
/** What one batch may hold; a node takes 256 transactions and 2 MiB. */
const BATCH_COUNT_MAX = 256;
const BATCH_BYTES_MAX = 1_900_000;
/** Bytes that CBOR puts before a byte string, at most. */
const ITEM_OVERHEAD = 5;

interface Parts {
  readonly requester: Requester;
  readonly clock: Clock;
}

/** The options with every default, and the moment when waiting ends. */
interface Waiting {
  readonly wait: 'none' | 'accepted' | 'committed';
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  readonly startAt: number | undefined;
}

/** An outcome, and whether sending the same bytes again may lead to another. */
interface Interim {
  readonly outcome: Outcome;
  readonly isOpen: boolean;
}

export function createSubmitter(parts: Parts): Submitter {
  const submitBatch: Submitter['submitBatch'] = async (transactions, options = {}) => {
    const waiting = {
      wait: options.wait ?? 'committed',
      deadlineMs: parts.clock.nowMs() + (options.timeoutMs ?? TIMEOUT_MS),
      signal: options.signal,
      startAt: options.startAt,
    };
    const chunks = chunksOf(transactions).map((chunk) => settleChunk(parts, chunk, waiting));
    return (await Promise.all(chunks)).flat();
  };
  return {
    submitBatch,
    submit: async (transaction, options) => {
      const [outcome] = await submitBatch([transaction], options);
      assert(outcome !== undefined, 'every transaction has an outcome');
      return outcome;
    },
  };
}

function chunksOf(transactions: readonly Submittable[]): readonly (readonly Submittable[])[] {
  const chunks: Submittable[][] = [];
  let size = 0;
  for (const transaction of transactions) {
    const chunk = chunks.at(-1);
    const grown = size + transaction.bytes.length + ITEM_OVERHEAD;
    if (chunk === undefined || chunk.length === BATCH_COUNT_MAX || grown > BATCH_BYTES_MAX) {
      chunks.push([transaction]);
      size = transaction.bytes.length + ITEM_OVERHEAD;
    } else {
      chunk.push(transaction);
      size = grown;
    }
  }
  return chunks;
}

/** Sends a chunk, and again what is still open in it while there is time. */
async function settleChunk(
  parts: Parts,
  chunk: readonly Submittable[],
  waiting: Waiting,
): Promise<readonly Outcome[]> {
  const { clock } = parts;
  const { deadlineMs, signal } = waiting;
  const found = new Map<Submittable, Outcome>();
  let open = chunk;
  while (true) {
    const isLate = clock.nowMs() >= deadlineMs;
    try {
      open = await sendOpen(parts, open, { waiting, found });
    } catch (error) {
      // What is known of the chunk is worth more than the message that the last try failed.
      if (!mayPass(error) || (isLate && found.size < chunk.length)) throw error;
    }
    if (open.length === 0 || isLate) break;
    await clock.wait(PAUSE_MS, signal);
    signal?.throwIfAborted();
  }
  return chunk.flatMap((transaction) => found.get(transaction) ?? []);
}

/** Notes the outcomes of one request. @returns what is still open */
async function sendOpen(
  parts: Parts,
  open: readonly Submittable[],
  { waiting, found }: { readonly waiting: Waiting; readonly found: Map<Submittable, Outcome> },
): Promise<readonly Submittable[]> {
  const interims = await sendChunk(parts, open, waiting);
  return open.filter((transaction, index) => {
    const interim = interims[index];
    assert(interim !== undefined, 'a batch is answered item by item');
    found.set(transaction, interim.outcome);
    return interim.isOpen;
  });
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  const { failure } = error;
  if (failure.code === 'CLIENT_REFUSED') return isPassing(failure.problem.status);
  return failure.code === 'CLIENT_UNREACHABLE';
}

async function sendChunk(
  parts: Parts,
  chunk: readonly Submittable[],
  { wait, deadlineMs, signal, startAt }: Waiting,
): Promise<readonly Interim[]> {
  const leftMs = Math.max(1, Math.ceil(deadlineMs - parts.clock.nowMs()));
  const sliceMs = wait === 'none' ? undefined : Math.min(SLICE_MS_MAX, leftMs);
  const spec = {
    path: '/v1/transactions/batch',
    query: { wait, timeoutMs: sliceMs },
    body: encodeCanonical(chunk.map(({ bytes }) => bytes)),
    signal,
    timeoutMs: (sliceMs ?? 0) + GRACE_MS,
    ...(startAt !== undefined && { startAt }),
  };
  const { items } = await parts.requester.json(spec, decodeBatch);
  return await Promise.all(
    chunk.map((transaction, index) =>
      judgeItem(parts, transaction.id, { item: items[index], wait }),
    ),
  );
}

async function judgeItem(
  parts: Parts,
  id: TransactionId,
  { item, wait }: { readonly item: BatchItem | undefined; readonly wait: Waiting['wait'] },
): Promise<Interim> {
  if (item?.receipt !== undefined) return settled(outcomeOfReceipt(id, item.receipt));
  const { problem } = item ?? {};
  if (problem === undefined) {
    const progress = item?.pending?.state ?? 'received';
    return { outcome: { state: 'pending', id, progress }, isOpen: wait === 'committed' };
  }
  if (problem.receipt !== undefined) return settled({ state: 'refused', id, problem });
  // Two codes say only that the chain met it before; its receipt says what became of it.
  const isExpired = problem.code === 'NODE_TRANSACTION_EXPIRED';
  if (isExpired || problem.code === 'NODE_TRANSACTION_REPLAYED') {
    const outcome = await findOutcome(parts.requester, id);
    if (outcome !== undefined) return { outcome, isOpen: outcome.state === 'pending' };
    if (isExpired) return settled({ state: 'expired', id });
  }
  return { outcome: { state: 'refused', id, problem }, isOpen: isPassing(problem.status) };
}

function settled(outcome: Outcome): Interim {
  return { outcome, isOpen: false };
}

/** The outcome of a transaction by its id; undefined if the node asked knows none. */
export async function findOutcome(
  requester: Requester,
  id: TransactionId,
): Promise<Outcome | undefined> {
  try {
    const path = `/v1/transactions${buildPath(toHex(id))}`;
    const answer = await requester.json({ path }, decodeReceiptOrPending);
    if (answer.state === 'committed') return outcomeOfReceipt(id, answer);
    return { state: 'pending', id, progress: answer.state };
  } catch (error) {
    if (isRefusal(error, 'NODE_TRANSACTION_UNKNOWN')) return undefined;
    throw error;
  }
}
